"""`python -m exporter` and the command `tls-exporter`."""

import gc
import sys

gc.disable()  # what a start makes stays: to look for garbage among it takes a tenth of the time
from exporter.cli import main as run  # noqa: E402


def main() -> None:
    """Run the command and exit with its status."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
