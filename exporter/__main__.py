"""`python -m exporter` and the command `tls-exporter`."""

import sys

from exporter.cli.main import main as run


def main() -> None:
    """Run the command and exit with its status."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
