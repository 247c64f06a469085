"""One probe: the phases in their order under one deadline. It never raises to its caller but for cancellation.

Resolve, connect, proxy, STARTTLS, handshake, HTTP. What each saw goes into a `Result`; nothing is judged here.
"""

import asyncio
import itertools
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from OpenSSL import SSL

from exporter.config.model import Addresses, Module, Transport
from exporter.net.connect import connect, connect_unix
from exporter.net.limiter import KeyedLimiter, Limiter
from exporter.net.reason import NetworkError, Reason
from exporter.net.resolve import Address, Resolver
from exporter.net.stream import Stream
from exporter.probe import http, proxy, starttls
from exporter.probe.attempt import describe, outcome
from exporter.probe.fast_path import FastPathEndpoints, FastPathUnavailableError, Offers, fast_path_handshake
from exporter.probe.handshake import Handshake, handshake
from exporter.probe.openssl_contexts import Contexts
from exporter.probe.redirect import CHECK_SECONDS, RedirectVerdicts
from exporter.probe.result import Failure, HTTPFacts, Phase, Result, Variant
from exporter.probe.route import Route
from exporter.probe.trace import Progress, Trace
from exporter.target import HTTPS_PORT, Target
from exporter.text import printable

AddressFilter = Callable[[Address], bool]
HTTP_PORT = 80
MAX_ROUTES = 32_768


@dataclass(slots=True)
class Prober:
    """What all probes share: the limits, the resolver and the TLS contexts."""

    slots: KeyedLimiter
    turns: Limiter
    resolver: Resolver = field(default_factory=Resolver)
    contexts: Contexts = field(default_factory=Contexts)
    offers: Offers = field(default_factory=Offers)
    fast_path_endpoints: FastPathEndpoints = field(default_factory=FastPathEndpoints)
    redirects: RedirectVerdicts = field(default_factory=RedirectVerdicts)
    wall_clock: Callable[[], float] = time.time


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

    `allowed` refuses addresses after resolution, for targets that strangers may name. `progress` follows the phases.
    `seconds` is how long a probe may take once it has its turn; however long it waits, `deadline` holds.
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
    return Route(target, module, target.endpoint.port or _default_port(module), Variant())


def _default_port(module: Module) -> int:
    return starttls.default_port(module.starttls) if module.starttls else HTTPS_PORT


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
            every = await _resolve(prober, route, trace, deadline, allowed)
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
    except Exception as error:  # noqa: BLE001 - a fault of ours costs this target only
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
        addresses = route.addresses or await _resolve(prober, route, trace, limit, allowed)
        trace.address = addresses[0]
    slot: object = (addresses[0].ip, addresses[0].port) if addresses else route.target.endpoint.unix_path
    trace.enter(Phase.CONNECT)
    if not prober.slots.try_acquire(slot):
        began = clock()
        await _wait_for_slot(prober, slot, deadline)
        trace.leave_out(clock() - began)
    limit = min(deadline, clock() + seconds - trace.elapsed)
    try:
        result = await _connected(prober, route, trace, limit, addresses, started_at)
    finally:
        prober.slots.release(slot)
    return await _with_redirect(prober, route, result, limit)


async def _wait_for_slot(prober: Prober, slot: object, deadline: float) -> None:
    try:
        async with asyncio.timeout_at(deadline):
            await prober.slots.acquire(slot)
    except TimeoutError:
        detail = "other probes of the same address took all the time (global.per_address_concurrency)"
        raise NetworkError(Reason.TIMEOUT, detail) from None


