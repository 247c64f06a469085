"""How a session ends inside TLS, protocol by protocol: what a polite client says before close_notify.

Servers log a client that merely goes away ("lost connection after STARTTLS"), and tools like fail2ban count those
lines. A farewell is a dialogue as `wire.dialogue` defines it: it sends its message, and reads until the server ends.
"""

from collections.abc import Callable
from typing import TypeAlias

from exporter.wire.dialogue import MAX_BYTES, Steps

Farewell: TypeAlias = Callable[[str, str], Steps[bytes]]
"""Begins a farewell, given the server's and the client's name. It returns nothing of use: b""."""


def silent(host: str, client_name: str) -> Steps[bytes]:
    """Say nothing: close_notify is the end."""
    del host, client_name
    yield from ()
    return b""


def last_word(data: bytes) -> Farewell:
    """Return the farewell that says one thing and waits until the server ends the connection."""

    def begin(host: str, client_name: str) -> Steps[bytes]:
        del host, client_name
        yield data
        yield from until_end()
        return b""

    return begin


def until_end() -> Steps[None]:
    """Read until the server ends the connection, or has sent too much."""
    heard = 0
    while heard <= MAX_BYTES and (arrived := (yield b"")):
        heard += len(arrived)


QUIT = last_word(b"QUIT\r\n")  # SMTP, LMTP, POP3, FTP, NNTP, IRC
LOGOUT = last_word(b"LOGOUT\r\n")  # RFC 5804 section 2.3
TAGGED_LOGOUT = last_word(b"a3 LOGOUT\r\n")  # RFC 9051 section 6.1.3; a1 and a2 came before TLS
# RFC 4511 section 4.3: SEQUENCE { messageID 2, unbindRequest [APPLICATION 2] NULL }
UNBIND = last_word(bytes.fromhex("3005 020102 4200"))
