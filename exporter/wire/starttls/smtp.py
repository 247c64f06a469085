"""SMTP (RFC 3207 over RFC 5321) and LMTP (RFC 2033, the same with LHLO). No mail is ever begun."""

from exporter.wire.dialogue import Dialogue, Steps
from exporter.wire.starttls.outcomes import unsupported
from exporter.wire.starttls.replies import NOT_IMPLEMENTED, demand, offers, read_reply_untrusted

# RFC 5321 section 4.1.1.1 wants the client's own name. A name below .invalid (RFC 6761 section 6.4) is
# well-formed and claims to be nobody; the server's own name would be taken for forgery by many.
NAMELESS = "tls-exporter.invalid"


def smtp(host: str, client_name: str = "") -> Steps[bytes]:
    """Ask an SMTP server for TLS."""
    del host
    return _dialogue(b"EHLO", client_name)


def lmtp(host: str, client_name: str = "") -> Steps[bytes]:
    """Ask an LMTP server for TLS."""
    del host
    return _dialogue(b"LHLO", client_name)


def _dialogue(hello: bytes, client_name: str) -> Steps[bytes]:
    server = Dialogue()
    demand((yield from read_reply_untrusted(server)), 220)
    yield from server.send(hello + b" " + (client_name or NAMELESS).encode("ascii") + b"\r\n")
    offered = yield from read_reply_untrusted(server)
    if offered.code in NOT_IMPLEMENTED:  # a server of before RFC 1869
        raise unsupported(offered.said)
    demand(offered, 250)
    if not offers(b"STARTTLS", offered.texts[1:]):  # the first line is the server's name
        raise unsupported(offered.said)
    yield from server.send(b"STARTTLS\r\n")
    answer = yield from read_reply_untrusted(server)
    demand(answer, 220)  # RFC 3207 section 4: 220, 501 or 454
    return server.leftover()
