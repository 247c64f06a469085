"""Many targets in one scrape, an idle exporter, and the start: what `python -m bench --scale` shows."""

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.exporters import Exporter, start_ours
from bench.pki import Chain
from bench.server import target_names

FEW, MANY = 1_000, 10_000
ROUNDS = 3
IDLE_SECONDS = 20.0
_BLOCKED = b"tls_exporter_event_loop_blocked_max_seconds "


@dataclass(frozen=True, slots=True)
class Scale:
    """What one number of targets took. `cpu_seconds` a target, `wall_seconds` for a scrape, of the best round."""

    targets: int
    start_seconds: float
    start_cpu_seconds: float
    cpu_seconds: float
    wall_seconds: float
    blocked_seconds: float
    scrape_bytes: int
    idle_bytes: int
    peak_bytes: int


def measure(targets: int, chain: Chain, port: int) -> Scale:
    """Start an exporter with so many targets and scrape it."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
        ours = start_ours(target_names(port, targets), chain.root, Path(name), http_request=False, form="metrics")
        stack.enter_context(ours.child)
        start_seconds = ours.wait()
        start_cpu, idle_bytes = ours.child.cpu_seconds, ours.child.resident_bytes
        ours.round()
        rounds = [_round(ours) for _ in range(ROUNDS)]
        return Scale(
            targets,
            start_seconds,
            start_cpu,
            min(cpu for cpu, _ in rounds) / targets,
            min(wall for _, wall in rounds),
            float(ours.sample(_BLOCKED)),
            ours.bytes_sent,
            idle_bytes,
            ours.child.peak_bytes,
        )


def _round(exporter: Exporter) -> tuple[float, float]:
    began, before = time.monotonic(), exporter.child.cpu_seconds
    exporter.round()
    return exporter.child.cpu_seconds - before, time.monotonic() - began


def idle(chain: Chain, port: int) -> tuple[float, int]:
    """Return the CPU seconds that an exporter takes while nobody scrapes it, a second, and its resident bytes."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
        ours = start_ours(target_names(port, 10), chain.root, Path(name), http_request=False, form="metrics")
        stack.enter_context(ours.child)
        ours.wait()
        ours.round()
        before = ours.child.cpu_seconds
        time.sleep(IDLE_SECONDS)
        return (ours.child.cpu_seconds - before) / IDLE_SECONDS, ours.child.resident_bytes


def report(chain: Chain, port: int, say: Callable[[str], None]) -> None:
    """Measure and print everything about scale."""
    say(
        f"{'targets':>8} {'CPU us':>7} {'wall s':>7} {'blocked ms':>10} {'MB sent':>8} {'peak MiB':>9}"
        f" {'idle MiB':>9} {'start s':>8} {'start CPU s':>11}"
    )
    found = [measure(targets, chain, port) for targets in (FEW, MANY)]
    for one in found:
        say(
            f"{one.targets:>8} {one.cpu_seconds * 1e6:7.0f} {one.wall_seconds:7.1f} {one.blocked_seconds * 1e3:10.0f}"
            f" {one.scrape_bytes / 1e6:8.1f} {one.peak_bytes / 2**20:9.0f} {one.idle_bytes / 2**20:9.0f}"
            f" {one.start_seconds:8.2f} {one.start_cpu_seconds:11.2f}"
        )
    say(f"CPU a target, {MANY} against {FEW}: {found[1].cpu_seconds / found[0].cpu_seconds:.2f}")
    share, resident = idle(chain, port)
    say(f"idle: {share * 100:.3f} % of a core, {resident / 2**20:.0f} MiB")
