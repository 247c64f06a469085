"""Many targets in one scrape, several exporters, an idle one, and the start: what `python -m bench --scale` shows."""

import compileall
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.exporters import Exporter, start_ours
from bench.measure import ratio
from bench.pki import Chain
from bench.server import target_names

FEW, MANY = 1_000, 10_000
ROUNDS = 5
IDLE_SECONDS = 20.0
_BLOCKED = b"tls_exporter_event_loop_blocked_max_seconds "
_EXPORTER = Path(__file__).parents[1] / "exporter"


@dataclass(frozen=True, slots=True)
class Scale:
    """What one number of targets took: CPU seconds a target and wall seconds a scrape for each round."""

    targets: int
    cpu_seconds: tuple[float, ...]
    wall_seconds: tuple[float, ...]
    blocked_seconds: float
    scrape_bytes: int
    peak_bytes: int


def by_turns(chain: Chain, port: int) -> tuple[Scale, Scale]:
    """Let two exporters scrape as many targets by turns: one few of them often, the other all at once."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
        exporters = [start_ours(target_names(port, targets), chain.root, Path(name)) for targets in (FEW, MANY)]
        for exporter in exporters:
            stack.enter_context(exporter.child)
            exporter.wait()
            exporter.round()
            exporter.round()
        rounds: list[list[tuple[float, float]]] = [[], []]
        for _ in range(ROUNDS):
            for index, exporter in enumerate(exporters):
                times = MANY // exporter.probes
                cpu, wall = _round([exporter] * times, at_once=False)
                rounds[index].append((cpu / MANY, wall / times))
        few, many = (_scale(exporter, found) for exporter, found in zip(exporters, rounds, strict=True))
        return few, many


def _scale(exporter: Exporter, rounds: Sequence[tuple[float, float]]) -> Scale:
    return Scale(
        exporter.probes,
        tuple(cpu for cpu, _ in rounds),
        tuple(wall for _, wall in rounds),
        float(exporter.sample(_BLOCKED)),
        exporter.bytes_sent,
        exporter.child.peak_bytes,
    )


def _round(exporters: Sequence[Exporter], *, at_once: bool) -> tuple[float, float]:
    """Let each of the exporters scrape once, one after another or all at once; return CPU and wall seconds."""
    children = {id(exporter): exporter.child for exporter in exporters}.values()
    before, began = sum(child.cpu_seconds for child in children), time.monotonic()
    with ThreadPoolExecutor(len(exporters) if at_once else 1) as pool:
        list(pool.map(Exporter.round, exporters))
    return sum(child.cpu_seconds for child in children) - before, time.monotonic() - began


def shards(chain: Chain, port: int, count: int) -> tuple[tuple[float, ...], tuple[float, ...], list[int]]:
    """Let `count` exporters scrape a shard each, all at once.

    Return the CPU seconds a target and wall seconds for each round, and how many targets each shard has.
    """
    names = target_names(port, MANY)
    with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
        exporters = []
        for index in range(count):
            exporter = start_ours(names, chain.root, Path(name), query=f"?shard={index}/{count}")
            stack.enter_context(exporter.child)
            exporter.wait()
            exporter.probes = exporter.count()
            exporters.append(exporter)
        for exporter in exporters:
            exporter.round()
        rounds = [_round(exporters, at_once=True) for _ in range(ROUNDS)]
        cpu = tuple(seconds / MANY for seconds, _ in rounds)
        return cpu, tuple(wall for _, wall in rounds), [exporter.probes for exporter in exporters]


def start(chain: Chain, port: int) -> list[float]:
    """Return the seconds until an exporter of many targets answers, for each of several starts."""
    compileall.compile_dir(_EXPORTER, quiet=1)  # as it is once it is installed
    took = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            exporter = start_ours(target_names(port, MANY), chain.root, Path(name))
            with exporter.child:
                took.append(exporter.wait())
    return took


def idle(chain: Chain, port: int) -> tuple[float, int, int]:
    """Return the share of a core that an exporter takes while nobody scrapes it; its bytes at the start and then."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        ours = start_ours(target_names(port, 10), chain.root, Path(name))
        with ours.child:
            ours.wait()
            at_start = ours.child.resident_bytes
            ours.round()
            before = ours.child.cpu_seconds
            time.sleep(IDLE_SECONDS)
            share = (ours.child.cpu_seconds - before) / IDLE_SECONDS
            return share, at_start, ours.child.resident_bytes


def report(chain: Chain, port: int, say: Callable[[str], None]) -> None:
    """Measure and print everything about scale."""
    say(f"{'targets':>8} {'CPU us':>7} {'wall s':>7} {'blocked ms':>10} {'MB sent':>8} {'peak MiB':>9}")
    few, many = by_turns(chain, port)
    for one in (few, many):
        say(
            f"{one.targets:>8} {statistics.median(one.cpu_seconds) * 1e6:7.0f}"
            f" {statistics.median(one.wall_seconds):7.1f} {one.blocked_seconds * 1e3:10.0f}"
            f" {one.scrape_bytes / 1e6:8.1f} {one.peak_bytes / 2**20:9.0f}"
        )
    _say_ratio(say, f"CPU a target, {MANY} against {FEW}", many.cpu_seconds, few.cpu_seconds)
    alone, alone_wall, _ = shards(chain, port, 1)
    both, both_wall, parts = shards(chain, port, 2)
    _say_ratio(say, f"CPU a target, two exporters with {parts} targets against one", both, alone)
    _say_ratio(say, "seconds of the scrape, two against one", both_wall, alone_wall)
    took = start(chain, port)
    say(f"start with {MANY} targets: {statistics.median(took):.2f} s ({min(took):.2f}-{max(took):.2f})")
    share, at_start, resident = idle(chain, port)
    say(f"idle: {share * 100:.3f} % of a core, {at_start / 1e6:.1f} MB, after a scrape {resident / 1e6:.1f} MB")


def _say_ratio(say: Callable[[str], None], what: str, one: Sequence[float], other: Sequence[float]) -> None:
    found = ratio(one, other)
    say(f"{what}: {found.median:.2f} ({found.lowest:.2f}-{found.highest:.2f})")
