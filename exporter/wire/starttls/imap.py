"""IMAP (RFC 9051 section 6.2.1, RFC 3501 section 6.2.1). Nothing is asked before TLS but the capabilities."""

from exporter.wire.dialogue import Dialogue, Steps
from exporter.wire.starttls.outcomes import refused, unexpected, unsupported

# RFC 9051 section 7.1: the status responses of a greeting and of a tagged command
_GREETING = b"* OK"
_FIRST_WORDS = 2


def imap(host: str, client_name: str = "") -> Steps[bytes]:
    """Ask an IMAP server for TLS."""
    del host, client_name
    server = Dialogue()
    greeting = yield from server.line_untrusted()
    status = _words(greeting)
    if status in (b"* BYE", b"* PREAUTH"):  # RFC 9051 section 7.1.4: STARTTLS is not valid once authenticated
        raise refused(greeting)
    if status != _GREETING:
        raise unexpected(greeting, "an IMAP greeting")
    capabilities = yield from _command(server, b"a1", b"CAPABILITY")
    if b"STARTTLS" not in capabilities.upper().split():
        raise unsupported(capabilities or b"no capabilities")
    yield from _command(server, b"a2", b"STARTTLS")
    return server.leftover()


def _command(server: Dialogue, tag: bytes, command: bytes) -> Steps[bytes]:
    """Send a command and return the text of the CAPABILITY responses that come before its OK."""
    yield from server.send(tag + b" " + command + b"\r\n")
    capabilities = b""
    while (line := (yield from server.line_untrusted())).startswith(b"* "):
        if _words(line) == b"* BYE":
            raise refused(line)
        if _words(line) == b"* CAPABILITY":
            capabilities += line[len(b"* CAPABILITY") :]
    status = _words(line)
    if status in (tag.upper() + b" NO", tag.upper() + b" BAD"):
        raise refused(line)
    if status != tag.upper() + b" OK":
        raise unexpected(line, "an IMAP response")
    return capabilities.strip()


def _words(line: bytes) -> bytes:
    return b" ".join(line.upper().split(b" ", _FIRST_WORDS)[:_FIRST_WORDS])
