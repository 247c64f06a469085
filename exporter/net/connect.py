"""From addresses to a connected stream: the first address that answers, both families (RFC 8305, simplified).

A further attempt starts when the one before has failed or has been silent for 250 ms; the first that connects wins
and the others are closed. It speaks no protocol.
"""

import asyncio
import socket
from collections.abc import Sequence

from exporter.net.reason import NetworkError, Reason, network_error
from exporter.net.resolve import Address
from exporter.net.stream import SocketStream

ATTEMPT_DELAY_SECONDS = 0.25  # RFC 8305 section 5, Connection Attempt Delay

SocketAddress = tuple[str, int] | tuple[str, int, int, int] | str  # IPv4, IPv6 with its zone, Unix


async def connect(
    addresses: Sequence[Address], deadline: float, source_address: str | None = None
) -> tuple[SocketStream, Address]:
    """Connect to the first address that answers; raise the NetworkError of the first attempt if none does."""
    if len(addresses) == 1:
        return await connect_one(addresses[0], deadline, source_address), addresses[0]
    attempts: dict[asyncio.Task[SocketStream], Address] = {}
    pending = list(addresses)
    errors: list[NetworkError] = []
    try:
        while pending or attempts:
            if pending:
                address = pending.pop(0)
                attempts[asyncio.create_task(connect_one(address, deadline, source_address))] = address
            delay = ATTEMPT_DELAY_SECONDS if pending else None
            done, _ = await asyncio.wait(attempts, timeout=delay, return_when=asyncio.FIRST_COMPLETED)
            winner = _winner(done, attempts, errors)
            if winner is not None:
                return winner
    finally:
        await _abandon(attempts)
    raise errors[0]


def _winner(
    done: set[asyncio.Task[SocketStream]],
    attempts: dict[asyncio.Task[SocketStream], Address],
    errors: list[NetworkError],
) -> tuple[SocketStream, Address] | None:
    winner: tuple[SocketStream, Address] | None = None
    for task in done:
        address = attempts.pop(task)
        error = task.exception()
        if isinstance(error, NetworkError):
            errors.append(error)
        elif error is not None:
            raise error
        elif winner is None:
            winner = (task.result(), address)
        else:
            task.result().close()
    return winner


async def _abandon(attempts: dict[asyncio.Task[SocketStream], Address]) -> None:
    for task in attempts:
        task.cancel()
    for result in await asyncio.gather(*attempts, return_exceptions=True):
        if isinstance(result, SocketStream):
            result.close()


async def connect_one(address: Address, deadline: float, source_address: str | None = None) -> SocketStream:
    """Connect to one address. Raises NetworkError."""
    family = socket.AF_INET if address.family == "ip4" else socket.AF_INET6
    try:
        return await _connect(family, _socket_address(address), deadline, source_address)
    except NetworkError as error:
        if error.reason is not Reason.TIMEOUT:
            raise
        raise NetworkError(Reason.TIMEOUT, f"no connection to {address.ip} port {address.port} in time") from None


def _socket_address(address: Address) -> SocketAddress:
    """Return the address as connect(2) wants it: a zone is the number of an interface (RFC 4007 section 11.2)."""
    host, _, zone = address.ip.partition("%")
    if not zone:
        return host, address.port
    try:
        return host, address.port, 0, int(zone) if zone.isdigit() else socket.if_nametoindex(zone)
    except OSError:
        raise NetworkError(Reason.UNREACHABLE, f"there is no network interface {zone!r}") from None


async def connect_unix(path: str, deadline: float) -> SocketStream:
    """Connect to a Unix socket. Raises NetworkError."""
    try:
        return await _connect(socket.AF_UNIX, path, deadline)
    except NetworkError as error:
        if error.reason is not Reason.TIMEOUT:
            raise
        raise NetworkError(Reason.TIMEOUT, f"no connection to {path} in time") from None


async def _connect(
    family: socket.AddressFamily, peer: SocketAddress, deadline: float, source_address: str | None = None
) -> SocketStream:
    try:
        stream = _unconnected(family, deadline, source_address)
    except OSError as error:
        raise network_error(error) from None
    try:
        await stream.connect(peer)
    except OSError as error:
        stream.close()
        raise network_error(error) from None
    except BaseException:
        stream.close()
        raise
    return stream


def _unconnected(family: socket.AddressFamily, deadline: float, source_address: str | None) -> SocketStream:
    """Return a stream that is not connected yet. Raises OSError."""
    unconnected = socket.socket(family, socket.SOCK_STREAM)
    unconnected.setblocking(False)
    try:
        if family is not socket.AF_UNIX:
            unconnected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source_address:
            unconnected.bind((source_address, 0))
        return SocketStream(unconnected, deadline)
    except OSError:
        unconnected.close()
        raise
