"""A cursor over the bytes of one message: reading past the end is a WireError, never an IndexError.

And a memory of what messages were read as, for a server sends the same at each handshake.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate, ParamSpec, TypeVar

from exporter.wire.records import WireError

MAX_REMEMBERED = 16_384  # messages
More = ParamSpec("More")
Read = TypeVar("Read")
Reader = Callable[Concatenate[bytes, More], Read]


def remembered(longest: int) -> Callable[[Reader[More, Read]], Reader[More, Read]]:
    """Let a reader remember what it read. Longer bytes are read again: a hostile server would fill memory with them."""

    def remember(read: Reader[More, Read]) -> Reader[More, Read]:
        known: Reader[More, Read] = lru_cache(maxsize=MAX_REMEMBERED)(read)

        @wraps(read)
        def reader(content: bytes, /, *more: More.args, **named: More.kwargs) -> Read:
            return known(content, *more, **named) if len(content) <= longest else read(content, *more, **named)

        return reader

    return remember


class Cursor:
    """Reads fields one after another, all integers big-endian (RFC 8446 section 3.1)."""

    __slots__ = ("_data", "_position")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def take_untrusted(self, count: int) -> bytes:
        """Return the next bytes."""
        end = self._position + count
        if end > len(self._data):
            raise WireError(f"a field of {count} bytes where {len(self._data) - self._position} are left")
        field = self._data[self._position : end]
        self._position = end
        return field

    def number_untrusted(self, width: int) -> int:
        """Return the next integer of that many bytes."""
        return int.from_bytes(self.take_untrusted(width))

    def vector_untrusted(self, width: int) -> bytes:
        """Return the next vector, whose length stands before it in that many bytes."""
        return self.take_untrusted(self.number_untrusted(width))

    @property
    def left(self) -> int:
        """How many bytes have not been read."""
        return len(self._data) - self._position
