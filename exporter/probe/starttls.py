"""From plaintext to where TLS begins, and to the end: runs the STARTTLS dialogues of `wire`. It begins no handshake."""

from exporter.net.reason import Reason
from exporter.net.stream import Stream
from exporter.probe.dialogue import converse
from exporter.probe.route import Route
from exporter.wire.dialogue import Steps
from exporter.wire.starttls import PROTOCOLS
from exporter.wire.starttls.farewell import silent

_STILL_LISTENING = frozenset({Reason.STARTTLS_UNSUPPORTED, Reason.STARTTLS_REFUSED})


async def negotiate(stream: Stream, protocol: str, host: str, client_name: str = "") -> bytes:
    """Bring a server to the point where it waits for a ClientHello. Raises NetworkError.

    Returns what the server sent behind its go-ahead, in plaintext. It belongs to no protocol and must not be taken
    for part of the TLS session (CVE-2011-0411): an attacker on the way, or a broken server, put it there.
    """
    return await converse(stream, PROTOCOLS[protocol](host, client_name))


def farewell(route: Route) -> Steps[bytes] | None:
    """Return the dialogue that ends a session inside TLS; None where there is nothing to say."""
    protocol = PROTOCOLS[route.module.starttls] if route.module.starttls else None
    if protocol is None or protocol.leave is silent:
        return None
    return protocol.leave(route.starttls_host, route.starttls_name)


def farewell_in_plaintext(route: Route, reason: Reason) -> Steps[bytes] | None:
    """Return the dialogue that ends a session without TLS, with a server that has understood and turned TLS down."""
    protocol = PROTOCOLS[route.module.starttls] if route.module.starttls else None
    if protocol is None or reason not in _STILL_LISTENING or protocol.leave_in_plaintext is silent:
        return None
    return protocol.leave_in_plaintext(route.starttls_host, route.starttls_name)


def is_framed(route: Route) -> bool:
    """Return whether the handshake travels inside packets, so that data must not follow Finished in the same write."""
    protocol = route.module.starttls
    return protocol is not None and PROTOCOLS[protocol].framed
