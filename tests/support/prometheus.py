"""A real Prometheus on a free port, scraping the given targets."""

import contextlib
import json
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

from support.programs import need
from support.servers.process import free_port

START_SECONDS = 30.0


class Prometheus:
    """One running Prometheus."""

    def __init__(self, url):
        self.url = url

    def api(self, path, **parameters):
        """Ask the HTTP API; return its data."""
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}", timeout=10) as response:
            return json.load(response)["data"]

    def query(self, expression):
        """Return an instant vector as a list of (labels, value)."""
        return [(one["metric"], float(one["value"][1])) for one in self.api("query", query=expression)["result"]]

    def until(self, expression, seconds=30.0):
        """Return the vector of an expression as soon as it is not empty; fail after some seconds."""
        deadline = time.monotonic() + seconds
        while not (found := self.query(expression)):
            assert time.monotonic() < deadline, f"{expression} stays empty: {self.api('targets')['activeTargets']}"
            time.sleep(0.2)
        return found


@contextlib.contextmanager
def running_prometheus(directory, addresses, *, interval="2s", timeout="2s", rules=(), scrape_configs=None):
    """Start Prometheus on a directory of its own, scraping addresses under the job `tls`; stop it at the end.

    `scrape_configs` replaces that job.
    """
    program = need("prometheus")
    config = {
        "global": {"scrape_interval": interval, "scrape_timeout": timeout, "evaluation_interval": interval},
        "rule_files": [str(rule) for rule in rules],
        "scrape_configs": scrape_configs or [{"job_name": "tls", "static_configs": [{"targets": list(addresses)}]}],
    }
    config_file = directory / "prometheus.yml"
    config_file.write_text(json.dumps(config), encoding="utf-8")
    url = f"http://127.0.0.1:{free_port()}"
    log_file = directory / "prometheus.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [
                program,
                f"--config.file={config_file}",
                f"--storage.tsdb.path={directory / 'data'}",
                f"--web.listen-address={url.removeprefix('http://')}",
                "--log.level=warn",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_ready(url, process, log_file)
        yield Prometheus(url)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(url, process, log_file):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError, urllib.error.URLError):
            urllib.request.urlopen(f"{url}/-/ready", timeout=2).close()
            return
        time.sleep(0.1)
    raise AssertionError(f"Prometheus does not start:\n{log_file.read_text()}")