async def _connected(
    prober: Prober,
    route: Route,
    trace: Trace,
    deadline: float,
    addresses: tuple[Address, ...],
    started_at: float,
) -> Result:
    """Everything from the connection on, by the short way if that can do; the result tells how far it came."""
    if route.module.transport is Transport.QUIC:
        return await _quic_attempt(route, trace, deadline, addresses, started_at)
    endpoint = (route.host, route.port, route.server_name, route.variant.address, route.variant.certificate_type)
    now = asyncio.get_running_loop().time()
    if prober.fast_path_endpoints.holds(endpoint, now):
        try:
            return await _attempt(prober, route, trace, deadline, addresses, started_at, _fast_path_handshake)
        except FastPathUnavailableError as error:
            trace.note(f"{error}; once more with OpenSSL")
            prober.fast_path_endpoints.exclude(endpoint, now)
    result = await _attempt(prober, route, trace, deadline, addresses, started_at, _handshake)
    if _wants_http2(route.module, result):
        trace.note("once more with all of the module's protocols, and no request")
        plain = replace(route, module=replace(route.module, http=None))
        result = await _attempt(prober, plain, trace, deadline, addresses, started_at, _handshake)
        return replace(result, http=HTTPFacts(failure="the server speaks HTTP/2 only, which is not asked"))
    prober.fast_path_endpoints.note(endpoint, result)
    return result


def _wants_http2(module: Module, result: Result) -> bool:
    """Tell whether the server turned the probe down for want of HTTP/2, which was left out for the request's sake."""
    refused = result.failure is not None and result.failure.reason is Reason.ALERT_NO_APPLICATION_PROTOCOL
    return refused and offered_alpn(module) != module.alpn


async def _handshake(prober: Prober, route: Route, stream: Stream) -> tuple[Handshake, Stream | None]:
    return await handshake(stream, _context(prober, route), route.server_name)


async def _fast_path_handshake(prober: Prober, route: Route, stream: Stream) -> tuple[Handshake, Stream | None]:
    offer = prober.offers.get(_context(prober, route), asyncio.get_running_loop().time())
    if offer is None:
        raise FastPathUnavailableError("what this module offers cannot be offered by the short way")
    data_follows = route.module.http is not None
    return await fast_path_handshake(stream, offer.hello(route.server_name), data_follows=data_follows)


def _context(prober: Prober, route: Route) -> SSL.Context:
    return prober.contexts.get(route.module.tls_config, offered_alpn(route.module), route.variant.certificate_type)


async def _attempt(
    prober: Prober,
    route: Route,
    trace: Trace,
    deadline: float,
    addresses: tuple[Address, ...],
    started_at: float,
    shake_hands: Callable[[Prober, Route, Stream], Awaitable[tuple[Handshake, Stream | None]]],
) -> Result:
    """Make one connection and complete a handshake on it."""
    stream, address = await _connect(route, trace, deadline, addresses)
    reachable = route.proxy is None
    done = Handshake()
    http_facts: HTTPFacts | None = None
    injected = False
    try:
        if route.proxy is not None:
            stream = await _through_proxy(stream, route, trace)
            reachable = True
        if route.module.starttls:
            injected = await _starttls(stream, route, trace)
        with trace.during(Phase.HANDSHAKE):
            done, tls = await shake_hands(prober, route, stream)
            trace.note(describe(done))
        if tls is not None and route.module.http is not None:
            with trace.during(Phase.HTTP):
                http_facts = await _request(tls, route, done)
                trace.note(http_facts.failure or f"HTTP status {http_facts.status_code}")
    except NetworkError as error:
        done = replace(done, failure=Failure(trace.phase, error.reason, error.detail))
        trace.note(error.detail or error.reason)
    finally:
        stream.close()
    return outcome(route, address, started_at, trace, done, http_facts, reachable=reachable, injected=injected)


async def _quic_attempt(
    route: Route, trace: Trace, deadline: float, addresses: tuple[Address, ...], started_at: float
) -> Result:
    """Do the same over QUIC, where the connection is there when the server has answered at all."""
    from exporter.probe import http3, quic  # noqa: PLC0415 - an extra, which few users need

    http_facts: HTTPFacts | None = None
    with trace.during(Phase.CONNECT):
        alpn, tls_config = route.module.alpn, route.module.tls_config
        endpoint, address = await quic.connect(
            addresses, deadline, route.module.source_address, route.server_name, alpn, tls_config
        )
        trace.note(f"{address.ip} UDP port {address.port} answered")
    try:
        with trace.during(Phase.HANDSHAKE):
            done = await endpoint.handshake()
            trace.note(describe(done))
        if done.failure is None and done.session is not None and route.module.http is not None:
            with trace.during(Phase.HTTP):
                host = route.module.http.host or route.authority()
                http_facts = await http3.request(endpoint, host, route.path, done.session.alpn)
                trace.note(http_facts.failure or f"HTTP status {http_facts.status_code}")
    finally:
        endpoint.close()
    return outcome(route, address, started_at, trace, done, http_facts)


