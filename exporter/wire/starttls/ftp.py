"""FTP (RFC 4217 section 4 over RFC 959). No user logs in; the data connection is not touched."""

from exporter.wire.dialogue import Dialogue, Steps
from exporter.wire.starttls.outcomes import unsupported
from exporter.wire.starttls.replies import NOT_IMPLEMENTED, demand, read_reply_untrusted

# RFC 2228 section 3: 504 is a mechanism that the server does not know. RFC 959: 530 is "not logged in", the
# answer of servers without TLS that know no command but USER before the login.
_NO_TLS = NOT_IMPLEMENTED | {504, 530}


def ftp(host: str, client_name: str = "") -> Steps[bytes]:
    """Ask an FTP server for TLS on its control connection."""
    del host, client_name
    server = Dialogue()
    greeting = yield from read_reply_untrusted(server, free_text=True)
    if greeting.code == 120:  # noqa: PLR2004 - RFC 959 section 5.4: "service ready in nnn minutes", 220 follows
        greeting = yield from read_reply_untrusted(server, free_text=True)
    demand(greeting, 220)
    yield from server.send(b"AUTH TLS\r\n")
    answer = yield from read_reply_untrusted(server, free_text=True)
    if answer.code in _NO_TLS:
        raise unsupported(answer.said)
    demand(answer, 234)
    return server.leftover()
