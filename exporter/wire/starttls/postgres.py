"""PostgreSQL (frontend/backend protocol 3.0, "SSL Session Encryption"). No user or database is named."""

from exporter.wire.dialogue import MAX_BYTES, Dialogue, Steps
from exporter.wire.starttls.outcomes import refused, unexpected, unsupported

# SSLRequest: Int32(8) length, Int32(80877103) code
_REQUEST = (8).to_bytes(4) + (80877103).to_bytes(4)
_LENGTH_BYTES = 4


def postgres(host: str, client_name: str = "") -> Steps[bytes]:
    """Ask a PostgreSQL server for TLS."""
    del host, client_name
    server = Dialogue()
    yield from server.send(_REQUEST)
    answer = yield from server.exactly_untrusted(1)
    if answer == b"N":
        raise unsupported(answer)
    if answer == b"E":
        raise refused((yield from _error_message(server)))
    if answer != b"S":
        raise unexpected(answer, "S or N of PostgreSQL")
    return server.leftover()


def _error_message(server: Dialogue) -> Steps[bytes]:
    """ErrorResponse: Int32 length with itself, then fields: a type byte and a string, each closed by NUL."""
    head = yield from server.exactly_untrusted(_LENGTH_BYTES)
    length = int.from_bytes(head) - _LENGTH_BYTES
    if not 0 < length <= MAX_BYTES:  # a server of before 7.4 sends a bare string
        return head + (yield from server.until_untrusted(b"\0"))[:-1]
    fields = (yield from server.exactly_untrusted(length)).split(b"\0")
    return next((field[1:] for field in fields if field.startswith(b"M")), b" / ".join(filter(None, fields)))
