"""Write dashboards/*.json from the Python beside this; with --check only tell whether they are as they should be."""

# ruff: noqa: INP001 - a folder of scripts, not a package

import argparse
import json
import sys
from pathlib import Path

from overview import overview
from target import target

FOLDER = Path(__file__).parent / "dashboards"


def main() -> int:
    """Write or check each dashboard; 1 if one was found to be stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if a file is stale")
    check = parser.parse_args().check
    stale = []
    for model in (overview(), target()):
        path = FOLDER / f"{model['uid']}.json"
        text = json.dumps(model, indent=2) + "\n"
        if not path.exists() or path.read_text() != text:
            stale.append(path.name)
            if not check:
                path.write_text(text)
    if check and stale:
        sys.stderr.write(f"stale: {', '.join(stale)}; run: python mixin/generate.py\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
