"""One probe: its variants, its limits and its attempts, under one deadline. It never raises except when cancelled.

Resolve, connect, proxy, STARTTLS, handshake, HTTP. What each saw goes into a `Result`; nothing is judged here.
"""

import asyncio
import itertools
import math
from collections.abc import Awaitable, Hashable, Sequence
from dataclasses import replace
from functools import lru_cache

from exporter.config.model import Addresses, Module, Transport
from exporter.config.targets import default_port
from exporter.net.reason import NetworkError, Reason
from exporter.net.resolve import Address
from exporter.net.stream import Stream
from exporter.probe import starttls
from exporter.probe.attempt import Attempt, alpn_at_first
from exporter.probe.connection import AddressFilter, open_stream, resolve
from exporter.probe.fast_path import FastPathUnavailableError
from exporter.probe.http import CLOSED, NOT_HTTP_1
from exporter.probe.leave import Place
from exporter.probe.prober import Prober
from exporter.probe.redirect import CHECK_SECONDS
from exporter.probe.result import Failure, Handshake, Phase, Result, Variant
from exporter.probe.route import Route
from exporter.probe.second_try import tried_again
from exporter.probe.trace import Progress, Trace
from exporter.target import Target
from exporter.text import printable

HTTP_PORT = 80
MAX_ROUTES = 32_768


async def probe(
    prober: Prober,
    target: Target,
    module: Module,
    deadline: float,
    allowed: AddressFilter | None = None,
    progress: Progress | None = None,
    seconds: float = math.inf,
) -> tuple[Result, ...]:
    """Probe one target, with every variant that its module asks for. `deadline` is in the loop's time.

    `allowed` refuses addresses after resolution, for targets that anybody may name. `progress` follows the phases.
    `seconds` is how long a probe may take once its turn has come; however long it waits, `deadline` holds.
    """
    routes = await _routes(prober, target, module, deadline, allowed)
    if isinstance(routes, Result):
        return (routes,)
    if len(routes) == 1:
        return (await probe_route(prober, routes[0], deadline, allowed, progress, seconds),)
    probes = (probe_route(prober, route, deadline, allowed, progress, seconds) for route in routes)
    return tuple(await asyncio.gather(*probes))


@lru_cache(maxsize=MAX_ROUTES)
def plain_route(target: Target, module: Module) -> Route:
    """Return the route to a target without variants."""
    return Route(target, module, target.endpoint.port or default_port(module), Variant())


async def _routes(
    prober: Prober, target: Target, module: Module, deadline: float, allowed: AddressFilter | None
) -> list[Route] | Result:
    """Return a route for each variant; a failed resolution is the one result of the target."""
    route = plain_route(target, module)
    if module.addresses is Addresses.FIRST and not module.server_names and not module.certificate_types:
        return [route]
    every: Sequence[Address | None] = (None,)
    if module.addresses is Addresses.ALL and not target.endpoint.unix_path and route.proxy is None:
        trace = Trace(asyncio.get_running_loop().time)
        try:
            every = await resolve(prober, route, trace, deadline, allowed)
        except NetworkError as error:
            return _failed(prober, route, trace, Failure(trace.phase, error.reason, error.detail))
    names: Sequence[str | None] = module.server_names or (None,)
    types: Sequence[str | None] = module.certificate_types or (None,)
    return [
        replace(
            route,
            variant=Variant(address.ip if address else None, name, certificate_type),
            addresses=(address,) if address else (),
        )
        for address, name, certificate_type in itertools.product(every, names, types)
    ]


async def probe_route(
    prober: Prober,
    route: Route,
    deadline: float,
    allowed: AddressFilter | None = None,
    progress: Progress | None = None,
    seconds: float = math.inf,
) -> Result:
    """Probe one variant of one target, whatever happens."""
    trace = Trace(asyncio.get_running_loop().time, progress)
    try:
        if not prober.turns.try_acquire():
            await prober.turns.acquire()
            trace.leave_out(trace.elapsed)
        try:
            return await _probe_route(prober, route, trace, deadline, allowed, seconds)
        finally:
            prober.turns.release()
    except NetworkError as error:
        return _failed(prober, route, trace, Failure(trace.phase, error.reason, error.detail))
    except Exception as error:  # noqa: BLE001 - a bug of the exporter fails this target only
        detail = f"internal error, please report it: {type(error).__name__}: {error}"
        return _failed(prober, route, trace, Failure(trace.phase, Reason.INTERNAL_ERROR, printable(detail)))


