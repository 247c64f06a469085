"""`python -m bench`: the cost of a probe beside blackbox_exporter's, as a table; fails when a limit is passed.

Only ratios within one run mean anything: times depend on the machine and on what else it does.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import scale
from bench.exporters import start_blackbox, start_ours
from bench.measure import INTERVAL_SECONDS, ROUNDS_IN_CYCLE, Cost, by_turns, floor, ratio, spread
from bench.pki import Chain, make_chain
from bench.server import ADDRESSES, free_port, start_nginx, target_names

DEBIAN_BLACKBOX = "/usr/bin/prometheus-blackbox-exporter"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One comparison. `limit` is the largest ratio of CPU a probe that is accepted."""

    name: str
    kind: str = "ecdsa"
    version: str = "1.3"
    http_request: bool = False
    posture: bool = False
    limit: float = 0.60


SCENARIOS = (
    Scenario("TLS 1.3, ECDSA P-256"),
    Scenario("TLS 1.3, RSA 2048", kind="rsa", limit=0.60),
    Scenario("TLS 1.2, ECDSA P-256", version="1.2", limit=0.60),
    Scenario("TLS 1.2, RSA 2048", kind="rsa", version="1.2", limit=0.60),
    Scenario("TLS 1.3, ECDSA P-256, with http", http_request=True),
    Scenario("TLS 1.3, ECDSA P-256, with posture", posture=True, limit=0.75),
)
POSTURE_CYCLES = 3


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--targets", type=int, default=200, help="targets of a round (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=9, help="rounds of each exporter (default %(default)s)")
    parser.add_argument("--only", default="", help="the scenarios whose name has this in it")
    parser.add_argument("--scale", action="store_true", help="measure many targets, idleness and the start instead")
    return parser.parse_args()


def programs() -> Iterator[str]:
    """Return every blackbox_exporter to compare with: Debian's, and the one that BLACKBOX names."""
    for program in (DEBIAN_BLACKBOX, os.environ.get("BLACKBOX", "")):
        if program and shutil.which(program):
            yield program


def compare(scenario: Scenario, chain: Chain, port: int, options: argparse.Namespace) -> list[Cost]:
    """Run one scenario and return the costs, ours first."""
    names = target_names(port, options.targets)
    with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
        folder = Path(name)
        seconds = INTERVAL_SECONDS * ROUNDS_IN_CYCLE if scenario.posture else 0.0
        ours = start_ours(names, chain.root, folder, http_request=scenario.http_request, posture_seconds=seconds)
        exporters = [ours] + [
            start_blackbox(program, names, chain.root, folder, http_request=scenario.http_request)
            for program in programs()
        ]
        for exporter in exporters:
            stack.enter_context(exporter.child)
        for exporter in exporters:
            exporter.wait()
        return spread(exporters, POSTURE_CYCLES) if scenario.posture else by_turns(exporters, options.rounds)


def report(scenario: Scenario, costs: Sequence[Cost], s_time: float | None) -> bool:
    """Print the lines of one scenario; return whether its limit holds."""
    holds = True
    for cost in costs:
        compared = ""
        if cost is not costs[0]:
            found = ratio(costs[0].cpu_seconds, cost.cpu_seconds)
            holds = holds and found.median <= scenario.limit
            compared = f"{found.median:.2f} ({found.lowest:.2f}-{found.highest:.2f})"
        say(
            f"{scenario.name:<36} {cost.name:<18} {cost.cpu * 1e6:7.0f} {cost.wall * 1e6:7.0f}"
            f" {cost.bytes_per_probe:7.0f} {cost.peak_bytes / 2**20:6.1f}  {compared}"
        )
    if s_time is not None:
        say(f"{'':<36} {'openssl s_time':<18} {s_time * 1e6:7.0f}")
    return holds


def measure_scale() -> int:
    """Measure what has no counterpart to be compared with."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        chains, port = {"ecdsa": make_chain("ecdsa", folder)}, free_port()
        with start_nginx({("ecdsa", "1.3"): port}, chains, folder):
            scale.report(chains["ecdsa"], port, say)
    return 0


def main() -> int:
    """Run the scenarios."""
    options = arguments()
    if options.scale:
        return measure_scale()
    scenarios = [scenario for scenario in SCENARIOS if options.only in scenario.name]
    say(f"{'scenario':<36} {'program':<18} {'CPU us':>7} {'wall us':>7} {'bytes':>7} {'MiB':>6}  ours/theirs, CPU")
    broken: list[str] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        chains = {kind: make_chain(kind, folder) for kind in ("ecdsa", "rsa")}
        ports = {(scenario.kind, scenario.version): free_port() for scenario in scenarios}
        with start_nginx(ports, chains, folder):
            for scenario in scenarios:
                chain, port = chains[scenario.kind], ports[scenario.kind, scenario.version]
                costs = compare(scenario, chain, port, options)
                s_time = floor(f"{ADDRESSES[0]}:{port}", scenario.version, chain.root)
                if not report(scenario, costs, s_time):
                    broken.append(scenario.name)
    for scenario_name in broken:
        say(f"limit passed: {scenario_name}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