async def open_stream(prober: Prober, route: Route, deadline: float) -> Stream:
    """Open a further connection to a route, past its proxy and STARTTLS, for posture checks. Raises NetworkError."""
    trace = Trace(asyncio.get_running_loop().time)
    addresses: tuple[Address, ...] = ()
    if not route.target.endpoint.unix_path:
        addresses = route.addresses or await _resolve(prober, route, trace, deadline, None)
    stream, _ = await _connect(route, trace, deadline, addresses)
    try:
        if route.proxy is not None:
            stream = await _through_proxy(stream, route, trace)
        if route.module.starttls:
            await _starttls(stream, route, trace)
    except BaseException:
        stream.close()
        raise
    return stream


def offered_alpn(module: Module) -> tuple[str, ...]:
    """Return the ALPN protocols to offer: with `http`, only what the request can be sent over."""
    if module.http is not None and module.alpn == ("h2", "http/1.1"):
        return ("http/1.1",)
    return module.alpn


async def _resolve(
    prober: Prober, route: Route, trace: Trace, deadline: float, allowed: AddressFilter | None
) -> tuple[Address, ...]:
    host, port = (route.proxy.host, route.proxy.port) if route.proxy else (route.host, route.port)
    with trace.during(Phase.RESOLVE):
        addresses = await prober.resolver.resolve(host, port, route.module.ip_protocol, deadline)
        if allowed is not None:
            addresses = tuple(address for address in addresses if allowed(address))
            if not addresses:
                raise NetworkError(Reason.FORBIDDEN_ADDRESS, f"{host} resolves to no address that may be probed")
        trace.note(f"{host} is " + ", ".join(address.ip for address in addresses))
    return addresses


async def _connect(
    route: Route, trace: Trace, deadline: float, addresses: tuple[Address, ...]
) -> tuple[Stream, Address | None]:
    with trace.during(Phase.CONNECT):
        if route.target.endpoint.unix_path:
            stream = await connect_unix(route.target.endpoint.unix_path, deadline)
            trace.note(f"connected to {route.target.endpoint.unix_path}")
            return stream, None
        stream, address = await connect(addresses, deadline, route.module.source_address)
        trace.note(f"connected to {address.ip} port {address.port}")
        return stream, address


async def _through_proxy(stream: Stream, route: Route, trace: Trace) -> Stream:
    assert route.proxy is not None
    with trace.during(Phase.PROXY):
        through = await proxy.connect_through(stream, route.proxy, route.host, route.port)
        trace.note(f"the proxy connected to {route.host} port {route.port}")
        return through


async def _starttls(stream: Stream, route: Route, trace: Trace) -> bool:
    assert route.module.starttls is not None
    with trace.during(Phase.STARTTLS):
        leftover = await starttls.negotiate(stream, route.module.starttls, route.server_name or route.host)
        trace.note(f"{route.module.starttls} is ready for TLS")
    return bool(leftover)


async def _request(tls: Stream, route: Route, done: Handshake) -> HTTPFacts:
    assert route.module.http is not None
    assert done.session is not None
    host = route.module.http.host or route.authority()
    return await http.request(tls, host, route.path, done.session.alpn)


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
        failure=failure,
        variant=route.variant,
        address=trace.address.ip if trace.address else None,
        family=trace.address.family if trace.address else None,
        proxied=route.proxy is not None,
        server_name=route.server_name,
        events=trace.events,
    )
