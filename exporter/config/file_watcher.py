"""Detects changes of a configuration's files, for a reload. The caller polls it: it has no thread and no timer.

A file counts as changed when its bytes are other than before: touching it or writing the same again is no change, and
the swap of a symbolic link (as Kubernetes does it) is one. Bytes are read only when the file's status says so.
"""

import hashlib
import stat
from collections.abc import Iterable
from pathlib import Path

from exporter.config.problems import ConfigError
from exporter.config.reader import config_files

Status = tuple[int, int, int, int, int]  # device, inode, size, times of modification and of change


class Checksums:
    """The checksum of each file that is asked for; a file with unchanged status is not read again."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Status, str]] = {}

    def of(self, path: str) -> str:
        """Return the checksum of a file's bytes, or a word for why there are none."""
        try:
            status = _status(path)
            known = self._known.get(path)
            if known is None or known[0] != status:
                with Path(path).open("rb") as file:
                    known = (status, hashlib.file_digest(file, "sha256").hexdigest())
                self._known[path] = known
            return known[1]
        except (OSError, ValueError) as error:
            self._known.pop(path, None)
            return f"unreadable: {type(error).__name__}"

    def keep(self, paths: Iterable[str]) -> None:
        """Forget all other files."""
        wanted = set(paths)
        self._known = {path: known for path, known in self._known.items() if path in wanted}


class FileWatcher:
    """Watches a configuration file or directory, and the files that it names.

    Ask `changed()` before each load: what changes while loading is then seen at the next poll. After a load, tell
    with `follow()` which files it read, from `Config.files` or `ConfigError.files`.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._checksums = Checksums()
        self._followed: dict[str, str] = {}
        self._state = self._look()

    def changed(self) -> bool:
        """Return whether anything is other than at the last call (at first: than when this was made)."""
        state, followed = self._look(), {file: self._checksums.of(file) for file in self._followed}
        if (state, followed) == (self._state, self._followed):
            return False
        self._state, self._followed = state, followed
        return True

    def follow(self, files: Iterable[str]) -> None:
        """Watch these files from now on, besides the configuration itself."""
        own = {name for name, _ in self._state}
        named = [file for file in dict.fromkeys(files) if file not in own]
        self._followed = {file: self._followed.get(file) or self._checksums.of(file) for file in named}
        self._checksums.keep([*own, *named])

    def _look(self) -> tuple[tuple[str, str], ...]:
        try:
            files = config_files(self._path)
        except ConfigError as error:
            return ((self._path, str(error)),)
        return tuple((file, self._checksums.of(file)) for file in files)


def _status(path: str) -> Status:
    status = Path(path).stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(f"{path} is not a regular file")
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
