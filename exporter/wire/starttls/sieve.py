"""ManageSieve (RFC 5804 sections 1.7 and 2.2). No script is ever named."""

import re

from exporter.wire.dialogue import Dialogue, Steps
from exporter.wire.starttls.outcomes import refused, unexpected, unsupported

# RFC 5804 section 4: response = response-oknobye CRLF;  literal-s2c = "{" number "}" CRLF *OCTET
_STATUS = re.compile(rb"(OK|NO|BYE)(?: |\Z)", re.IGNORECASE)
_LITERAL = re.compile(rb"\{([0-9]{1,5})\+?\}\Z")


def sieve(host: str, client_name: str = "") -> Steps[bytes]:
    """Ask a ManageSieve server for TLS."""
    del host, client_name
    server = Dialogue()
    capabilities = yield from _response(server)
    if not any(line.upper().startswith(b'"STARTTLS"') for line in capabilities):
        raise unsupported(b", ".join(capabilities) or b"no capabilities")
    yield from server.send(b"STARTTLS\r\n")
    yield from _response(server)
    return server.leftover()


def _response(server: Dialogue) -> Steps[list[bytes]]:
    """Return the lines before an OK."""
    lines: list[bytes] = []
    while not (status := _STATUS.match(line := (yield from _logical_line(server)))):
        if not line.startswith((b'"', b"{")):  # section 1.7: every capability is a string
            raise unexpected(line, "a ManageSieve response")
        lines.append(line)
    if status[1].upper() != b"OK":
        raise refused(line)
    return lines


def _logical_line(server: Dialogue) -> Steps[bytes]:
    """Return a line with its literals in it."""
    whole = line = yield from server.line_untrusted()
    while literal := _LITERAL.search(line):
        text = yield from server.exactly_untrusted(int(literal[1]))
        line = yield from server.line_untrusted()
        whole += b" " + text + line
    return whole
