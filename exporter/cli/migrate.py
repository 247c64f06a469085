"""The files of `tls-exporter migrate`: reads both, and leaves printing to the command."""

from pathlib import Path

from exporter.migrate.migration import migrate
from exporter.migrate.reading import MigrationError


def migrate_files(blackbox: str, prometheus: str) -> tuple[str, tuple[str, ...]]:
    """Return our configuration and the notes for two files. Raises MigrationError."""
    migration = migrate(_text(blackbox), _text(prometheus))
    return migration.config_text, migration.notes


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise MigrationError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise MigrationError(f"{path} is not UTF-8") from None
