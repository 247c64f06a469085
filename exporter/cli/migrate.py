"""The files of `tls-exporter migrate`: reads them, and leaves printing to the command."""

import sys
from collections.abc import Sequence
from pathlib import Path

from exporter.migrate.inputs import Inputs
from exporter.migrate.migration import Migration, migrate_inputs
from exporter.migrate.reading import MigrationError


def migrate_paths(paths: Sequence[str]) -> Migration:
    """Return the configuration for some files, in any order; `-` is the standard input. Raises MigrationError."""
    inputs = Inputs()
    for path in paths:
        inputs.take("standard input" if path == "-" else path, sys.stdin.read() if path == "-" else _text(path))
    return migrate_inputs(inputs)


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise MigrationError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise MigrationError(f"{path} is not UTF-8") from None
