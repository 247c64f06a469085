"""Changes the pure rooms, one small fault at a time, and counts how many a test of theirs notices.

    python -m tests.mutation [ROOM ...] [--sample 40] [--seed 8] [--jobs 2] [--output FILE]

Each mutant is judged by those tests of its room that run through its line, in a process of its own. Only a sample
of every file is tried, chosen by the seed: the same seed gives the same mutants as long as the file is the same.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.mutation.judging import Room
from tests.mutation.mutants import mutants

ROOMS = {
    "wire": ("exporter/wire", ["tests/wire"]),
    "certificates": ("exporter/certificates", ["tests/certificates"]),
    "findings": ("exporter/findings", ["tests/findings"]),
    "config": ("exporter/config", ["tests/config"]),
}
# Tables of names and sentences from registries, which only a second copy could check.
TABLES = ("wire/cipher_suites.py", "wire/names.py", "certificates/public_suffixes.py", "findings/catalogue")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help=f"of {', '.join(ROOMS)}; default: all")
    parser.add_argument("--sample", type=int, default=40, help="mutants tried of each file at most")
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="files whose path holds this text")
    parser.add_argument("--output", type=Path, help="where to write every mutant and its fate as JSON")
    options = parser.parse_args()
    fates = []
    for name in options.rooms or ROOMS:
        fates += judge_room(name, options)
    if options.output:
        options.output.write_text(json.dumps(fates, indent=1), encoding="utf-8")
    summary(fates)


def judge_room(name: str, options: argparse.Namespace) -> list[dict[str, str]]:
    folder, tests = ROOMS[name]
    files = [path for path in sorted(Path(folder).rglob("*.py")) if options.only in str(path)]
    files = [path for path in files if not any(table in str(path) for table in TABLES)]
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        room = Room(tests, Path(directory))
        print(f"{name}: {len(room.seconds)} tests in {time.monotonic() - began:.0f} s", flush=True)
        chosen = []
        for path in files:
            found = mutants(path.read_text(encoding="utf-8"))
            kept = random.Random(f"{options.seed} {path}").sample(found, min(options.sample, len(found)))
            chosen += [(path, mutant) for mutant in sorted(kept, key=lambda one: (one.line, one.column))]
        fates = room.judge_all(chosen, options.jobs)
    found = []
    for (path, mutant), fate in zip(chosen, fates, strict=True):
        found.append({"room": name, "file": str(path), "mutant": str(mutant), "fate": fate})
        if fate in ("survived", "not reached"):
            print(f"{path}:{mutant} ({fate})", flush=True)
    return found


def summary(fates: list[dict[str, str]]) -> None:
    for key in ("file", "room"):
        counts: dict[str, Counter[str]] = {}
        for one in fates:
            counts.setdefault(one[key], Counter())[one["fate"]] += 1
        for name, count in counts.items():
            killed = count["killed"] + count["too slow"]
            print(f"{name}: {killed} of {count.total()} killed, {100 * killed / count.total():.0f} %")


if __name__ == "__main__":
    sys.exit(main())
