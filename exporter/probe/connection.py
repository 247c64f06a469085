"""From a route to a connection on which TLS can begin: resolve, connect, proxy, STARTTLS, each timed as its phase."""

import asyncio
from collections.abc import Callable

from exporter.net.connect import connect, connect_unix
from exporter.net.reason import NetworkError, Reason
from exporter.net.resolve import Address
from exporter.net.stream import SocketStream, Stream
from exporter.probe import proxy, starttls
from exporter.probe.prober import Prober
from exporter.probe.result import Phase
from exporter.probe.route import Route
from exporter.probe.tds_stream import TDSStream
from exporter.probe.trace import Trace
from exporter.wire.proxy_protocol import proxy_header
from exporter.wire.starttls import PROTOCOLS

AddressFilter = Callable[[Address], bool]


async def resolve(
    prober: Prober, route: Route, trace: Trace, deadline: float, allowed: AddressFilter | None = None
) -> tuple[Address, ...]:
    """Return the addresses to connect to: the host's, or its proxy's. Raises NetworkError."""
    host, port = (route.proxy.host, route.proxy.port) if route.proxy else (route.host, route.port)
    with trace.during(Phase.RESOLVE):
        addresses = await prober.resolver.resolve(host, port, route.module.ip_protocol, deadline)
        if allowed is not None:
            addresses = tuple(address for address in addresses if allowed(address))
            if not addresses:
                raise NetworkError(Reason.FORBIDDEN_ADDRESS, f"{host} resolves to no address that may be probed")
        trace.note(f"{host} is " + ", ".join(address.ip for address in addresses))
    return addresses


async def connect_to(
    route: Route, trace: Trace, deadline: float, addresses: tuple[Address, ...]
) -> tuple[SocketStream, Address | None]:
    """Connect to the first address that answers; the address is None for a Unix socket. Raises NetworkError."""
    with trace.during(Phase.CONNECT):
        if route.target.endpoint.unix_path:
            stream = await connect_unix(route.target.endpoint.unix_path, deadline)
            trace.note(f"connected to {route.target.endpoint.unix_path}")
            return stream, None
        stream, address = await connect(addresses, deadline, route.module.source_address)
        trace.note(f"connected to {address.ip} port {address.port}")
        return stream, address


async def reach_host(stream: SocketStream, route: Route, trace: Trace) -> Stream:
    """Have the route's proxy connect to its host, if it has one; then begin with the PROXY header, if it wants one.

    Returns the stream to the host. Raises NetworkError.
    """
    ends = stream.ends()
    through: Stream = stream
    if route.proxy is not None:
        with trace.during(Phase.PROXY):
            through = await proxy.connect_through(stream, route.proxy, route.host, route.port)
            trace.note(f"the proxy connected to {route.host} port {route.port}")
        # Whom the proxy connected to is known where no name was left to it.
        ends = (ends[0], (route.host, route.port)) if ends is not None and route.target.endpoint.is_ip else None
    version = route.module.proxy_protocol
    if version is not None:
        source, destination = ends or (None, None)
        through.write(proxy_header(version, source, destination))
        trace.note(f"sent the PROXY header, {version}")
    return through


async def upgrade(stream: Stream, route: Route, trace: Trace) -> tuple[Stream, bool]:
    """Speak the route's STARTTLS protocol, if it has one, until TLS can begin. Raises NetworkError.

    Returns the stream on which TLS begins, and whether plain text came behind the go-ahead.
    """
    protocol = route.module.starttls
    if protocol is None:
        return stream, False
    with trace.during(Phase.STARTTLS):
        leftover = await starttls.negotiate(stream, protocol, route.starttls_host, route.starttls_name)
        trace.note(f"{protocol} is ready for TLS")
    return TDSStream(stream) if PROTOCOLS[protocol].framed else stream, bool(leftover)


async def open_stream(prober: Prober, route: Route, deadline: float) -> Stream:
    """Open a further connection to a route, past its proxy and STARTTLS, for posture checks. Raises NetworkError."""
    trace = Trace(asyncio.get_running_loop().time)
    addresses: tuple[Address, ...] = ()
    if not route.target.endpoint.unix_path:
        addresses = route.addresses or await resolve(prober, route, trace, deadline)
    connected, _ = await connect_to(route, trace, deadline, addresses)
    stream: Stream = connected
    try:
        stream = await reach_host(connected, route, trace)
        stream, _ = await upgrade(stream, route, trace)
    except NetworkError as error:
        refusal = starttls.farewell_in_plaintext(route, error.reason) if trace.phase is Phase.STARTTLS else None
        prober.departures.leave(stream, refusal)
        raise
    except BaseException:
        stream.close()
        raise
    return stream
