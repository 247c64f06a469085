"""Runs every fuzz target for some seconds, guided by coverage (atheris); a fault is kept as a file and reported.

    python -m tests.fuzz --seconds 60 [TARGET ...] [--corpus DIRECTORY] [--list]

The input of a fault is kept in FAULTS, and belongs into tests/fuzz/regressions/TARGET/ once it is mended.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
FAULTS = Path(tempfile.gettempdir()) / "tls-exporter-fuzz"
_DONE = re.compile(r"stat::number_of_executed_units:\s+(\d+)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--corpus", type=Path, help="where inputs that reach new code are kept; default: nowhere")
    parser.add_argument("--list", action="store_true", help="print the names of the targets")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT / "tests"))
    from tests.fuzz.targets import TARGETS

    if options.list:
        print("\n".join(TARGETS))
        return 0
    total, faults = 0, []
    with tempfile.TemporaryDirectory() as scratch:
        corpus = options.corpus or Path(scratch)
        for name in options.targets or TARGETS:
            executions, said = _guided(name, corpus / name, options.seconds)
            total += executions
            print(f"{name}: {executions} executions{', a fault' if said else ''}", flush=True)
            if said:
                faults.append(name)
                print(said, flush=True)
    print(f"{total} executions, faults in: {', '.join(faults) or 'none'}")
    return 1 if faults else 0


def _guided(name: str, corpus: Path, seconds: int) -> tuple[int, str]:
    """Run one target in a process of its own; return its executions, and what it said of a fault."""
    corpus.mkdir(parents=True, exist_ok=True)
    FAULTS.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "tests.fuzz.guided", name, str(corpus), f"-max_total_time={seconds}"]
    options = [
        "-print_final_stats=1",
        "-max_len=8192",
        "-timeout=60",
        "-rss_limit_mb=2048",
        f"-artifact_prefix={name}-",
    ]
    paths = f"{ROOT}:{ROOT / 'tests'}"
    environment = {"PYTHONPATH": paths, "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}
    done = subprocess.run([*command, *options], capture_output=True, text=True, env=environment, check=False)
    found = _DONE.search(done.stderr)
    said = [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("INFO: Instrumenting")]
    return int(found[1]) if found else 0, "\n".join(said[-60:]) if done.returncode else ""


if __name__ == "__main__":
    sys.exit(main())
