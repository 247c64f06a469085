"""A cursor over the bytes of one message: reading past the end is a WireError, never an IndexError."""

from exporter.wire.records import WireError


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
