"""The two exporters that are compared: how each is configured, started and asked to probe the same targets."""

import http.client
import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bench.pki import SERVER_NAME
from bench.process import START_SECONDS, Child
from bench.server import free_port

CLIENTS = 8  # connections to an exporter that is asked for one target at a time
SCRAPE_TIMEOUT_SECONDS = "120"  # patience, for a machine that is busy otherwise


@dataclass(slots=True)
class Exporter:
    """One running exporter, and the paths that make it probe each target once."""

    name: str
    child: Child
    port: int
    paths: Sequence[str]
    probes: int  # that one round makes
    bytes_sent: int = field(default=0)  # of the bodies of one round

    def round(self) -> None:
        """Probe every target once, and check that every probe succeeded."""
        shares = [self.paths[index::CLIENTS] for index in range(CLIENTS)]
        with ThreadPoolExecutor(CLIENTS) as pool:
            answers = list(pool.map(self._ask, [share for share in shares if share]))
        self.bytes_sent = sum(size for size, _ in answers)
        succeeded = sum(count for _, count in answers)
        if succeeded != self.probes:
            self.child.check()
            raise RuntimeError(f"{self.name}: {succeeded} of {self.probes} probes succeeded")

    def _ask(self, paths: Sequence[str]) -> tuple[int, int]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=130)
        size = succeeded = 0
        for path in paths:
            connection.request("GET", path, headers={"X-Prometheus-Scrape-Timeout-Seconds": SCRAPE_TIMEOUT_SECONDS})
            body = connection.getresponse().read()
            size += len(body)
            succeeded += sum(
                line.startswith((b"probe_success", b"tls_probe_success")) and line.endswith(b" 1")
                for line in body.splitlines()
            )
        connection.close()
        return size, succeeded

    def count(self) -> int:
        """Return how many targets the scrape has that a round makes."""
        return self._ask(self.paths)[1]

    def sample(self, start: bytes) -> bytes:
        """Return the value of a sample of the exporter's own, by the beginning of its line."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=130)
        connection.request("GET", "/metrics?shard=0/1000000")  # few targets or none: the lines of its own
        lines = connection.getresponse().read().splitlines()
        connection.close()
        return next(line.removeprefix(start) for line in lines if line.startswith(start))

    def wait(self) -> float:
        """Wait until it answers; return the seconds that took."""
        began = time.monotonic()
        while time.monotonic() - began < START_SECONDS:
            self.child.check()
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", "/-/healthy")
                connection.getresponse().read()
            except OSError:
                time.sleep(0.01)
            else:
                return time.monotonic() - began
            finally:
                connection.close()
        raise RuntimeError(f"{self.name} does not answer")


def start_ours(
    targets: Sequence[str],
    root: Path,
    folder: Path,
    *,
    http_request: bool = False,
    form: str = "metrics",
    posture_seconds: float = 0.0,
    query: str = "",
) -> Exporter:
    """Start this project's exporter.

    `form` is `metrics` (one scrape of all) or `probe` (one at a time); `posture_seconds` how often a posture is
    determined, 0 for never; `query` narrows a scrape.
    """
    module: dict[str, Any] = {"timeout": "5s", "tls_config": {"ca_file": str(root), "server_name": SERVER_NAME}}
    if posture_seconds:
        module["posture"] = {"refresh": f"{posture_seconds:.0f}s"}
    if http_request:
        module["http"] = {"path": "/"}
    else:
        module["alpn"] = ["h2", "http/1.1"]
    port = free_port()
    path = folder / f"ours-{port}.yaml"
    configuration = {"modules": {"bench": module}, "targets": [{"targets": list(targets), "module": "bench"}]}
    path.write_text(json.dumps(configuration), encoding="utf-8")  # JSON is YAML
    flags = [f"--config.file={path}", f"--web.listen-address=127.0.0.1:{port}"]
    child = Child([sys.executable, "-m", "exporter", *flags], folder / f"ours-{port}.log")
    paths = [f"/probe?module=bench&target={quote(name)}" for name in targets]
    if form == "metrics":
        paths = [f"/metrics{query}"]
    return Exporter("tls-exporter", child, port, paths, len(targets))


def start_blackbox(program: str, targets: Sequence[str], root: Path, folder: Path, *, http_request: bool) -> Exporter:
    """Start a blackbox_exporter with the module that its documentation has for TLS."""
    tls_config = {"ca_file": str(root), "server_name": SERVER_NAME}
    if http_request:
        module = {"prober": "http", "http": {"preferred_ip_protocol": "ip4", "tls_config": tls_config}}
    else:
        module = {"prober": "tcp", "tcp": {"preferred_ip_protocol": "ip4", "tls": True, "tls_config": tls_config}}
    path = folder / "blackbox.yaml"
    path.write_text(json.dumps({"modules": {"bench": {**module, "timeout": "5s"}}}), encoding="utf-8")
    port = free_port()
    child = Child(
        [program, f"--config.file={path}", f"--web.listen-address=127.0.0.1:{port}"], folder / f"blackbox-{port}.log"
    )
    names = targets if http_request else [name.removeprefix("https://").partition("/")[0] for name in targets]
    paths = [f"/probe?module=bench&target={quote(name)}" for name in names]
    return Exporter("blackbox_exporter", child, port, paths, len(targets))
