"""The seam to the network: a byte stream with one deadline, and one exception type.

Everything that talks to a peer (STARTTLS, proxies, TLS, HTTP, posture) talks over a `Stream`; nothing above this
file sees `OSError` or a socket. The deadline is absolute, in the loop's time, so that no peer can stretch it.
"""

import asyncio
import errno
import os
import socket
from typing import Protocol

from exporter.probe.result import Reason

HIGH_WATER = 64 * 1024  # bytes kept of what nobody has read yet
CHUNK = 64 * 1024


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


class SocketStream:
    """A Stream over a non-blocking socket, watched by the loop itself: a transport does more than a probe needs.

    Reading pauses while more than HIGH_WATER bytes wait. The deadline ends everything, from the connection on.
    """

    def __init__(self, unconnected: socket.socket, deadline: float) -> None:
        self.deadline = deadline
        self.bytes_received = 0
        self.bytes_sent = 0
        self._loop = asyncio.get_running_loop()
        self._socket = unconnected
        self._descriptor = unconnected.fileno()
        self._timer = self._loop.call_at(deadline, self._expire)
        self._chunks: list[bytes] = []
        self._waiting = 0
        self._unsent = b""
        self._connecting = False  # and watched for that
        self._watched = False  # for what arrives
        self._ended = False
        self._closed = False
        self._error: NetworkError | None = None
        self._waiter: asyncio.Future[None] | None = None

    async def connect(self, address: tuple[str, int] | tuple[str, int, int, int] | str) -> None:
        """Connect, before anything else. Raises NetworkError."""
        error = self._socket.connect_ex(address)
        if error == errno.EINPROGRESS:
            self._connecting = True
            self._loop.add_writer(self._descriptor, self._wake)
            try:
                await self._wait()
            finally:
                self._stop_connecting()
            if self._error is not None:
                raise self._failure()
            error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise network_error(OSError(error, os.strerror(error)))

    def _stop_connecting(self) -> None:
        if self._connecting:
            self._connecting = False
            self._loop.remove_writer(self._descriptor)

    async def read(self) -> bytes:
        """Return what has arrived; b"" at the end. Raises NetworkError (`timeout` once the deadline has passed)."""
        if not self._chunks and not self._ended:
            if not self._watched:
                self._watched = True
                self._loop.add_reader(self._descriptor, self._receive)
            await self._wait()
        if self._chunks:
            data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
            self._chunks.clear()
            self._waiting = 0
            return data
        if self._error is not None:
            raise self._failure()
        return b""

    def _failure(self) -> NetworkError:
        """Return the error anew: one that the stream kept would keep the stream, by its traceback."""
        assert self._error is not None
        return NetworkError(self._error.reason, self._error.detail)

    async def _wait(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _receive(self) -> None:
        try:
            data = self._socket.recv(CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._error = self._error or network_error(error)
            self.close()
            return
        if data:
            self.bytes_received += len(data)
            self._chunks.append(data)
            self._waiting += len(data)
        if not data or self._waiting > HIGH_WATER:
            self._ended = not data
            self._watched = False
            self._loop.remove_reader(self._descriptor)
        self._wake()

    def _expire(self) -> None:
        self._error = NetworkError(Reason.TIMEOUT, "the deadline passed")
        self._chunks.clear()
        self.close()

    def write(self, data: bytes) -> None:
        """Send data; what does not fit now is sent when it does."""
        if self._closed:
            return
        self.bytes_sent += len(data)
        if self._unsent:
            self._unsent += data
            return
        rest = self._send(data)
        if rest:
            self._unsent = rest
            self._loop.add_writer(self._descriptor, self._send_rest)

    def _send(self, data: bytes) -> bytes:
        """Send what fits and return the rest."""
        try:
            sent = self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            return data
        except OSError as error:  # it is told when all that came before it has been read
            self._error = self._error or network_error(error)
            return b""
        return data[sent:]

    def _send_rest(self) -> None:
        self._unsent = self._send(self._unsent)
        if not self._unsent:
            self._loop.remove_writer(self._descriptor)

    def close(self) -> None:
        """Close at once; nothing that waits to be sent is kept."""
        if self._closed:
            return
        self._closed = self._ended = True
        self._timer.cancel()
        self._stop_connecting()  # a watch that outlives its socket would make its number useless to others
        if self._watched:
            self._loop.remove_reader(self._descriptor)
        if self._unsent:
            self._loop.remove_writer(self._descriptor)
        self._socket.close()
        self._wake()
