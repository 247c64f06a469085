"""One connection of one probe: connect, proxy, STARTTLS, handshake, HTTP, and the `Result` of what was seen."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from OpenSSL import SSL

from exporter.config.model import Module
from exporter.net.reason import NetworkError
from exporter.net.resolve import Address
from exporter.net.stream import Stream
from exporter.probe import dtls, http, http2, starttls
from exporter.probe.connection import connect_to, reach_host, upgrade
from exporter.probe.fast_path import ClientType, FastPathUnavailableError, fast_path_handshake
from exporter.probe.handshake import TLSStream, handshake
from exporter.probe.leave import Place
from exporter.probe.plaintext_flight import read_flight
from exporter.probe.prober import Prober
from exporter.probe.result import BEYOND_CONNECTION, Failure, Handshake, HTTPFacts, Phase, Result
from exporter.probe.route import Route
from exporter.probe.tds_stream import TDSStream
from exporter.probe.trace import Trace
from exporter.wire.clienthello import ClientHello

HTTP_2, HTTP_1 = "h2", "http/1.1"

ShakeHands = Callable[[Stream], Awaitable[tuple[Handshake, Stream | None]]]
"""Completes a handshake on a stream. Returns what it showed, and the stream inside the session if there is one."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What is offered apart from what the module says: the groups (IANA names; none: all), and whether for a staple."""

    groups: tuple[str, ...] = ()
    staple: bool = True


