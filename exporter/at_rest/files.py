"""Reads one file of certificates. A file that is locked, cut short or no file at all is a failure of its own.

A stamp (device, inode, size, times of modification and of change) shows whether a file must be read again. It follows
symbolic links, so the swap of a Kubernetes volume changes it. A file that was written in the last two seconds may be
written again within one tick of its file system's clock, which no stamp shows: it is read again at the next look.
"""

import os
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from exporter.at_rest.formats.entry import MAX_FILE_BYTES, Contents, Entry, Reference, UnreadableError
from exporter.at_rest.stored import Stored, StoredCertificate
from exporter.net.reason import Reason
from exporter.probe.result import Failure, Phase

Stamp = tuple[int, int, int, int, int]
RECENT_SECONDS = 2.0  # the coarsest clock of a file system in use, FAT's
_TRIES = 3
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC  # a FIFO must not hold the reader up
_REASONS = (
    (FileNotFoundError, Reason.NOT_FOUND),
    (NotADirectoryError, Reason.NOT_FOUND),
    (PermissionError, Reason.PERMISSION_DENIED),
)


@dataclass(frozen=True, slots=True)
class FileState:
    """What a file held, and the stamps for which that is so: of the file and of those that it names.

    `settled` is False where it must be read again at the next look, whatever the stamps are.
    """

    stored: Stored
    stamps: tuple[tuple[str, Stamp | None], ...] = ()
    settled: bool = True


def stamp_of(path: str) -> Stamp | None:
    """Return the stamp of a file; None where it cannot be had."""
    try:
        return _stamp(os.stat(path))  # noqa: PTH116 - a Path for each of thousands costs as much again
    except (OSError, ValueError):
        return None


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def is_current(state: FileState) -> bool:
    """Return whether a file is as it was when it was read."""
    return state.settled and all(stamp_of(path) == stamp for path, stamp in state.stamps)


def read_file(path: str, password: str | None = None) -> FileState:
    """Read a file of certificates and the files that it refers to. Never raises: a failure is part of the result."""
    began = time.monotonic()
    opened: list[tuple[str, Stamp | None]] = []
    form, failure, certificates, settled = "", None, [], True
    try:
        data = _bytes(path, opened)
        contents = _contents(data, password)
        form = contents.format
        certificates = list(_certificates(path, contents, opened))
    except UnreadableError as error:
        failure, certificates = Failure(Phase.READ, error.reason, error.detail), []
        settled = error.reason not in (Reason.NOT_FOUND, Reason.PERMISSION_DENIED, Reason.READ_ERROR)
    stamp = opened[0][1] if opened else None
    stored = Stored(
        format=form,
        certificates=tuple(certificates),
        failure=failure,
        opened=stamp is not None,
        modified_at=stamp[3] / 1e9 if stamp is not None else None,
        seconds=time.monotonic() - began,
    )
    return FileState(stored, tuple(opened) or ((path, None),), settled and all(_is_old(one) for _, one in opened))


def _is_old(stamp: Stamp | None) -> bool:
    """Return whether a file was last written so long ago that another write would change its stamp."""
    return stamp is not None and abs(time.time() - stamp[3] / 1e9) > RECENT_SECONDS


def _bytes(path: str, opened: list[tuple[str, Stamp | None]]) -> bytes:
    """Return the bytes of a regular file as they were at one moment, and note its stamp. Raises UnreadableError."""
    try:
        descriptor = os.open(path, _FLAGS)
        try:
            return _read(descriptor, path, opened)
        finally:
            os.close(descriptor)
    except OSError as error:
        reason = next((reason for kind, reason in _REASONS if isinstance(error, kind)), Reason.READ_ERROR)
        raise UnreadableError(reason, f"cannot be read: {error.strerror or error}") from None
    except ValueError:
        raise UnreadableError(Reason.NOT_FOUND, "a path that no file can have") from None


def _read(descriptor: int, path: str, opened: list[tuple[str, Stamp | None]]) -> bytes:
    """Read until the file stays as it is, at most three times: a writer may be in the middle of it."""
    for last in (False,) * (_TRIES - 1) + (True,):
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise UnreadableError(Reason.NOT_A_FILE, "a folder: write a pattern for the files in it, as /etc/ssl/*.pem")
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableError(Reason.NOT_A_FILE, "not a regular file")
        if status.st_size > MAX_FILE_BYTES:
            opened.append((path, _stamp(status)))
            raise UnreadableError(Reason.TOO_LARGE, f"larger than {MAX_FILE_BYTES} bytes")
        data = _whole(descriptor)
        if last or _stamp(os.fstat(descriptor)) == _stamp(status):
            break
    opened.append((path, _stamp(status)))
    return data


def _whole(descriptor: int) -> bytes:
    pieces, size = [], 0
    os.lseek(descriptor, 0, os.SEEK_SET)
    while size <= MAX_FILE_BYTES and (piece := os.read(descriptor, 1024 * 1024)):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


def _certificates(path: str, contents: Contents, opened: list[tuple[str, Stamp | None]]) -> Iterator[StoredCertificate]:
    """Yield the certificates of a file by their entries, then those of the files that a kubeconfig names."""
    entries: list[Entry] = list(contents.entries)
    for reference in contents.references:
        entries += _referred(path, reference, opened)
    yield from certificates_of(entries)


def certificates_of(entries: Iterable[Entry]) -> Iterator[StoredCertificate]:
    """Yield the certificates of entries, each with what its entry says of it."""
    for number, entry in enumerate(entries):
        for der in entry.certificates:
            yield StoredCertificate(der, number, entry.kind, entry.alias, entry.user)


def _contents(data: bytes, password: str | None = None) -> Contents:
    from exporter.at_rest.formats.reader import read_contents_untrusted  # noqa: PLC0415 - seven formats, if any file

    return read_contents_untrusted(data, password)


def _referred(path: str, reference: Reference, opened: list[tuple[str, Stamp | None]]) -> list[Entry]:
    """Read a file that a kubeconfig names relative to itself. Raises UnreadableError."""
    named = str(Path(path).parent / reference.path)
    try:
        contents = _contents(_bytes(named, opened))
    except UnreadableError as error:
        raise UnreadableError(error.reason, f"{reference.path}, which it names: {error.detail}") from None
    return [Entry(one.certificates, reference.kind, reference.alias, reference.user) for one in contents.entries]
