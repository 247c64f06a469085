"""NATS (client protocol, "INFO"): the server says in its first line whether it speaks TLS. No client is named.

There is no go-ahead: a client that wants TLS begins with it after the INFO line. A server with `handshake_first` has
TLS from the first byte and needs no STARTTLS.
"""

import json

from exporter.wire.dialogue import Dialogue, Steps
from exporter.wire.starttls.outcomes import refused, unexpected, unsupported

_INFO = b"INFO"
_ERROR = b"-ERR"


def nats(host: str, client_name: str = "") -> Steps[bytes]:
    """Ask a NATS server for TLS."""
    del host, client_name
    server = Dialogue()
    line = yield from server.line_untrusted()
    operation, _, argument = line.partition(b" ")
    if operation.upper() == _ERROR:
        raise refused(argument)
    if operation.upper() != _INFO:
        raise unexpected(line, "the INFO of a NATS server")
    information = _information_untrusted(argument)
    if information.get("tls_required") is not True and information.get("tls_available") is not True:
        raise unsupported(b"neither tls_required nor tls_available")
    return server.leftover()


def _information_untrusted(argument: bytes) -> dict[str, object]:
    try:
        information = json.loads(argument)
    except (ValueError, RecursionError):
        raise unexpected(argument, "the JSON of a NATS server") from None
    if not isinstance(information, dict):
        raise unexpected(argument, "the JSON of a NATS server")
    return information
