"""Killed in the middle of a scrape (SIGKILL) and started again: in Prometheus the same series go on."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request

import pytest
from support.exporter_process import ROOT
from support.prometheus import running_prometheus
from support.servers.process import free_port


class Exporter:
    """An exporter on one port, which can be killed and started again there."""

    def __init__(self, directory, config_file):
        self.address = f"127.0.0.1:{free_port()}"
        self._log = directory / "exporter.log"
        self._command = [sys.executable, "-m", "exporter", f"--config.file={config_file}"]
        self._command += [f"--web.listen-address={self.address}"]
        self.process = None

    def start(self):
        with self._log.open("ab") as log:
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            self.process = subprocess.Popen(self._command, stdout=log, stderr=subprocess.STDOUT, env=environment)
        deadline = time.monotonic() + 60
        while not self._is_ready():
            assert self.process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.1)

    def _is_ready(self):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://{self.address}/-/ready", timeout=5).close()
            return True
        return False

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        assert self.process.wait(30) == -signal.SIGKILL

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(45)


@pytest.fixture
def slow_port():
    """Listen on a port and send nothing, so that a scrape is always in flight; return it, and the visits."""
    visits, stop, started = [], [], threading.Event()

    async def silent(reader, writer):
        visits.append(time.monotonic())
        with contextlib.suppress(ConnectionError):
            await reader.read(-1)
        writer.close()

    async def serve():
        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        stop.extend((asyncio.get_running_loop(), asyncio.Event(), server.sockets[0].getsockname()[1]))
        started.set()
        await stop[1].wait()
        server.close()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    started.wait(30)
    yield stop[2], visits
    stop[0].call_soon_threadsafe(stop[1].set)
    thread.join()


def until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.server("prometheus")
def test_series_go_on_after_a_kill_in_the_middle_of_a_scrape(tmp_path, slow_port):
    port, visits = slow_port
    config_file = tmp_path / "config.yaml"
    targets = f'"127.0.0.1:{port}", "127.0.0.1:1"'
    config_file.write_text(f"targets:\n  - targets: [{targets}]\n    module: tls\n    labels: {{team: web}}\n")
    exporter = Exporter(tmp_path, config_file)
    exporter.start()
    try:
        with running_prometheus(tmp_path, [exporter.address]) as prometheus:
            prometheus.until('count_over_time(tls_probe_success{team="web"}[5m]) >= 2')
            before = {frozenset(labels.items()) for labels, _ in prometheus.query("tls_probe_success")}
            assert len(before) == 2
            came = len(visits)
            until(lambda: len(visits) > came)  # a probe is in flight, and so is its scrape
            exporter.kill()
            prometheus.until("up == 0")
            prometheus.until("absent(tls_probe_success)")  # a scrape that failed marks its series stale
            exporter.start()
            prometheus.until("up == 1 and on () (count(tls_probe_success) == 2)")
            after = {frozenset(labels.items()) for labels, _ in prometheus.query("tls_probe_success")}
            assert after == before
            (whole,) = prometheus.query("count(count_over_time(tls_probe_success[10m]))")
            assert whole[1] == 2  # not one series more in all that time
            reasons = {labels["reason"] for labels, _ in prometheus.query("tls_probe_failure_info")}
            assert reasons == {"timeout", "refused"}
    finally:
        exporter.stop()
