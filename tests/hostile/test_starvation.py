"""Starved of descriptors, threads, disk or a steady clock: the exporter keeps answering, says so, and recovers."""

import asyncio
import contextlib
import datetime as dt
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.exporter_process import ROOT, running_exporter
from support.servers.process import free_port

from exporter.config.reader import load
from exporter.daemon.service import POLL_SECONDS
from exporter.demo import flights
from exporter.demo.gallery import Gallery
from exporter.demo.pki import PKI, Leaf
from exporter.demo.scenario import Scenario, Seen
from exporter.demo.scripts import Await, Hold, Send
from exporter.demo.servers import Endpoint
from exporter.metrics.self_metrics import SelfMetrics
from exporter.scrape import reports_of
from exporter.scrape.engine import Engine

DESCRIPTORS = 64
SILENT = 150
SPARE_KIB = 16 * 1024
DAY = 86400


def silent_and_good():
    """Return many silent peers, each on a port of its own, and a good one."""
    silent = [Scenario(f"silent-{number}", "Silent.", (Hold(),), Seen()) for number in range(SILENT)]
    return [*silent, Scenario("good", "Good.", Endpoint(), Seen())]


def write_config(path, gallery):
    # addresses, not names: a resolver without descriptors only says that it knows no such name
    silent = [
        name.replace("localhost", "127.0.0.1") for scenario, name in gallery.targets.items() if scenario != "good"
    ]
    modules = {"patient": {"timeout": "2s"}, "brisk": {"timeout": "5s"}}
    targets = [
        {"targets": silent, "module": "patient"},
        {"targets": [gallery.targets["good"]], "module": "brisk"},
    ]
    replace_file(path, json.dumps({"modules": modules, "targets": targets}))


def replace_file(path, text):
    """Write a file in one step: half a file would be another configuration."""
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def test_without_descriptors_every_target_still_has_its_result(tmp_path):
    """150 silent peers and 64 descriptors: most connections cannot even be opened.

    The scrape is whole, says that the fault is ours, logs it without a flood, and the next scrape that needs few
    descriptors finds everything as it is.
    """

    def few_descriptors():
        resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))

    with Gallery(silent_and_good()) as gallery:
        config_file = tmp_path / "config.yaml"
        write_config(config_file, gallery)
        with running_exporter(config_file=config_file, preexec=few_descriptors) as exporter:
            starved = exporter.scrape("?module=patient", timeout=20)
            assert len(starved.samples("tls_probe_success")) == SILENT
            reasons = {exporter_failure(starved, name) for name in names(starved)}
            assert ("connect", "internal_error") in reasons
            assert reasons <= {("connect", "internal_error"), ("handshake", "timeout")}
            assert starved.value("tls_exporter_probe_faults_total") > 0
            assert "out of resources" in exporter.log
            assert exporter.log.count("level=error") < 10
            assert exporter.request("/-/healthy").status == 200
            recovered = exporter.scrape("?module=brisk", timeout=20)
            assert recovered.value("tls_probe_success") == 1
            assert exporter.descriptors() < DESCRIPTORS // 2


def test_clients_that_ask_nothing_take_no_descriptor_from_those_that_do(tmp_path):
    """More clients than descriptors stop within their first line: others are answered, and it is said and counted.

    A scrape that is in flight meanwhile is complete.
    """

    def few_descriptors():
        resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))

    with Gallery(silent_and_good()[-2:]) as gallery, contextlib.ExitStack() as stack, ThreadPoolExecutor(1) as scraper:
        config_file = tmp_path / "config.yaml"
        write_config(config_file, gallery)
        with running_exporter(config_file=config_file, preexec=few_descriptors) as exporter:
            host, port = exporter.address.split(":")
            for _ in range(2):
                before = scraper.submit(exporter.scrape, timeout=20)
                while not exporter.scrape("?shard=1/1000").value("tls_exporter_probes_in_flight"):
                    time.sleep(0.01)
                for _ in range(DESCRIPTORS):
                    client = stack.enter_context(socket.create_connection((host, int(port))))
                    client.sendall(b"GET /metr")
                assert exporter.request("/-/healthy", timeout=20).status == 200
                starved = exporter.scrape(timeout=20)
                for scraped in (before.result(), starved):
                    assert sorted(scraped.values("tls_probe_success")) == [0, 1]
            assert starved.value("tls_exporter_accept_failures_total") >= 2
            assert 1 <= exporter.log.count("no connection can be accepted") < 5
            stack.close()
            assert sorted(exporter.scrape().values("tls_probe_success")) == [0, 1]
            assert exporter.descriptors() < DESCRIPTORS // 2
            assert "Traceback" not in exporter.log


