"""A real exporter in a process of its own, on a free port, as a user would start it."""

import contextlib
import http.client
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from support.exposition import Exposition

ROOT = Path(__file__).parents[2]
START_SECONDS = 30.0
STOP_SECONDS = 45.0
_SERVING = re.compile(r"msg=serving .*addresses=(\S+)")


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self):
        return self.body.decode()


class ExporterProcess:
    """One running exporter."""

    def __init__(self, process, log_file):
        self.process = process
        self.log_file = Path(log_file)
        self.address = self._wait_until_it_serves()
        self.url = f"http://{self.address}"

    @property
    def pid(self):
        return self.process.pid

    @property
    def log(self):
        """Everything it has printed so far."""
        return self.log_file.read_text(encoding="utf-8")

    def _wait_until_it_serves(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if found := _SERVING.search(self.log):
                return found[1].strip('"').split()[0]
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"the exporter does not serve (exit status {self.process.poll()}):\n{self.log}")

    def request(self, path, *, method="GET", headers=None, timeout=130):
        """Ask, and return the Answer whatever its status."""
        request = urllib.request.Request(self.url + path, method=method, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def scrape(self, query="", timeout=None):
        """Scrape as Prometheus does, which announces its timeout; return the Exposition."""
        headers = {"X-Prometheus-Scrape-Timeout-Seconds": str(timeout)} if timeout else {}
        answer = self.request(f"/metrics{query}", headers=headers)
        assert answer.status == 200, answer.text
        return Exposition(answer.text)

    def reload(self):
        """Ask for a reload, and return the Answer."""
        return self.request("/-/reload", method="POST")

    def stop(self, number=signal.SIGTERM):
        """End it by a signal; return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the exporter does not stop:\n{self.log}") from None

    def descriptors(self):
        """Return how many file descriptors it has open."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def threads(self):
        """Return how many threads it has."""
        return len(list(Path(f"/proc/{self.pid}/task").iterdir()))

    def resident_kib(self):
        """Return its resident memory in KiB."""
        return self._memory_kib("VmRSS")

    def peak_kib(self):
        """Return the most resident memory it ever had, in KiB."""
        return self._memory_kib("VmHWM")

    def squeeze(self, spare_kib):
        """Let its address space grow by no more than this."""
        limit = (self._memory_kib("VmSize") + spare_kib) * 1024
        resource.prlimit(self.pid, resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))

    def release(self):
        """Take that limit away."""
        resource.prlimit(self.pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def _memory_kib(self, name):
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(re.search(rf"{name}:\s+(\d+) kB", status)[1])


@contextlib.contextmanager
def running_exporter(*arguments, config_file=None, command=(), environment=None, preexec=None):
    """Start `tls-exporter` with these arguments, yield it when it serves, and stop it at the end."""
    words = [sys.executable, "-m", "exporter", *command]
    if config_file is not None:
        words.append(f"--config.file={config_file}")
    words += ["--web.listen-address=127.0.0.1:0", "--web.max-requests=0", *arguments]
    paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    with tempfile.TemporaryDirectory() as directory:
        log_file = Path(directory) / "log"
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                words,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": paths, **(environment or {})},
                preexec_fn=preexec,  # noqa: PLW1509 - sets a limit of the new process and nothing else
            )
        exporter = None
        try:
            exporter = ExporterProcess(process, log_file)
            yield exporter
        finally:
            if exporter is not None:
                exporter.stop()
            else:
                process.kill()
                process.wait()
