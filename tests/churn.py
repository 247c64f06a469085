"""Twenty hostile peers that show something new at each scrape, next to twenty ordinary ones.

    python tests/churn.py --scrapes 5760              # as many as in 24 hours at one each 15 seconds
    python tests/churn.py --seconds 3600              # a soak
    python tests/churn.py --scrapes 5760 --without    # the same without the hostile peers, to compare

It reports the memory after the first hundred scrapes and its slope, the CPU of a hostile probe, how long `/-/healthy`
took at worst, whether the ordinary targets stayed what they are, and whether SIGTERM ends it in time. The tests run a
short one.
"""

import argparse
import http.client
import itertools
import json
import os
import random
import socket
import struct
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from hostile import shapes
from support import der
from support.exporter_process import running_exporter

from exporter.demo import flights
from exporter.demo.gallery import Gallery
from exporter.demo.scenario import Scenario, Seen
from exporter.demo.servers import Endpoint

PEERS = 20
WARM_UP = 100  # scrapes
SAMPLES = 50
HEALTH_EVERY = 0.05
_TICK = os.sysconf("SC_CLK_TCK")
_serials = itertools.count(1 << 60)
_random = random.Random(1)


def fresh(**parts):
    """Return a certificate with a serial number that no other has."""
    return shapes.certificate(serial=der.integer(next(_serials)), **parts)


def renamed(name):
    """Return the certificates of a shape, the first of them with another serial number."""
    first, *rest = shapes.made(name)
    old = first.index(b"\xa0\x03\x02\x01\x02\x02\x08") + 7  # version 3, then the serial number of 8 octets
    return [first[:old] + next(_serials).to_bytes(8) + first[old + 8 :], *rest]


def named():
    return f"h{next(_serials)}.example"


PRESENTED = (
    lambda: [fresh()],
    lambda: [fresh(extensions=shapes.names(3, named() + ".{}"))],
    lambda: [fresh(extensions=shapes.names(2_000))],
    lambda: [fresh(extensions=shapes.names(24_000, "ab"))],
    lambda: [fresh() for _ in range(100)],
    lambda: [fresh(subject=der.name(f"CN={named()}")), fresh()],
    lambda: [fresh(subject=shapes.name_of(500))],
    lambda: [fresh(subject=shapes.text_of(0x0C, os.urandom(30_000).hex().encode()))],
    lambda: [fresh(extensions=shapes.extension("1.2.3", os.urandom(80_000)))],
    lambda: [fresh(extensions=b"".join(shapes.extension(f"1.2.{n}", b"") for n in range(500)))],
    lambda: renamed("1500 names under 1500 constraints"),
    lambda: renamed("200 names under 10 times 200"),
    lambda: renamed("100 issuers of one name"),
    lambda: renamed("2 issuers of RSA 16384"),
    lambda: renamed("a path of 40"),
    lambda: [os.urandom(1_000)],
    lambda: [b"\x30\x82\x03\xe8" + os.urandom(1_000)],
    lambda: [fresh(spki=der.sequence(os.urandom(200)))],
    lambda: renamed("RSA 65536"),
    lambda: renamed("both names of 1000"),
)


class Peer:
    """Listens on loopback, and answers each connection with the next of what it presents, and an alert."""

    def __init__(self, present):
        self._present = present
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.target = f"127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.settimeout(5)
                connection.recv(65_536)
                messages = flights.server_hello() + flights.certificates(self._present())
                connection.sendall(flights.record(22, messages) + flights.alert(40))
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 5))

    def close(self):
        self._socket.close()


@dataclass
class Report:
    """What was seen. Memory in MiB, times in seconds."""

    scrapes: int = 0
    seconds: float = 0.0
    memory: list[tuple[float, float]] = field(default_factory=list)  # scrapes or seconds so far, MiB
    cpu: float = 0.0
    health: float = 0.0
    loop: float = 0.0
    changed: set[str] = field(default_factory=set)  # ordinary targets that were not what they are
    series: set[int] = field(default_factory=set)
    status: int | None = None
    stopped: float = 0.0

    def slope(self, begin):
        """Return the growth of memory by least squares, from a moment on, for the whole of what follows."""
        points = [(at, value) for at, value in self.memory if at >= begin]
        if len(points) < 3:
            return 0.0
        mean_x, mean_y = (sum(values) / len(points) for values in zip(*points, strict=True))
        spread = sum((x - mean_x) ** 2 for x, _ in points)
        growth = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0
        return growth * (points[-1][0] - points[0][0])

    def text(self):
        last = self.memory[-1][0]
        warm = [value for at, value in self.memory if at >= min(WARM_UP, last / 2)]
        after, later = self.slope(WARM_UP), self.slope(last / 2)
        return "\n".join(
            (
                f"{self.scrapes} scrapes in {self.seconds:.0f} s, {len(self.series)} series that describe certificates",
                f"memory {warm[0]:.1f} to {warm[-1]:.1f} MiB, highest {max(warm):.1f}",
                f"slope: it grows by {after:.2f} MiB after the first hundred, by {later:.2f} in the second half",
                f"CPU {1000 * self.cpu / max(self.scrapes, 1):.1f} ms a scrape",
                f"/-/healthy within {self.health:.3f} s, event loop late by {self.loop:.3f} s at most",
                f"ordinary targets that changed: {sorted(self.changed) or 'none'}",
                f"SIGTERM: exit status {self.status} after {self.stopped:.1f} s",
            )
        )


