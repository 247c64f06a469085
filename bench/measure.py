"""CPU time a probe, of two exporters by turns: pair by pair, so that whatever else the machine does strikes both."""

import resource
import shutil
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.exporters import Exporter

WARM_UP_ROUNDS = 2
INTERVAL_SECONDS = 1.0
ROUNDS_IN_CYCLE = 20
_TLS_FLAGS = {"1.2": "-tls1_2", "1.3": "-tls1_3"}


@dataclass(frozen=True, slots=True)
class Cost:
    """What one exporter took: CPU and wall seconds a probe for each round, bytes a probe, peak memory."""

    name: str
    cpu_seconds: tuple[float, ...]
    wall_seconds: tuple[float, ...]
    bytes_per_probe: float
    peak_bytes: int

    @property
    def cpu(self) -> float:
        """The median round's CPU seconds a probe."""
        return statistics.median(self.cpu_seconds)

    @property
    def wall(self) -> float:
        """The median round's wall seconds a probe."""
        return statistics.median(self.wall_seconds)


def by_turns(exporters: Sequence[Exporter], rounds: int) -> list[Cost]:
    """Let the exporters probe by turns and return the cost of each, in the same order."""
    cpu: list[list[float]] = [[] for _ in exporters]
    wall: list[list[float]] = [[] for _ in exporters]
    for _ in range(WARM_UP_ROUNDS):
        for exporter in exporters:
            exporter.round()
    for _ in range(rounds):
        for index, exporter in enumerate(exporters):
            began, before = time.monotonic(), exporter.child.cpu_seconds
            exporter.round()
            cpu[index].append((exporter.child.cpu_seconds - before) / exporter.probes)
            wall[index].append((time.monotonic() - began) / exporter.probes)
    return [_cost(exporter, *both) for exporter, *both in zip(exporters, cpu, wall, strict=True)]


def spread(exporters: Sequence[Exporter], cycles: int) -> list[Cost]:
    """Let the exporters probe once each INTERVAL_SECONDS and return the cost of each, in the same order.

    All that a process does between two rounds counts. A cycle has so many rounds as there are scrapes 30 s apart in
    the 10 minutes after which a posture is determined again by default; the first cycle is not counted.
    """
    cpu: list[list[float]] = [[] for _ in exporters]
    wall: list[list[float]] = [[] for _ in exporters]
    for cycle in range(1 + cycles):
        before = [exporter.child.cpu_seconds for exporter in exporters]
        walls = [0.0 for _ in exporters]
        for _ in range(ROUNDS_IN_CYCLE):
            due = time.monotonic() + INTERVAL_SECONDS
            for index, exporter in enumerate(exporters):
                began = time.monotonic()
                exporter.round()
                walls[index] += time.monotonic() - began
            time.sleep(max(0.0, due - time.monotonic()))
        if cycle:
            for index, exporter in enumerate(exporters):
                probes = exporter.probes * ROUNDS_IN_CYCLE
                cpu[index].append((exporter.child.cpu_seconds - before[index]) / probes)
                wall[index].append(walls[index] / probes)
    return [_cost(exporter, *both) for exporter, *both in zip(exporters, cpu, wall, strict=True)]


def _cost(exporter: Exporter, cpu: Sequence[float], wall: Sequence[float]) -> Cost:
    bytes_per_probe = exporter.bytes_sent / exporter.probes
    return Cost(exporter.name, tuple(cpu), tuple(wall), bytes_per_probe, exporter.child.peak_bytes)


@dataclass(frozen=True, slots=True)
class Ratio:
    """How one cost compares with another, pair by pair."""

    median: float
    lowest: float
    highest: float


def ratio(one: Sequence[float], other: Sequence[float]) -> Ratio:
    """Return the ratio of what stands at the same place in two series."""
    each = [a / b for a, b in zip(one, other, strict=True)]
    return Ratio(statistics.median(each), min(each), max(each))


def floor(address: str, version: str, root: Path, seconds: int = 1) -> float | None:
    """Return the CPU seconds that `openssl s_time -new` takes for a connection: what a C client costs."""
    program = shutil.which("openssl")
    if program is None:
        return None
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    arguments = [program, "s_time", "-connect", address, "-new", "-time", str(seconds), _TLS_FLAGS[version]]
    done = subprocess.run([*arguments, "-CAfile", str(root)], capture_output=True, text=True, check=False)  # noqa: S603
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    made = next((line for line in done.stdout.splitlines() if " connections in " in line), "")
    if not made:
        return None
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent / int(made.split()[0])
