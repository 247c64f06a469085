"""A Stream without a network: it says what a list says, and keeps what is written."""

from collections.abc import Callable, Iterable

from exporter.net.reason import NetworkError, Reason


class ScriptedStream:
    """Hands out chunks in turn; a NetworkError among them is raised, and b"" follows the last one for ever."""

    def __init__(self, chunks: Iterable[bytes | NetworkError]) -> None:
        self._chunks = iter(chunks)
        self.written = b""
        self.closed = False

    async def read(self) -> bytes:
        chunk = next(self._chunks, b"")
        if isinstance(chunk, NetworkError):
            raise chunk
        return chunk

    def write(self, data: bytes) -> None:
        self.written += data

    def finish(self, then: Callable[[], None] | None = None) -> None:
        self.close()
        if then is not None:
            then()

    def close(self) -> None:
        self.closed = True


TIMEOUT = NetworkError(Reason.TIMEOUT, "the deadline passed")
