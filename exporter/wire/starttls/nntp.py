"""NNTP (RFC 4642 over RFC 3977). No group or article is ever asked for."""

from exporter.wire.dialogue import Dialogue, Steps
from exporter.wire.starttls.outcomes import unsupported
from exporter.wire.starttls.replies import (
    NOT_IMPLEMENTED,
    demand,
    offers,
    read_block_untrusted,
    read_reply_untrusted,
)


def nntp(host: str, client_name: str = "") -> Steps[bytes]:
    """Ask an NNTP server for TLS."""
    del host, client_name
    server = Dialogue()
    demand((yield from read_reply_untrusted(server)), 200, 201)
    yield from server.send(b"CAPABILITIES\r\n")
    offered = yield from read_reply_untrusted(server)
    if offered.code not in NOT_IMPLEMENTED:  # a server of before RFC 3977 is asked without more ado
        demand(offered, 101)
        capabilities = yield from read_block_untrusted(server)
        if not offers(b"STARTTLS", capabilities):
            raise unsupported(b", ".join(capabilities) or b"no capabilities")
    yield from server.send(b"STARTTLS\r\n")
    answer = yield from read_reply_untrusted(server)
    if answer.code == 500:  # noqa: PLR2004 - RFC 3977 section 3.2.1: unknown command
        raise unsupported(answer.said)
    demand(answer, 382)  # RFC 4642 section 2.2.1: 382, 502 or 580
    return server.leftover()
