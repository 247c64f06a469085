"""One probe of one target, as a scrape makes it."""

import asyncio

from exporter.config.model import Module
from exporter.net.limiter import KeyedLimiter, Limiter
from exporter.probe.prober import Prober
from exporter.probe.result import Result
from exporter.probe.runner import probe
from exporter.target import Target, parse_endpoint

PROBE_SECONDS = 20.0


def make_prober(**shared: object) -> Prober:
    return Prober(KeyedLimiter(4), Limiter(64), **shared)


async def probe_all(
    prober: Prober, target: str, seconds: float = PROBE_SECONDS, **module: object
) -> tuple[Result, ...]:
    """Probe a target by a module with these settings."""
    deadline = asyncio.get_running_loop().time() + seconds
    return await probe(prober, Target(target, parse_endpoint(target), "test"), Module("test", **module), deadline)


async def probe_one(
    target: str, prober: Prober | None = None, seconds: float = PROBE_SECONDS, **module: object
) -> Result:
    """Probe a target that has one result."""
    own = prober or make_prober()
    try:
        (result,) = await probe_all(own, target, seconds, **module)
    finally:
        await own.departures.all_left()
        if prober is None:
            own.resolver.close()
    return result
