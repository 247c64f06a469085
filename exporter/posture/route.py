"""How the posture of a probed route is determined: over which connections, for how long, within which limits.

A connection holds one of the address's slots for as long as it is open, like any probe's, and a scan has one open at
a time: a slow endpoint cannot keep its own probes waiting.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from exporter.config.model import PostureConfig
from exporter.net.limiter import KeyedLimiter
from exporter.net.reason import NetworkError, Reason
from exporter.net.resolve import Address
from exporter.net.stream import Stream
from exporter.posture.determine import determine, turned_away
from exporter.posture.facts import Posture, Shown
from exporter.posture.pace import Pace
from exporter.probe import starttls
from exporter.probe.connection import open_stream
from exporter.probe.prober import Prober
from exporter.probe.result import Result
from exporter.probe.route import Route
from exporter.wire.iana import VERSIONS

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

    def finish(self, then: Callable[[], None] | None = None) -> None:
        """End the stream in order, and release the slot once that is over."""

        def release() -> None:
            self._release()
            if then is not None:
                then()

        self._stream.finish(release)

    def close(self) -> None:
        """Close the stream and release the slot, once."""
        self._stream.close()
        self._release()

    def _release(self) -> None:
        if self._slots is not None:
            self._slots.release(self._slot)
            self._slots = None


def scanned_route(result: Result, route: Route) -> Route:
    """Return the route bound to the address that a probe reached, so that one scan sees one server."""
    if result.address is None or result.family not in ("ip4", "ip6"):
        return route
    port = route.proxy.port if route.proxy is not None else route.port
    return replace(route, addresses=(Address(result.address, port, result.family),))


def shown_by(result: Result) -> Shown | None:
    """Return what a probe's handshake has shown, None if there was none."""
    session = result.session if result.success else None
    version = next((number for number, name in VERSIONS.items() if session and name == session.protocol), None)
    return Shown(version, session.cipher, session.group) if session is not None and version is not None else None


async def determine_route(
    prober: Prober,
    route: Route,
    pace: Pace,
    *,
    seconds: float,
    settings: PostureConfig,
    skip: frozenset[str] = frozenset(),
    shown: Shown | None = None,
) -> Posture:
    """Determine the posture of a route, at the pace of its settings. Raises nothing except cancellation."""
    seconds = min(seconds, MAX_SECONDS)
    endpoint = route.target.endpoint
    slot: object = (route.addresses[0].ip, route.addresses[0].port) if route.addresses else endpoint.unix_path

    async def connect() -> Stream:
        if not prober.interruptions.may_interrupt(slot, route.module.starttls):
            raise NetworkError(Reason.STARTTLS_REFUSED, "the server would shut this address out for one more of these")
        deadline = asyncio.get_running_loop().time() + 2 * seconds  # Wire bounds opening and each answer apart
        await prober.slots.acquire(slot)
        try:
            return HeldStream(await open_stream(prober, route, deadline), prober.slots, slot)
        except BaseException:
            prober.slots.release(slot)
            raise

    if prober.interruptions.is_spent(slot, route.module.starttls):
        return turned_away()
    return await determine(
        connect,
        server_name=route.server_name,
        seconds=seconds,
        active=settings.active_checks,
        skip=skip,
        shown=shown,
        clients=settings.clients is not None,
        offers_alpn=route.module.starttls is None,
        wait=lambda: pace.wait(slot, settings.pace),
        farewell=lambda: starttls.farewell(route),
        clock=prober.wall_clock,
    )
