"""The seam to the network: a byte stream with one deadline, and one exception type.

Everything that talks to a peer (STARTTLS, proxies, TLS, HTTP, posture) talks over a `Stream`; nothing above this
file sees `OSError` or a socket. The deadline is absolute, in the loop's time, so that no peer can stretch it.
"""

import asyncio
import errno
import os
import socket
from typing import Protocol

from exporter.net.epoll import HUNG_UP, READABLE, URGENT, WRITABLE, EpollWatcher
from exporter.net.reason import NetworkError, Reason, network_error

CHUNK = 16 * 1024  # read at once; what nobody asks for waits with the system, and then with the peer


class Stream(Protocol):
    """A connected byte stream. `read` returns b"" once the peer has closed in order."""

    async def read(self) -> bytes:
        """Return what has arrived, at least one byte; b"" at the end. Raises NetworkError."""

    def write(self, data: bytes) -> None:
        """Send data, in order. Never blocks; an error shows at the next read."""

    def close(self) -> None:
        """Close at once. Safe to call twice."""


class SocketStream:
    """A Stream over a non-blocking socket: a transport does more than a probe needs.

    Nothing is read that nobody asks for. The deadline ends everything, from the connection on.
    """

    def __init__(self, unconnected: socket.socket, deadline: float) -> None:
        self.deadline = deadline
        self.descriptor = unconnected.fileno()
        self.bytes_received = 0
        self.bytes_sent = 0
        self._loop = asyncio.get_running_loop()
        self._socket = unconnected
        self._unsent = b""
        self._readable = False  # as far as is known: only reading tells
        self._has_read = False  # since the loop has turned: whoever floods must not keep it from others and deadlines
        self._hung_up = False
        self._had_urgent = False  # data (RFC 9293 section 3.8.5): a read ends before it, whatever is behind
        self._ended = False
        self._closed = False
        self._error: NetworkError | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._poll = EpollWatcher.of(self._loop)
        self._poll.add(self, self._loop)

    async def connect(self, address: tuple[str, int] | tuple[str, int, int, int] | str) -> None:
        """Connect, before anything else. Raises NetworkError."""
        error = self._socket.connect_ex(address)
        if error in (0, errno.EINPROGRESS):
            self._poll.follow(self.descriptor)
        if error == errno.EINPROGRESS:
            await self._wait()
            if self._error is not None:
                raise self._failure()
            error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if self._hung_up else 0
        if error:
            raise network_error(OSError(error, os.strerror(error)))

    async def read(self) -> bytes:
        """Return what has arrived; b"" at the end. Raises NetworkError (`timeout` once the deadline has passed)."""
        while not self._ended:
            if not self._readable:
                await self._wait()
            elif self._has_read:
                self._has_read = False
                await asyncio.sleep(0)
            elif data := self._receive():
                return data
        if self._error is not None:
            raise self._failure()
        return b""

    def _receive(self) -> bytes:
        """Return what is there, b"" for nothing; note the end."""
        try:
            data = self._socket.recv(CHUNK)
        except (BlockingIOError, InterruptedError):
            self._readable = False
            return b""
        except OSError as error:
            self._error = self._error or network_error(error)
            self.close()
            return b""
        self._ended = not data
        self.bytes_received += len(data)
        if len(data) < CHUNK and not self._hung_up and not self._had_urgent:  # what comes from now on is told anew
            self._readable = False
        self._has_read = self._readable
        return data

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

    def notice(self, events: int) -> None:
        """Take in what has happened to the socket."""
        if events & READABLE:
            self._readable = True
        if events & HUNG_UP:
            self._hung_up = True
        if events & URGENT:
            self._had_urgent = True
        if self._unsent and events & WRITABLE:
            self._unsent = self._send(self._unsent)
        self._wake()

    def expire(self) -> None:
        """End everything: the deadline has passed."""
        self._error = NetworkError(Reason.TIMEOUT, "the deadline passed")
        self.close()

    def write(self, data: bytes) -> None:
        """Send data; what does not fit now is sent when it does."""
        if self._closed:
            return
        self.bytes_sent += len(data)
        self._unsent = self._unsent + data if self._unsent else self._send(data)

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

    def close(self) -> None:
        """Close at once; nothing that waits to be sent is kept."""
        if self._closed:
            return
        self._closed = self._ended = True
        self._poll.remove(self.descriptor)
        self._socket.close()
        self._wake()