def test_where_no_thread_can_be_started_the_exporter_goes_on(tmp_path):
    """A new thread's stack does not fit, all else does: names cannot be looked up, files can still be read."""

    def large_stacks():
        resource.setrlimit(resource.RLIMIT_STACK, (4 * SPARE_KIB * 1024, resource.RLIM_INFINITY))

    with Gallery([Scenario("good", "Good.", Endpoint(), Seen())]) as gallery:
        config_file = tmp_path / "config.yaml"
        port = gallery.ports["good"]
        modules = {"address": {}, "name": {}}
        targets = [{"targets": [f"127.0.0.1:{port}"], "module": "address"}]
        targets += [{"targets": [f"localhost:{port}"], "module": "name"}]
        replace_file(config_file, json.dumps({"modules": modules, "targets": targets}))
        with running_exporter(config_file=config_file, preexec=large_stacks) as exporter:
            exporter.scrape("?module=address")
            exporter.squeeze(SPARE_KIB)
            starved = exporter.scrape()
            assert starved.value("tls_probe_success", module="address") == 1
            assert starved.failure(module="name") == ("resolve", "internal_error")
            assert starved.value("tls_exporter_probe_faults_total") == 1
            assert "out of resources" in exporter.log
            targets.append({"targets": [f"127.0.0.2:{port}"], "module": "address"})
            replace_file(config_file, json.dumps({"modules": modules, "targets": targets}))
            time.sleep(POLL_SECONDS + 1)  # the change is seen, and looking for it ends nothing
            assert len(exporter.scrape().samples("tls_probe_success")) == len(targets)
            for _ in range(100):
                assert exporter.reload().status == 200
            exporter.release()
            assert exporter.scrape().value("tls_probe_success", module="name") == 1
            assert "Traceback" not in exporter.log