@dataclass(frozen=True, slots=True)
class Attempt:
    """One connection to a route. `deadline` is in the loop's time, `started_at` in Unix seconds.

    `alpn` is what is offered, which may be less than the module's. `place` is what it holds at its address, until it
    has been left.
    """

    prober: Prober
    route: Route
    trace: Trace
    deadline: float
    addresses: tuple[Address, ...]
    started_at: float
    place: Place
    alpn: tuple[str, ...]
    offer: Offer = Offer()

    async def by_openssl(self) -> Result:
        """Make the handshake with OpenSSL. Raises NetworkError if there is no connection."""
        return await self._over_tcp(self._openssl_handshake)

    async def by_fast_path(self, client: ClientType) -> Result:
        """Make the handshake with a client of the fast path. Raises NetworkError, and FastPathUnavailableError."""

        async def shake_hands(stream: Stream) -> tuple[Handshake, Stream | None]:
            offer = self.prober.offers.get(self._context(), asyncio.get_running_loop().time())
            if offer is None:
                raise FastPathUnavailableError("what this module offers cannot be offered by the fast path")
            return await fast_path_handshake(stream, offer.hello(self.route.server_name), client)

        return await self._over_tcp(shake_hands)

    async def by_plaintext_hello(self, hello: ClientHello, failure: Failure) -> Result:
        """Send a hello, and read what comes in plaintext. `failure` is that of the attempt before.

        Raises NetworkError if there is no connection.
        """

        async def read(stream: Stream) -> tuple[Handshake, Stream | None]:
            return await read_flight(stream, hello, failure), None

        return await self._over_tcp(read)

    async def _openssl_handshake(self, stream: Stream) -> tuple[Handshake, Stream | None]:
        context, server_name = self._context(), self.route.server_name
        upgraded, staple = self.route.module.starttls is not None, self.offer.staple
        return await handshake(stream, context, server_name, self.trace.leave_out, staple=staple, upgraded=upgraded)

    def _context(self) -> SSL.Context:
        module, certificate_type = self.route.module, self.route.variant.certificate_type
        groups = self.offer.groups or module.groups
        return self.prober.contexts.get(module.tls_config, self.alpn, certificate_type, groups)

    async def _over_tcp(self, shake_hands: ShakeHands) -> Result:
        route, trace = self.route, self.trace
        connected, address = await connect_to(route, trace, self.deadline, self.addresses)
        stream: Stream = connected
        done = Handshake()
        http_facts: HTTPFacts | None = None
        injected = False
        tls: Stream | None = None
        try:
            stream = await reach_host(connected, route, trace)
            stream, injected = await upgrade(stream, route, trace)
            with trace.during(Phase.HANDSHAKE):
                done, tls = await shake_hands(stream)
                trace.note(describe(done))
            if isinstance(stream, TDSStream):
                stream.end_of_handshake()
            if tls is not None and route.module.http is not None:
                with trace.during(Phase.HTTP):
                    http_facts = await self._request(tls, done)
                    trace.note(http_facts.failure or f"HTTP status {http_facts.status_code}")
                if isinstance(tls, TLSStream) and tls.client_certificate_requested:
                    done = replace(done, client_certificate_requested=True)
        except NetworkError as error:
            done = replace(done, failure=Failure(trace.phase, error.reason, error.detail))
            trace.note(error.detail or error.reason)
        except FastPathUnavailableError:
            stream.finish()
            raise
        except BaseException:
            stream.close()
            raise
        result = self._result(address, done, http_facts, injected=injected)
        self._leave(tls, stream, done.failure)
        return result

    def _leave(self, tls: Stream | None, stream: Stream, failure: Failure | None) -> None:
        """Leave the connection, inside TLS if it came so far, and as its protocol is left."""
        route, farewell = self.route, None
        if tls is not None and failure is None:
            farewell = starttls.farewell(route)
        elif failure is not None and failure.phase is Phase.STARTTLS:
            farewell = starttls.farewell_in_plaintext(route, failure.reason)
        self.prober.departures.leave(tls or stream, farewell, self.place.take_over())

    async def _request(self, tls: Stream, done: Handshake) -> HTTPFacts:
        assert done.session is not None
        ask = http2.request if done.session.alpn == HTTP_2 else http.request
        return await ask(tls, self._http_host(), self.route.path)

    def _http_host(self) -> str:
        settings = self.route.module.http
        return (settings.host if settings is not None else None) or self.route.authority()

    async def by_quic(self) -> Result:
        """Do the same over QUIC, where the connection is there once the server has answered. Raises NetworkError."""
        from exporter.probe import http3, quic  # noqa: PLC0415 - an extra, which few users need

        route, trace = self.route, self.trace
        http_facts: HTTPFacts | None = None
        with trace.during(Phase.CONNECT):
            module = route.module
            endpoint, address = await quic.connect(
                self.addresses, self.deadline, module.source_address, route.server_name, module.alpn, module.tls_config
            )
            trace.note(f"{address.ip} UDP port {address.port} answered")
        try:
            with trace.during(Phase.HANDSHAKE):
                done = await endpoint.handshake()
                trace.note(describe(done))
            if done.failure is None and done.session is not None and route.module.http is not None:
                with trace.during(Phase.HTTP):
                    http_facts = await http3.request(endpoint, self._http_host(), route.path, done.session.alpn)
                    trace.note(http_facts.failure or f"HTTP status {http_facts.status_code}")
        finally:
            endpoint.close()
        return self._result(address, done, http_facts)

    async def by_dtls(self) -> Result:
        """Do the same over DTLS. Raises NetworkError if the server has not answered."""
        route, trace = self.route, self.trace
        with trace.during(Phase.CONNECT):
            module, certificate_type = route.module, route.variant.certificate_type
            context = self.prober.contexts.get(
                module.tls_config, module.alpn, certificate_type, module.groups, dtls=True
            )
            endpoint, address = await dtls.connect(
                self.addresses, self.deadline, module.source_address, context, route.server_name
            )
            trace.note(f"{address.ip} UDP port {address.port} answered")
        try:
            with trace.during(Phase.HANDSHAKE):
                done = await endpoint.handshake()
                trace.note(describe(done))
        finally:
            endpoint.close()
        return self._result(address, done, None)

    def _result(
        self, address: Address | None, done: Handshake, http_facts: HTTPFacts | None, *, injected: bool = False
    ) -> Result:
        """Return the result of an attempt that was connected to an address (None for a Unix socket)."""
        route, trace = self.route, self.trace
        return Result(
            started_at=self.started_at,
            total_seconds=trace.elapsed,
            durations=trace.durations,
            reachable=trace.phase in BEYOND_CONNECTION,
            handshake=done,
            variant=route.variant,
            address=address.ip if address else route.target.endpoint.unix_path,
            family=address.family if address else "unix",
            proxied=route.proxy is not None,
            server_name=route.server_name,
            starttls_injection=injected,
            http=http_facts,
            events=trace.events,
        )


def alpn_at_first(module: Module) -> tuple[str, ...]:
    """Return the ALPN protocols to offer at first: with `http`, HTTP/1.1 alone, for a request over it costs less."""
    if module.http is not None and set(module.alpn) == {HTTP_2, HTTP_1}:
        return (HTTP_1,)
    return module.alpn


def describe(done: Handshake) -> str:
    """Return how a handshake went, for the timeline."""
    if done.failure is not None:
        return done.failure.detail or done.failure.reason
    assert done.session is not None
    return f"{done.session.protocol} {done.session.cipher} {done.session.group}, {len(done.chain)} certificates"
