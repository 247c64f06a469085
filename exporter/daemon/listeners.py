"""Where the daemon is reached: addresses of the command line, or the sockets that systemd passes. It serves nothing."""

import asyncio
import errno
import socket
from collections.abc import Callable, Iterable, Sequence
from ssl import SSLContext
from typing import Any, Protocol

from aiohttp import web

from exporter.daemon import systemd
from exporter.errors import StartError
from exporter.log import Throttle, get_logger

BACKLOG = 512
ACCEPT_RETRY_SECONDS = 1.0  # asyncio's
_PORTS = 65536
_OUT_OF_RESOURCES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
log = get_logger("listening")


class Connection(Protocol):
    """A client's connection, as aiohttp keeps it."""

    def close(self) -> None:
        """Take no further request on it, and wait for none."""

    async def shutdown(self, timeout: float | None) -> None:  # noqa: ASYNC109 - aiohttp's own name
        """End it when what was asked on it is answered."""


class AcceptFailureHandler:
    """Closes idle connections when the loop reports that it cannot accept new ones.

    The loop reports that once for each place in the backlog, and tries again after a second. `tell` is called once in
    each such second. A connection that was not there a second ago has a second to send its request.
    """

    def __init__(self, connections: Callable[[], Iterable[Connection]], tell: Callable[[], None]) -> None:
        self._connections, self._tell = connections, tell
        self._heard = -ACCEPT_RETRY_SECONDS
        self._throttle = Throttle()
        self._before: set[Connection] = set()
        self._ending: dict[Connection, asyncio.Task[None]] = {}

    def hear(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Be the loop's exception handler."""
        error = context.get("exception")
        if not (isinstance(error, OSError) and error.errno in _OUT_OF_RESOURCES and "socket" in context):
            loop.default_exception_handler(context)
            return
        now = loop.time()
        if now - self._heard < ACCEPT_RETRY_SECONDS / 2:
            return
        self._heard = now
        self._tell()
        if self._throttle("accept"):
            log.error("out of resources: no connection can be accepted, idle ones are ended", error=str(error))
        connections = set(self._connections())
        for connection in connections & self._before - self._ending.keys():
            self._end(loop, connection)
        self._before = connections

    def _end(self, loop: asyncio.AbstractEventLoop, connection: Connection) -> None:
        connection.close()
        task = self._ending[connection] = loop.create_task(connection.shutdown(None))
        task.add_done_callback(lambda _: self._ending.pop(connection))


def parse_listen_address(text: str) -> tuple[str | None, int]:
    """Read `host:port`, `[v6]:port` or `:port` (every address). Raises StartError."""
    host, colon, port = text.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit() and int(port) < _PORTS):
        raise StartError(f"bad listen address {text!r}: write host:port or :port")
    return host.strip("[]") or None, int(port)


async def listen(runner: web.AppRunner, addresses: Sequence[str], ssl_context: SSLContext | None) -> list[str]:
    """Listen on addresses; return them as they were bound. Raises StartError."""
    for text in addresses:
        host, port = parse_listen_address(text)
        try:
            await web.TCPSite(runner, host, port, backlog=BACKLOG, reuse_address=True, ssl_context=ssl_context).start()
        except (OSError, OverflowError) as error:
            raise StartError(f"cannot listen on {text}: {error}") from None
    return [shown(address) for address in runner.addresses]


async def listen_on_passed(
    runner: web.AppRunner, sockets: Sequence[socket.socket], ssl_context: SSLContext | None
) -> list[str]:
    """Listen on the sockets that systemd passed; return their addresses. Raises StartError."""
    if not sockets:
        raise StartError("--web.systemd-socket: systemd passed no socket (LISTEN_FDS)")
    for passed in sockets:
        try:
            await web.SockSite(runner, passed, backlog=BACKLOG, ssl_context=ssl_context).start()
        except (OSError, ValueError) as error:
            raise StartError(f"cannot listen on the socket that systemd passed: {error}") from None
    return [shown(address) for address in runner.addresses]


def passed_sockets() -> list[socket.socket]:
    """Return the sockets that systemd passed. Raises StartError when one of them is none."""
    try:
        return systemd.passed_sockets()
    except OSError as error:
        raise StartError(f"cannot take over the sockets that systemd passed: {error}") from None


def shown(address: object) -> str:
    """Write a socket's address as host:port; a Unix socket as its path."""
    if isinstance(address, tuple):
        host, port = address[0], address[1]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return str(address)
