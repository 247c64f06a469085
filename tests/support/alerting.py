"""A real Prometheus with rules, a real Alertmanager, and a receiver that keeps what it is sent. All on loopback."""

import contextlib
import http.server
import json
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from support.programs import need
from support.prometheus import Prometheus
from support.servers.process import free_port

START_SECONDS = 30.0


@dataclass
class Receiver:
    """Keeps every notification; `firing` and `resolved` hold the latest of each alert by its name and scenario."""

    url: str = ""
    firing: dict[tuple[str, str], dict] = field(default_factory=dict)
    resolved: dict[tuple[str, str], dict] = field(default_factory=dict)

    def take(self, alert: dict) -> None:
        labels = alert["labels"]
        key = (labels["alertname"], labels.get("scenario", ""))
        (self.firing if alert["status"] == "firing" else self.resolved)[key] = alert


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    """Serve a webhook that keeps the alerts."""
    receiver = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            for alert in body["alerts"]:
                receiver.take(alert)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_address[1]}/"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def started(command: Sequence[str], log_file: Path, ready: str) -> Iterator[None]:
    """Run a daemon while inside, from when it answers at `ready`."""
    with log_file.open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(ready, timeout=2).close()
                break
            assert process.poll() is None, log_file.read_text()
            assert time.monotonic() < deadline, log_file.read_text()
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def alertmanager(folder: Path, receiver: Receiver) -> Iterator[str]:
    """Run an Alertmanager that sends each alert on at once; yield its address."""
    program = need("prometheus-alertmanager", "alertmanager")
    config = {
        "route": {"receiver": "test", "group_by": ["..."], "group_wait": "0s", "group_interval": "1s"},
        "receivers": [
            {"name": "test", "webhook_configs": [{"url": receiver.url, "send_resolved": True, "max_alerts": 0}]}
        ],
    }
    (folder / "alertmanager.yml").write_text(json.dumps(config))
    address = f"127.0.0.1:{free_port()}"
    command = [
        program,
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ]
    with started(command, folder / "alertmanager.log", f"http://{address}/-/ready"):
        yield address


@contextlib.contextmanager
def prometheus(folder: Path, scraped: str, sends_to: str, rules: Sequence[Path]) -> Iterator[Prometheus]:
    """Run a Prometheus that scrapes an exporter, evaluates rules and sends alerts; yield it."""
    config = {
        "global": {"scrape_interval": "2s", "scrape_timeout": "2s", "evaluation_interval": "1s"},
        "rule_files": [str(rule) for rule in rules],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [sends_to]}]}]},
        "scrape_configs": [{"job_name": "tls", "static_configs": [{"targets": [scraped]}]}],
    }
    (folder / "prometheus.yml").write_text(json.dumps(config))
    address = f"127.0.0.1:{free_port()}"
    command = [
        need("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
        "--enable-feature=extra-scrape-metrics",
    ]
    with started(command, folder / "prometheus.log", f"http://{address}/-/ready"):
        yield Prometheus(f"http://{address}")
