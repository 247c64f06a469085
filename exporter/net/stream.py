"""The seam to the network: a byte stream with one deadline, and one exception type.

Everything that talks to a peer (STARTTLS, proxies, TLS, HTTP, posture) talks over a `Stream`; nothing above this
file sees `OSError` or a socket. The deadline is absolute, in the loop's time, so that no peer can stretch it.
"""

import asyncio
import errno
import os
import socket
from collections.abc import Callable
from typing import Protocol

from exporter.net.reason import NetworkError, Reason, network_error
from exporter.net.watcher import HUNG_UP, READABLE, URGENT, WRITABLE, watcher_of

CHUNK = 16 * 1024  # of one read; what is not read stays with the system, and then with the peer
LINGER_SECONDS = 1.0  # for the peer to end its side, too
MAX_DISCARDED = 4 * CHUNK  # bytes of a peer that goes on sending after the exporter has closed


class Stream(Protocol):
    """A connected byte stream. `read` returns b"" once the peer has closed in order."""

    async def read(self) -> bytes:
        """Return what has arrived, at least one byte; b"" at the end. Raises NetworkError."""

    def write(self, data: bytes) -> None:
        """Send data, in order. Never blocks; an error shows at the next read."""

    def finish(self, then: Callable[[], None] | None = None) -> None:
        """End in order: what was written is sent, then the end of the stream. `then` is called once all is over."""

    def close(self) -> None:
        """Close at once. Safe to call twice."""


class SocketStream:
    """A Stream over a non-blocking socket. An asyncio transport does more than a probe needs, at twice the cost.

    Nothing is read before it is asked for. The deadline ends everything, from the connection on.
    """

    def __init__(self, unconnected: socket.socket, deadline: float) -> None:
        self.deadline = deadline
        self.descriptor = unconnected.fileno()
        self.bytes_received = 0
        self.bytes_sent = 0
        self._loop = asyncio.get_running_loop()
        self._socket = unconnected
        self._unsent = b""
        self._readable = False  # as far as is known: only a read can tell
        # Read since the loop's last iteration: a flooding peer must not keep the loop from others and from deadlines.
        self._has_read = False
        self._hung_up = False
        self._had_urgent = False  # a read stops before urgent data, whatever follows it (RFC 9293 section 3.8.5)
        self._ended = False
        self._closed = False
        self._is_finishing = False
        self._discarded = 0
        self._then: Callable[[], None] | None = None
        self._error: NetworkError | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._watcher = watcher_of(self._loop)
        self._watcher.add(self, self._loop)

    async def connect(self, address: tuple[str, int] | tuple[str, int, int, int] | str) -> None:
        """Connect, before anything else. Raises NetworkError."""
        error = self._socket.connect_ex(address)
        if error in (0, errno.EINPROGRESS):
            self._watcher.follow(self.descriptor)
        if error == errno.EINPROGRESS:
            await self._wait(writing=True)
            if self._error is not None:
                raise self._failure()
            error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if self._hung_up else 0
        if error:
            raise network_error(OSError(error, os.strerror(error)))

    def ends(self) -> tuple[tuple[str, int], tuple[str, int]] | None:
        """Return the local address and port and the peer's; None for a Unix socket, and once the connection is gone."""
        if self._socket.family == socket.AF_UNIX:
            return None
        try:
            return self._socket.getsockname()[:2], self._socket.getpeername()[:2]
        except OSError:
            return None

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
        """Return what has arrived, b"" for nothing; note the end of the connection."""
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
        if len(data) < CHUNK and not self._hung_up and not self._had_urgent:  # the next bytes will be a new edge
            self._readable = False
        self._has_read = self._readable
        return data

    def _failure(self) -> NetworkError:
        """Return a new error: a kept one would keep the stream alive through its traceback."""
        assert self._error is not None
        return NetworkError(self._error.reason, self._error.detail)

    async def _wait(self, *, writing: bool = False) -> None:
        self._watcher.arm(self.descriptor, writing=writing or bool(self._unsent))
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def notice(self, events: int) -> None:
        """Take note of what has become true of the socket."""
        if events & READABLE:
            self._readable = True
        if events & HUNG_UP:
            self._hung_up = True
        if events & URGENT:
            self._had_urgent = True
        if self._unsent and events & WRITABLE:
            self._unsent = self._send(self._unsent)
            if self._unsent:
                self._watcher.arm(self.descriptor, writing=True)
            elif self._is_finishing:
                self._shut_down()
        if self._is_finishing and events & READABLE:
            self._discard()
        self._wake()

    def expire(self) -> None:
        """End the connection: the deadline has passed."""
        self._error = NetworkError(Reason.TIMEOUT, "the deadline passed")
        self.close()

    def write(self, data: bytes) -> None:
        """Send data; what does not fit now is sent when it does."""
        if self._closed:
            return
        self.bytes_sent += len(data)
        self._unsent = self._unsent + data if self._unsent else self._send(data)
        if self._unsent:
            self._watcher.arm(self.descriptor, writing=True)

    def _send(self, data: bytes) -> bytes:
        """Send what fits and return the rest."""
        try:
            sent = self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            return data
        except OSError as error:  # reported after all that arrived before it has been read
            self._error = self._error or network_error(error)
            return b""
        return data[sent:]

    def finish(self, then: Callable[[], None] | None = None) -> None:
        """End in order, and close when the peer has ended, too, or after LINGER_SECONDS.

        What the peer still sends is read and thrown away: a socket that is closed with unread data (a ticket of
        TLS 1.3 is enough) answers with a reset, which servers log as a lost connection.
        """
        self._then = then
        if self._closed or self._ended or self._error is not None:
            self.close()
            return
        self._is_finishing = True
        self.deadline = self._loop.time() + LINGER_SECONDS
        self._watcher.add(self, self._loop)
        if not self._unsent:
            self._shut_down()
        if self._readable:
            self._discard()
        elif not self._closed:
            self._watcher.arm(self.descriptor, writing=bool(self._unsent))

    def _shut_down(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:  # the peer has reset the connection
            self.close()

    def _discard(self) -> None:
        """Throw away what has arrived; close at the end of the stream."""
        while not self._closed:
            try:
                data = self._socket.recv(CHUNK)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                data = b""
            self._discarded += len(data)
            if not data or self._discarded > MAX_DISCARDED:
                self.close()
            elif len(data) < CHUNK and not self._hung_up:
                break
        if not self._closed:
            self._watcher.arm(self.descriptor, writing=bool(self._unsent))

    def close(self) -> None:
        """Close at once; nothing that waits to be sent is kept."""
        if not self._closed:
            self._closed = self._ended = True
            self._watcher.remove(self.descriptor)
            self._socket.close()
            self._wake()
        then, self._then = self._then, None
        if then is not None:
            then()