@contextmanager
def health(exporter, report):
    """Ask for the health all the time, and note the longest answer."""
    over = threading.Event()

    def watch():
        while not over.wait(HEALTH_EVERY):
            began = time.monotonic()
            if exporter.request("/-/healthy").status != 200:
                report.changed.add("/-/healthy")
            report.health = max(report.health, time.monotonic() - began)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def cpu(exporter):
    fields = Path(f"/proc/{exporter.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def scrape_once(exporter, ordinary, expected, report):
    """Scrape, and compare the ordinary targets with what they were at first."""
    exposition = exporter.scrape(timeout=10)
    for sample in exposition.samples("tls_certificate_info"):
        report.series.add(hash(tuple(sorted(sample.labels.items()))))
    seen = {
        sample.labels["target"]: sample.value
        for name in ("tls_probe_success", "tls_chain_not_after_timestamp_seconds")
        for sample in exposition.samples(name)
        if sample.labels["target"] in ordinary and sample.labels.get("chain") != "presented"
    }
    if not expected:
        expected.update(seen)
    report.changed.update(target for target in ordinary if seen.get(target) != expected.get(target))
    report.loop = max(report.loop, exposition.value("tls_exporter_event_loop_blocked_max_seconds"))


def scrape_at_the_end(exporter):
    """Let a scrape be in flight while the exporter is asked to stop."""
    with suppress(OSError, http.client.HTTPException):
        exporter.request("/metrics")


def churn(scrapes=None, seconds=None, *, hostile=True, tell=lambda _: None):
    """Scrape so many times, or for so long; return the Report."""
    report, expected = Report(), {}
    ordinary = [Scenario(f"good-{number}", "Good.", Endpoint(), Seen()) for number in range(PEERS)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        gallery = stack.enter_context(Gallery(ordinary))
        peers = [Peer(present) for present in PRESENTED] if hostile else []
        names = list(gallery.targets.values())
        ca_file = str(gallery.config_file.with_name("root.pem"))
        config = {
            "modules": {"tls": {"timeout": "5s", "tls_config": {"ca_file": ca_file}}},
            "targets": [{"targets": [*names, *(peer.target for peer in peers)], "module": "tls"}],
        }
        file = folder / "config.yaml"
        file.write_text(json.dumps(config), encoding="utf-8")
        exporter = stack.enter_context(running_exporter(config_file=file))
        scrape_once(exporter, set(names), expected, report)
        begun, before, every = time.monotonic(), cpu(exporter), 0.0
        with health(exporter, report):
            while report.scrapes < scrapes if scrapes else time.monotonic() - begun < seconds:
                scrape_once(exporter, set(names), expected, report)
                report.scrapes += 1
                at = report.scrapes if scrapes else time.monotonic() - begun
                if at >= every:
                    every += (scrapes or seconds) / SAMPLES
                    report.memory.append((at, exporter.resident_kib() / 1024))
                    tell(f"{at:.0f}: {report.memory[-1][1]:.1f} MiB")
        report.seconds, report.cpu = time.monotonic() - begun, cpu(exporter) - before
        threading.Thread(target=scrape_at_the_end, args=(exporter,), daemon=True).start()
        began = time.monotonic()
        report.status = exporter.stop()
        report.stopped = time.monotonic() - began
        for peer in peers:
            peer.close()
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scrapes", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--without", action="store_true", help="no hostile peers")
    known = parser.parse_args()
    scrapes = known.scrapes if known.scrapes or known.seconds else 500
    report = churn(scrapes, known.seconds, hostile=not known.without, tell=lambda line: print(line, file=sys.stderr))
    print(report.text())


if __name__ == "__main__":
    main()
