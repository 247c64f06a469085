"""Write rules.yaml, alerts.yaml and dashboards/*.json from the Python next to this; with --check only compare them.

`--runbooks URL` writes another address of the runbooks into the alerts, for those whose exporter is not reached there.
"""

# ruff: noqa: INP001 - a folder of scripts, not a package

import argparse
import json
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent))  # the catalogues of the program that lies next to this folder

from alerts import alerts_yaml  # noqa: E402
from overview import overview  # noqa: E402
from rules import RULES  # noqa: E402
from target import target  # noqa: E402
from words import RUNBOOKS  # noqa: E402


def main() -> int:
    """Write or check each file; 1 if one was found to be stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if a file is stale")
    parser.add_argument(
        "--runbooks", default=RUNBOOKS, metavar="URL", help="address of the runbooks (default: %(default)s)"
    )
    known = parser.parse_args()
    texts = {"rules.yaml": RULES, "alerts.yaml": alerts_yaml(known.runbooks.rstrip("/"))}
    for model in (overview(), target()):
        texts[f"dashboards/{model['uid']}.json"] = json.dumps(model, indent=2) + "\n"
    stale = [
        name for name, text in texts.items() if not (FOLDER / name).exists() or (FOLDER / name).read_text() != text
    ]
    if not known.check:
        for name in stale:
            (FOLDER / name).write_text(texts[name])
    elif stale:
        sys.stderr.write(f"stale: {', '.join(Path(name).name for name in stale)}; run: python mixin/generate.py\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