async def _probe_route(
    prober: Prober, route: Route, trace: Trace, deadline: float, allowed: AddressFilter | None, seconds: float
) -> Result:
    clock = asyncio.get_running_loop().time
    started_at = prober.wall_clock()
    addresses: tuple[Address, ...] = ()
    if not route.target.endpoint.unix_path:
        limit = min(deadline, clock() + seconds)
        addresses = route.addresses or await resolve(prober, route, trace, limit, allowed)
        trace.address = addresses[0]
    slot: object = (addresses[0].ip, addresses[0].port) if addresses else route.target.endpoint.unix_path
    trace.enter(Phase.CONNECT)
    if not prober.slots.try_acquire(slot):
        began = clock()
        await _wait_for_slot(prober, slot, deadline)
        trace.leave_out(clock() - began)
    limit = min(deadline, clock() + seconds - trace.elapsed)
    slots = prober.slots
    place = Place(lambda: slots.release(slot))
    try:
        knows = _endpoint(route) in prober.http2_endpoints
        alpn = route.module.alpn if knows else alpn_at_first(route.module)
        attempt = Attempt(prober, route, trace, limit, addresses, started_at, place, alpn)
        result = await _attempts(prober, route, attempt)
    finally:
        place.give_back()
    return await _with_redirect(prober, route, result, limit)


async def _wait_for_slot(prober: Prober, slot: object, deadline: float) -> None:
    try:
        async with asyncio.timeout_at(deadline):
            await prober.slots.acquire(slot)
    except TimeoutError:
        detail = "other probes of the same address took all the time (global.per_address_concurrency)"
        raise NetworkError(Reason.TIMEOUT, detail) from None


def _endpoint(route: Route) -> Hashable:
    """Return what is remembered of: the same host may be another server by another name or address."""
    return route.host, route.port, route.server_name, route.variant.address, route.variant.certificate_type


async def _attempts(prober: Prober, route: Route, attempt: Attempt) -> Result:
    """Make one connection, by the fast path if the endpoint is known for it, or as many as it takes to know more."""
    if route.module.transport is Transport.QUIC:
        return await attempt.by_quic()
    if route.module.transport is Transport.DTLS:
        return await attempt.by_dtls()
    endpoint = _endpoint(route)
    now = asyncio.get_running_loop().time()
    eligible = prober.fast_path and not starttls.is_framed(route)
    client = prober.fast_path_endpoints.client(endpoint, now) if eligible else None
    if client is not None:
        try:
            return await attempt.by_fast_path(client)
        except FastPathUnavailableError as error:
            attempt.trace.note(f"{error}; once more with OpenSSL")
            prober.fast_path_endpoints.exclude(endpoint, now)
    result = await attempt.by_openssl()
    if attempt.alpn != route.module.alpn and _wants_http2(result):
        attempt.trace.note("once more with HTTP/2")
        prober.http2_endpoints.add(endpoint)
        result = await replace(attempt, alpn=route.module.alpn).by_openssl()
    prober.fast_path_endpoints.note(endpoint, result)
    return await tried_again(attempt, result, endpoint)


def _wants_http2(result: Result) -> bool:
    """Return whether the server may speak HTTP/2 only: it refused HTTP/1.1, or agreed to nothing and spoke no HTTP."""
    if result.failure is not None:
        return result.failure.reason is Reason.ALERT_NO_APPLICATION_PROTOCOL
    agreed = result.session.alpn if result.session is not None else ""
    return not agreed and result.http is not None and result.http.failure.startswith((NOT_HTTP_1, CLOSED))


async def _with_redirect(prober: Prober, route: Route, result: Result, deadline: float) -> Result:
    """Add what is known of the way from port 80. Its check is no part of the probe's time."""
    settings = route.module.http
    if settings is None or not settings.redirect_from_port or result.http is None or result.family == "unix":
        return result
    plain = replace(route, port=settings.redirect_from_port, module=replace(route.module, starttls=None))
    if plain.proxy is None and result.address and result.family:
        plain = replace(plain, addresses=(Address(result.address, plain.port, result.family),))

    def open_plain() -> Awaitable[Stream]:
        return open_stream(prober, plain, asyncio.get_running_loop().time() + CHECK_SECONDS)

    host = settings.host or plain.authority(HTTP_PORT)
    key = (route.host, result.address, plain.port, host, route.path)
    prober.redirects.renew(key, open_plain, host, route.path)
    verdict, detail = await prober.redirects.get(key, deadline)
    detail = f"port {plain.port}: {detail}"
    return replace(result, http=replace(result.http, redirects_to_https=verdict, redirect_detail=detail))


def _failed(prober: Prober, route: Route, trace: Trace, failure: Failure) -> Result:
    trace.note(failure.detail or failure.reason)
    return Result(
        started_at=prober.wall_clock() - trace.elapsed,
        total_seconds=trace.elapsed,
        durations=trace.durations,
        handshake=Handshake(failure=failure),
        variant=route.variant,
        address=trace.address.ip if trace.address else None,
        family=trace.address.family if trace.address else None,
        proxied=route.proxy is not None,
        server_name=route.server_name,
        events=trace.events,
    )
