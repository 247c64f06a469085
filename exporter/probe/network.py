"""The seam to the network: a byte stream with one deadline, and one exception type.

Everything that talks to a peer (STARTTLS, proxies, TLS, HTTP, posture) talks over a `Stream`; nothing above this
file sees `OSError` or a socket. The deadline is absolute, in the loop's time, so that no peer can stretch it.
"""

import asyncio
import errno
from collections import deque
from typing import Protocol, cast

from exporter.probe.result import Reason

HIGH_WATER = 64 * 1024  # bytes kept of what nobody has read yet


class NetworkError(Exception):
    """A peer or network that does not go on. `reason` is one of the closed list, `detail` a sentence."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(detail or reason)
        self.reason = reason
        self.detail = detail


class Stream(Protocol):
    """A connected byte stream. `read` returns b"" once the peer has closed in order."""

    async def read(self) -> bytes:
        """Return what has arrived, at least one byte; b"" at the end. Raises NetworkError."""

    def write(self, data: bytes) -> None:
        """Send data, in order. Never blocks; an error shows at the next read."""

    def close(self) -> None:
        """Close at once. Safe to call twice."""


_REASONS = {
    errno.ECONNREFUSED: Reason.REFUSED,
    errno.ECONNRESET: Reason.RESET,
    errno.EPIPE: Reason.RESET,
    errno.ECONNABORTED: Reason.RESET,
    errno.ETIMEDOUT: Reason.TIMEOUT,
    errno.ENETUNREACH: Reason.UNREACHABLE,
    errno.EHOSTUNREACH: Reason.UNREACHABLE,
    errno.ENETDOWN: Reason.UNREACHABLE,
    errno.EHOSTDOWN: Reason.UNREACHABLE,
    errno.EADDRNOTAVAIL: Reason.UNREACHABLE,
    errno.EACCES: Reason.UNREACHABLE,
    errno.EPERM: Reason.UNREACHABLE,
    errno.EINVAL: Reason.UNREACHABLE,
    errno.EAFNOSUPPORT: Reason.UNREACHABLE,
    errno.ENOENT: Reason.REFUSED,  # a Unix socket that is not there
    errno.ECONNREFUSED: Reason.REFUSED,
}


def network_error(error: OSError) -> NetworkError:
    """Map an operating system's error to the closed list; running out of descriptors is our own fault."""
    if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
        return NetworkError(Reason.INTERNAL_ERROR, f"out of resources: {error.strerror}")
    return NetworkError(_REASONS.get(error.errno or 0, Reason.UNREACHABLE), error.strerror or str(error))


class SocketStream(asyncio.Protocol):
    """A Stream over an asyncio transport. Reading is paused when more than HIGH_WATER bytes wait."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self._transport: asyncio.Transport | None = None
        self._chunks: deque[bytes] = deque()
        self._waiting = 0
        self._paused = False
        self._ended = False
        self._error: NetworkError | None = None
        self._reader: asyncio.Future[None] | None = None
        self.bytes_received = 0
        self.bytes_sent = 0

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transports are no subclass

    def data_received(self, data: bytes) -> None:
        """Keep what arrived, and wake the reader."""
        self.bytes_received += len(data)
        self._chunks.append(data)
        self._waiting += len(data)
        if self._waiting > HIGH_WATER and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """Note the peer's orderly end; stay open for writing."""
        self._ended = True
        self._wake()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Note how the connection ended."""
        if isinstance(exc, OSError) and self._error is None:
            self._error = network_error(exc)
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    # Stream

    async def read(self) -> bytes:
        """Return what has arrived; b"" at the end. Raises NetworkError (`timeout` once the deadline has passed)."""
        if not self._chunks and not self._ended:
            await self._arrival()
        if self._chunks:
            data = b"".join(self._chunks)
            self._chunks.clear()
            self._waiting = 0
            if self._paused and self._transport is not None and not self._ended:
                self._paused = False
                self._transport.resume_reading()
            return data
        if self._error is not None:
            raise self._error
        return b""

    async def _arrival(self) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() >= self.deadline:
            raise NetworkError(Reason.TIMEOUT, "the deadline passed")
        self._reader = loop.create_future()
        timer = loop.call_at(self.deadline, self._expire)
        try:
            await self._reader
        finally:
            timer.cancel()
            self._reader = None

    def _expire(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_exception(NetworkError(Reason.TIMEOUT, "the deadline passed"))

    def write(self, data: bytes) -> None:
        """Send data."""
        if self._transport is not None and not self._transport.is_closing():
            self.bytes_sent += len(data)
            self._transport.write(data)

    def close(self) -> None:
        """Close at once; nothing that waits to be sent is kept."""
        if self._transport is not None:
            self._transport.abort()
