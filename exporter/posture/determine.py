"""The posture of one endpoint, from a way to connect to it to the facts: the door of this package."""

import os
import time
from collections.abc import Awaitable, Callable

from exporter.posture.checks import CHECKS, run_checks
from exporter.posture.evidence import RATE_LIMITED, Evidence
from exporter.posture.exchange import Connect, Wire
from exporter.posture.facts import Posture, Shown
from exporter.posture.scan import Scan
from exporter.wire.dialogue import Steps


async def determine(
    connect: Connect,
    *,
    server_name: str | None,
    seconds: float,
    active: bool = False,
    skip: frozenset[str] = frozenset(),
    shown: Shown | None = None,
    clients: bool = False,
    offers_alpn: bool = True,
    wait: Callable[[], Awaitable[None]] | None = None,
    farewell: Callable[[], Steps[bytes] | None] = lambda: None,
    clock: Callable[[], float] = time.time,
    random: Callable[[int], bytes] = os.urandom,
) -> Posture:
    """Determine the posture of an endpoint. Raises nothing except cancellation.

    `connect` opens a fresh connection, past its proxy and STARTTLS; one is open at a time, and `seconds` bounds each.
    `server_name` is sent as SNI and is never an IP literal. `active` adds the active checks; `skip` leaves checks out,
    by name. `clients` sends the hellos of real clients as well, with their ALPN where `offers_alpn`. `shown` is what an
    ordinary handshake with the endpoint has shown. `wait` comes before each connection. `farewell` begins what a
    session inside TLS ends with.
    """
    began = clock()
    wire = Wire(connect, seconds, wait, farewell)
    scan = Scan(Evidence(wire), server_name, random, shown, offers_alpn=offers_alpn)
    wanted = (one for one in CHECKS if (active or not one.active) and (clients or not one.on_request))
    await run_checks(scan, (one for one in wanted if one.name not in skip))
    return await scan.posture(clock(), clock() - began)


def turned_away() -> Posture:
    """Return what a scan that asks nothing finds: nothing, because the server has had enough."""
    return Posture(
        undetermined=dict.fromkeys((one.name for one in CHECKS if not (one.active or one.on_request)), RATE_LIMITED)
    )
