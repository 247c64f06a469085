"""POP3 (RFC 2595 section 4, RFC 2449 for CAPA). No user is ever named."""

from exporter.wire.dialogue import Dialogue, Steps
from exporter.wire.starttls.outcomes import refused, unexpected, unsupported
from exporter.wire.starttls.replies import offers, read_block_untrusted


def pop3(host: str, client_name: str = "") -> Steps[bytes]:
    """Ask a POP3 server for TLS."""
    del host, client_name
    server = Dialogue()
    greeting = yield from server.line_untrusted()
    if not _is_ok(greeting):
        raise refused(greeting)
    yield from server.send(b"CAPA\r\n")
    has_capa = _is_ok((yield from server.line_untrusted()))
    if has_capa:
        capabilities = yield from read_block_untrusted(server)
        if not offers(b"STLS", capabilities):
            raise unsupported(b", ".join(capabilities) or b"no capabilities")
    yield from server.send(b"STLS\r\n")
    answer = yield from server.line_untrusted()
    if not _is_ok(answer):  # without CAPA (RFC 2449) an error is how a server tells that it knows no STLS
        raise refused(answer) if has_capa else unsupported(answer)
    return server.leftover()


def _is_ok(line: bytes) -> bool:
    """RFC 1939 section 3: "+OK" or "-ERR", in upper case."""
    status = line.split(b" ", 1)[0].upper()
    if status not in (b"+OK", b"-ERR"):
        raise unexpected(line, "a POP3 response")
    return status == b"+OK"
