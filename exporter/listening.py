"""Where the daemon is reached: addresses of the command line, or the sockets that systemd passes. It serves nothing."""

import socket
from collections.abc import Sequence
from ssl import SSLContext

from aiohttp import web

from exporter import systemd
from exporter.exits import StartError

BACKLOG = 512
_PORTS = 65536


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
