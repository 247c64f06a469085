"""How the posture of a probed route is determined: over which connections, for how long, in whose turn.

A connection holds one of the address's slots for as long as it is open, like any probe's, and a scan has one open at
a time: a slow endpoint cannot keep its own probes waiting.
"""

import asyncio
from dataclasses import replace

from exporter.net.limiter import KeyedLimiter
from exporter.net.resolve import Address
from exporter.net.stream import Stream
from exporter.posture.determine import determine
from exporter.posture.facts import Check, Posture
from exporter.probe.result import Result
from exporter.probe.route import Route
from exporter.probe.runner import Prober, open_stream

MAX_SECONDS = 5.0  # for one question


class HeldStream:
    """A Stream that gives its slot back when it is closed."""

    def __init__(self, stream: Stream, slots: KeyedLimiter, slot: object) -> None:
        self._stream = stream
        self._slots: KeyedLimiter | None = slots
        self._slot = slot

    async def read(self) -> bytes:
        """Read from the stream."""
        return await self._stream.read()

    def write(self, data: bytes) -> None:
        """Write to the stream."""
        self._stream.write(data)

    def close(self) -> None:
        """Close the stream and give the slot back, once."""
        self._stream.close()
        if self._slots is not None:
            self._slots.release(self._slot)
            self._slots = None


def scanned_route(result: Result, route: Route) -> Route:
    """Return the route bound to the address that a probe reached, so that one scan sees one server."""
    if result.address is None or result.family not in ("ip4", "ip6"):
        return route
    port = route.proxy.port if route.proxy is not None else route.port
    return replace(route, addresses=(Address(result.address, port, result.family),))


async def determine_route(
    prober: Prober, route: Route, *, seconds: float, active: bool, skip: frozenset[Check] = frozenset()
) -> Posture:
    """Determine the posture of a route. Never raises but for cancellation."""
    seconds = min(seconds, MAX_SECONDS)
    endpoint = route.target.endpoint
    slot: object = (route.addresses[0].ip, route.addresses[0].port) if route.addresses else endpoint.unix_path

    async def connect() -> Stream:
        deadline = asyncio.get_running_loop().time() + 2 * seconds  # Wire bounds opening and each answer apart
        await prober.slots.acquire(slot)
        try:
            return HeldStream(await open_stream(prober, route, deadline), prober.slots, slot)
        except BaseException:
            prober.slots.release(slot)
            raise

    return await determine(
        connect,
        server_name=route.server_name,
        seconds=seconds,
        active=active,
        skip=skip,
        clock=prober.wall_clock,
    )
