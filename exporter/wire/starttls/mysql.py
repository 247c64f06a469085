"""MySQL and MariaDB (client/server protocol: Protocol::HandshakeV10, Protocol::SSLRequest). No user is named.

There is no go-ahead in this protocol: the server says in its greeting that it can, and the client begins.
"""

import struct

from exporter.wire.dialogue import Dialogue, Steps
from exporter.wire.starttls.outcomes import refused, unexpected, unsupported

_PROTOCOL_10, _PROTOCOL_9, _ERROR = 0x0A, 0x09, 0xFF
_CLIENT_SSL = 0x0800
# int<4> capabilities (LONG_PASSWORD, PROTOCOL_41, SSL, SECURE_CONNECTION), int<4> packet size, int<1> utf8,
# 23 zeros
_SSL_REQUEST = struct.pack("<IIB23x", 0x0001 | 0x0200 | _CLIENT_SSL | 0x8000, 1 << 24, 33)
# after the version string: int<4> thread id, 8 bytes of nonce, a zero, int<2> lower half of the capabilities
_CAPABILITIES = struct.Struct("<4x8x1xH")
_SQL_STATE = 6  # "#HY000" before the message of an error, from protocol 4.1 on


def mysql(host: str) -> Steps[bytes]:
    """Ask a MySQL server for TLS."""
    del host
    server = Dialogue()
    head = yield from server.exactly_untrusted(4)  # int<3> length, int<1> sequence number
    if head[3] != 0:
        raise unexpected(head, "the greeting of a MySQL server")
    greeting = yield from server.exactly_untrusted(int.from_bytes(head[:3], "little"))
    capabilities = _capabilities_untrusted(greeting)
    if not capabilities & _CLIENT_SSL:
        raise unsupported(b"server version " + greeting[1:].partition(b"\0")[0])
    yield from server.say(len(_SSL_REQUEST).to_bytes(3, "little") + b"\1" + _SSL_REQUEST)
    return server.leftover()


def _capabilities_untrusted(greeting: bytes) -> int:
    kind = greeting[0] if greeting else None
    if kind == _ERROR:  # int<2> code, then the message: "Host is blocked", "Too many connections"
        message = greeting[3:]
        raise refused(message[_SQL_STATE:] if message.startswith(b"#") else message)
    if kind == _PROTOCOL_9:
        raise unsupported(b"protocol version 9")
    version, end, rest = greeting.partition(b"\0")
    if kind != _PROTOCOL_10 or not end or len(rest) < _CAPABILITIES.size:
        raise unexpected(version, "the greeting of a MySQL server")
    (capabilities,) = _CAPABILITIES.unpack_from(rest)
    return int(capabilities)