def test_where_memory_does_not_suffice_for_a_new_configuration_the_old_one_stays(tmp_path):
    config_file = tmp_path / "config.yaml"
    names = [f"127.0.{number // 250}.{number % 250}:1" for number in range(60_000)]
    replace_file(config_file, json.dumps({"targets": [{"targets": names[:1]}]}))
    with running_exporter(config_file=config_file) as exporter:
        exporter.scrape()
        exporter.squeeze(SPARE_KIB // 2)
        replace_file(config_file, json.dumps({"targets": [{"targets": names}]}))
        deadline = time.monotonic() + 6 * POLL_SECONDS
        while "cannot be" not in exporter.log and exporter.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        assert exporter.process.poll() is None, exporter.log
        exporter.release()
        scrape = exporter.scrape()
        assert len(scrape.samples("tls_probe_success")) == 1
        assert scrape.value("tls_exporter_config_last_reload_successful") == 0
        replace_file(config_file, json.dumps({"targets": [{"targets": names[:2]}]}))
        assert exporter.reload().status == 200
        assert len(exporter.scrape().samples("tls_probe_success")) == 2


@contextlib.contextmanager
def large_answers_and_good(folder, large, good):
    """Serve peers that answer with flights of 190 KB, and good ones; yield an exporter that has seen a few of them."""
    flight = flights.record(22, flights.server_hello() + flights.handshake(11, b"", 0x03C000))
    steps = (Await(), Send(flight + flights.record(22, bytes(190_000))), Hold())
    scenarios = [Scenario(f"large-{number}", "Large.", steps, Seen()) for number in range(large)]
    scenarios += [Scenario(f"good-{number}", "Good.", Endpoint(), Seen()) for number in range(good)]
    with Gallery(scenarios) as gallery:
        config_file = folder / "config.yaml"
        targets = [
            {"targets": [f"127.0.0.1:{port}"], "labels": {"peer": name.partition("-")[0]}, "module": "tls"}
            for name, port in gallery.ports.items()
        ]
        replace_file(config_file, json.dumps({"modules": {"tls": {"timeout": "5s"}}, "targets": targets}))
        with running_exporter(config_file=config_file) as exporter:
            exporter.request("/metrics?shard=0/50")
            yield exporter


def assert_nothing_is_missing(scraped, large, good):
    assert scraped.values("tls_probe_success", peer="good") == [1] * good
    failures = scraped.samples("tls_probe_failure_info", peer="large")
    assert [sample.labels["reason"] for sample in failures] == ["too_much_data"] * large
    assert scraped.value("tls_exporter_probe_faults_total") == 0


def test_many_large_answers_take_little_memory(tmp_path):
    """300 flights of 190 KB would take twice the memory there is, if they were all kept until the end of the scrape."""
    with large_answers_and_good(tmp_path, 300, 100) as exporter:
        exporter.squeeze(2 * SPARE_KIB)
        for _ in range(2):
            assert_nothing_is_missing(exporter.scrape(timeout=20), 300, 100)


def test_where_memory_comes_to_an_end_few_are_probed_at_once(tmp_path):
    """12 MiB are left: the exporter says so, holds back, misses nothing, and is itself again once there is more."""
    with large_answers_and_good(tmp_path, 200, 50) as exporter:
        exporter.squeeze(12 * 1024)
        for _ in range(3):
            starved = exporter.scrape(timeout=30)
            assert_nothing_is_missing(starved, 200, 50)
        shortages = starved.value("tls_exporter_memory_shortages_total")
        assert shortages >= 1
        assert 1 <= exporter.log.count("memory is close to its limit") < 10
        exporter.release()
        exporter.scrape(timeout=30)
        assert exporter.scrape(timeout=30).value("tls_exporter_memory_shortages_total") == shortages
        assert "Traceback" not in exporter.log


def names(exposition):
    return {sample.labels["target"] for sample in exposition.samples("tls_probe_success")}


def exporter_failure(exposition, name):
    return exposition.failure(target=name)


def test_a_full_disk_takes_the_log_and_nothing_else(tmp_path):
    """Standard output and error are /dev/full: every line that is logged fails to be written."""
    with Gallery(silent_and_good()[-3:]) as gallery:
        config_file = tmp_path / "config.yaml"
        write_config(config_file, gallery)
        url = f"http://127.0.0.1:{free_port()}"
        command = [sys.executable, "-m", "exporter", f"--config.file={config_file}", "--log.level=debug"]
        command.append(f"--web.listen-address={url.removeprefix('http://')}")
        with Path("/dev/full").open("wb") as full:
            process = subprocess.Popen(command, stdout=full, stderr=full, env={**os.environ, "PYTHONPATH": str(ROOT)})
        try:
            for _ in range(3):
                text = fetched(f"{url}/metrics", process)
                assert text.count("\ntls_probe_success{") == 3
                assert float(re.search(r"^tls_exporter_log_write_errors_total (.+)$", text, re.MULTILINE)[1]) > 0
                replace_file(config_file, "nonsense: [")
                process.send_signal(signal.SIGHUP)
                write_config(config_file, gallery)
                process.send_signal(signal.SIGHUP)
            process.terminate()
            # 120: the interpreter itself could not flush its standard streams at the end
            assert process.wait(40) in (0, 120)
        finally:
            process.kill()
            process.wait()


def test_a_log_that_can_be_written_again_says_what_is_missing(tmp_path):
    """No byte more fits into the log's file for a while."""
    with Gallery(silent_and_good()[-1:]) as gallery:
        config_file = tmp_path / "config.yaml"
        write_config(config_file, gallery)
        with running_exporter(config_file=config_file) as exporter:
            assert exporter.scrape().value("tls_exporter_log_write_errors_total") == 0
            full = exporter.log_file.stat().st_size, resource.RLIM_INFINITY
            resource.prlimit(exporter.pid, resource.RLIMIT_FSIZE, full)
            for _ in range(3):
                assert exporter.reload().status == 200
            starved = exporter.scrape()
            assert starved.value("tls_probe_success") == 1
            assert starved.value("tls_exporter_log_write_errors_total") == 3
            resource.prlimit(exporter.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            assert exporter.reload().status == 200
            assert re.search(r'msg="lines of the log could not be written" lines=3$', exporter.log, re.MULTILINE)
            assert exporter.scrape().value("tls_exporter_log_write_errors_total") == 3


def fetched(url, process):
    deadline = time.monotonic() + 30
    while True:
        assert process.poll() is None, f"ended with {process.returncode}"
        try:
            with urllib.request.urlopen(url, timeout=30) as response:
                return response.read().decode()
        except urllib.error.URLError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


# for a process of its own, which reads it when it starts
SET_CLOCK = """
import pathlib, time

right, offset = time.time, pathlib.Path({offset!r})
time.time = lambda: right() + float(offset.read_text())
"""


def test_a_clock_that_steps_by_a_day_is_counted_and_logged(tmp_path):
    """A day ahead and back again: each step is a line and a count, and every scrape is whole."""
    offset = tmp_path / "offset"
    offset.write_text("0")
    (tmp_path / "sitecustomize.py").write_text(SET_CLOCK.format(offset=str(offset)))
    with Gallery(silent_and_good()[-1:]) as gallery:
        config_file = tmp_path / "config.yaml"
        write_config(config_file, gallery)
        environment = {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
        with running_exporter(config_file=config_file, environment=environment) as exporter:
            for steps, seconds in enumerate((DAY, 0), start=1):
                assert exporter.scrape().value("tls_exporter_clock_jumps_total") == steps - 1
                replace_file(offset, str(seconds))
                ends = time.monotonic() + 3 * POLL_SECONDS
                while (scraped := exporter.scrape()).value("tls_exporter_clock_jumps_total") < steps:
                    assert scraped.value("tls_probe_success") == 1
                    assert time.monotonic() < ends
                    time.sleep(0.2)
            jumps = [int(one) for one in re.findall(r"the system clock has jumped.* seconds=(-?\d+)", exporter.log)]
            assert jumps == [DAY, -DAY]
            assert "Traceback" not in exporter.log


def test_a_clock_that_steps_by_a_day_changes_verdicts_and_nothing_else(tmp_path):
    """Forward past the end of the certificate, back before its begin, and right again: findings follow the clock."""
    offset = 0.0
    leaf = Leaf(starts=-0.5, ends=0.5)
    scenario = Scenario("brief", "Valid for a day.", Endpoint(leaf), Seen())
    gallery = Gallery([scenario])
    gallery.pki = PKI(dt.datetime.now(dt.UTC))
    found = []

    async def scrapes(config):
        nonlocal offset
        engine = Engine(config, SelfMetrics(), lambda: time.time() + offset)
        try:
            for step in (0.0, DAY, 0.0, -DAY, 2 * DAY, 0.0):
                offset = step
                (report,) = await reports_of(engine, config, config.targets, asyncio.get_running_loop().time() + 10)
                (assessment,) = report.assessments
                assert report.failure is None
                found.append(
                    {one.finding.id for one in assessment.findings if one.finding.id.startswith("certificate")}
                )
        finally:
            engine.close()

    with gallery as running:
        asyncio.run(scrapes(load(str(running.config_file))))
    good, late, early = set(), {"certificate_expired"}, {"certificate_not_yet_valid"}
    assert found == [good, late, good, early, late, good]
