"""A Stream inside the packets of TDS 7, in which SQL Server's TLS handshake travels and nothing after it."""

from collections.abc import Callable

from exporter.net.reason import NetworkError, Reason
from exporter.net.stream import Stream
from exporter.wire.records import WireError
from exporter.wire.starttls.tds import Unframer, frame


class TDSStream:
    """A Stream that wraps what is written until the handshake is over, and unwraps what is read."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._unframer = Unframer()
        self._is_framed = True

    def end_of_handshake(self) -> None:
        """Write as it is from here on."""
        self._is_framed = False

    async def read(self) -> bytes:
        """Return the TLS records that have arrived; b"" at the end. Raises NetworkError."""
        while data := await self._stream.read():
            try:
                records = self._unframer.receive_untrusted(data)
            except WireError as error:
                raise NetworkError(Reason.PROTOCOL_ERROR, f"during the handshake: {error}") from None
            if records:
                return records
        return b""

    def write(self, data: bytes) -> None:
        """Send TLS records."""
        self._stream.write(frame(data) if self._is_framed and data else data)

    def finish(self, then: Callable[[], None] | None = None) -> None:
        """End in order."""
        self._stream.finish(then)

    def close(self) -> None:
        """Close at once."""
        self._stream.close()
