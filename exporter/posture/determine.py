"""The posture of one endpoint, from a way to connect to it to the facts: the door of this package."""

import os
import time
from collections.abc import Callable

from exporter.posture.active_checks import run_active_checks
from exporter.posture.evidence import Evidence
from exporter.posture.exchange import Connect, Wire
from exporter.posture.facts import Check, Posture
from exporter.posture.scan import Scan


async def determine(
    connect: Connect,
    *,
    server_name: str | None,
    seconds: float,
    active: bool = False,
    skip: frozenset[Check] = frozenset(),
    clock: Callable[[], float] = time.time,
    random: Callable[[int], bytes] = os.urandom,
) -> Posture:
    """Determine the posture of an endpoint. Never raises but for cancellation.

    `connect` opens a fresh connection, past its proxy and STARTTLS; one is open at a time, and `seconds` bounds each.
    `server_name` is sent as SNI and is never an IP literal. `active` adds the active checks; `skip` leaves checks out.
    """
    began = clock()
    evidence = Evidence(Wire(connect, seconds))
    scan = Scan(evidence, server_name, random, skip=skip)
    await scan.run()
    if active and not evidence.given_up:
        await run_active_checks(scan)
    return await scan.posture(clock(), clock() - began)
