"""A cache of parsed messages, because a server sends the same ones in each handshake.

The caches are bounded by the bytes that they keep in all, because a hostile server may send a new message each time.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from exporter.bounded_cache import BoundedCache

MAX_REMEMBERED = 65_536  # messages for each reader
LEAST_BYTES = 2 * 1024 * 1024  # for each reader
BYTES_PER_TARGET = 16 * 1024  # more for each target: an ordinary Certificate message takes 11 KiB
_COPIES, _WEIGHT = 3, 600  # what a message takes: itself, its parts, what is made of them, and the objects

More = ParamSpec("More")
Read = TypeVar("Read")
Reader = Callable[Concatenate[bytes, More], Read]
_memos: list[BoundedCache[object, object]] = []


def remembered(longest: int) -> Callable[[Reader[More, Read]], Reader[More, Read]]:
    """Let a reader remember what it read, which must not be None. Longer bytes are read each time."""

    def remember(read: Reader[More, Read]) -> Reader[More, Read]:
        memo: BoundedCache[object, Read] = BoundedCache(MAX_REMEMBERED, LEAST_BYTES)
        _memos.append(memo)  # type: ignore[arg-type] # the types of its values do not matter here

        @wraps(read)
        def reader(content: bytes, /, *more: More.args, **named: More.kwargs) -> Read:
            if len(content) > longest:
                return read(content, *more, **named)
            key = (content, more, *named.items()) if more or named else content
            found = memo.get(key)
            if found is None:
                found = read(content, *more, **named)
                memo.put(key, found, _WEIGHT + _COPIES * len(content))
            return found

        reader.cache_clear = memo.clear  # type: ignore[attr-defined] # as functools calls it
        return reader

    return remember


def resize(targets: int) -> None:
    """Let each reader remember what so many targets ordinarily send."""
    for memo in _memos:
        memo.resize(LEAST_BYTES + targets * BYTES_PER_TARGET)


def clear() -> None:
    """Forget everything: memory is needed for something else."""
    for memo in _memos:
        memo.clear()


def entries() -> int:
    """Return how many messages are remembered."""
    return sum(map(len, _memos))
