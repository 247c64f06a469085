"""MySQL and MariaDB (client/server protocol: Protocol::HandshakeV10, Protocol::SSLRequest). No user is named.

There is no go-ahead in this protocol: the server says in its greeting that it can, and the client begins.

A server counts each client that goes away before it has answered who it is, and shuts an address out once
`max_connect_errors` (100) came in a row (measured on MariaDB 10.11: performance_schema.host_cache, column
SUM_CONNECT_ERRORS); a login that is refused does not count. So a session ends with a login that is refused: that of
the user without a name, whom fail2ban's filter does not match either. Where there is such an account, COM_QUIT follows.
"""

import struct

from exporter.wire.dialogue import Dialogue, Steps
from exporter.wire.starttls.farewell import until_end
from exporter.wire.starttls.outcomes import refused, unexpected, unsupported

_PROTOCOL_10, _PROTOCOL_9, _ERROR = 0x0A, 0x09, 0xFF
_CLIENT_SSL = 0x0800
# int<4> capabilities (LONG_PASSWORD, PROTOCOL_41, SSL, SECURE_CONNECTION), int<4> packet size, int<1> utf8,
# 23 zeros
_SSL_REQUEST = struct.pack("<IIB23x", 0x0001 | 0x0200 | _CLIENT_SSL | 0x8000, 1 << 24, 33)
# the same with PLUGIN_AUTH; user, length of the password and plugin: none, 0, the oldest
_LOGIN = 0x0001 | 0x0200 | 0x8000 | 0x80000
_NOBODY = b"\0\0mysql_native_password\0"
_RESPONSE = struct.pack("<IIB23x", _LOGIN | _CLIENT_SSL, 1 << 24, 33) + _NOBODY
_RESPONSE_IN_PLAINTEXT = struct.pack("<IIB23x", _LOGIN, 1 << 24, 33) + _NOBODY
_OK, _AUTH_MORE, _AUTH_SWITCH, _COM_QUIT = 0x00, 0x01, 0xFE, b"\x01"
_FAST_AUTH_SUCCEEDED = b"\x01\x03"
_NATIVE = b"\xfemysql_native_password\0"
_MOST_ROUNDS = 4
# after the version string: int<4> thread id, 8 bytes of nonce, a zero, int<2> lower half of the capabilities
_CAPABILITIES = struct.Struct("<4x8x1xH")
_SQL_STATE = 6  # "#HY000" before the message of an error, from protocol 4.1 on


def mysql(host: str, client_name: str = "") -> Steps[bytes]:
    """Ask a MySQL server for TLS."""
    del host, client_name
    server = Dialogue()
    head = yield from server.exactly_untrusted(4)  # int<3> length, int<1> sequence number
    if head[3] != 0:
        raise unexpected(head, "the greeting of a MySQL server")
    greeting = yield from server.exactly_untrusted(int.from_bytes(head[:3], "little"))
    capabilities = _capabilities_untrusted(greeting)
    if not capabilities & _CLIENT_SSL:
        raise unsupported(b"server version " + greeting[1:].partition(b"\0")[0])
    yield from server.send(_packet(1, _SSL_REQUEST))
    return server.leftover()


def leave_mysql(host: str, client_name: str = "") -> Steps[bytes]:
    """Answer who the client is (Protocol::HandshakeResponse41): nobody. Then end as the server's answer wants it."""
    del host, client_name
    return _refused_login(2, _RESPONSE)


def leave_mysql_in_plaintext(host: str, client_name: str = "") -> Steps[bytes]:
    """Do the same with a server that has greeted and offered no TLS; no password is sent."""
    del host, client_name
    return _refused_login(1, _RESPONSE_IN_PLAINTEXT)


def _refused_login(number: int, response: bytes) -> Steps[bytes]:
    server = Dialogue()
    yield from server.send(_packet(number, response))
    for _ in range(_MOST_ROUNDS):
        head = yield from server.exactly_untrusted(4)
        answer = yield from server.exactly_untrusted(int.from_bytes(head[:3], "little"))
        kind = answer[0] if answer else None
        if kind == _OK:
            yield from server.send(_packet(0, _COM_QUIT))
            break
        if kind not in (_AUTH_SWITCH, _AUTH_MORE):
            break
        if answer == _FAST_AUTH_SUCCEEDED:  # of caching_sha2_password; OK follows
            continue
        # the password, which is none, in the form that each authentication plugin wants
        password = b"" if answer.startswith(_NATIVE) else b"\0"
        yield from server.send(_packet((head[3] + 1) & 0xFF, password))
    yield from until_end()
    return b""


def _packet(number: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "little") + bytes((number,)) + payload


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
