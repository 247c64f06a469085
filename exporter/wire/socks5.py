"""SOCKS version 5 (RFC 1928) with or without user and password (RFC 1929). CONNECT only; no GSSAPI, no UDP.

A dialogue as `wire.dialogue` defines it; what follows the proxy's answer comes from the peer behind it.
"""

import ipaddress

from exporter.wire.dialogue import (
    Dialogue,
    DialogueError,
    DialogueReason,
    Steps,
    printable_untrusted,
)

_VERSION, _USER_VERSION = 5, 1
_NO_AUTHENTICATION, _USER_PASSWORD, _NONE_ACCEPTABLE = 0, 2, 0xFF
_CONNECT = 1
_IP4, _NAME, _IP6 = 1, 3, 4
_ADDRESS_BYTES = {_IP4: 4, _IP6: 16}
_LONGEST = 255  # bytes of a name, user or password, which follow a length of one byte

# RFC 1928 section 6
_REPLIES = {
    1: "general SOCKS server failure",
    2: "connection not allowed by ruleset",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "TTL expired",
    7: "command not supported",
    8: "address type not supported",
}


def socks5(host: str, port: int, username: str | None = None, password: str = "") -> Steps[bytes]:
    """Ask a SOCKS proxy for a connection. The name is resolved by the proxy."""
    proxy = Dialogue()
    methods = [_NO_AUTHENTICATION] if username is None else [_NO_AUTHENTICATION, _USER_PASSWORD]
    # section 3:  VER 1 | NMETHODS 1 | METHODS 1-255  ->  VER 1 | METHOD 1
    yield from proxy.send(bytes([_VERSION, len(methods), *methods]))
    answer = yield from proxy.exactly_untrusted(2)
    if answer[0] != _VERSION or answer[1] not in (*methods, _NONE_ACCEPTABLE):
        raise _unexpected(answer)
    if answer[1] == _NONE_ACCEPTABLE:
        raise _unauthorized("the proxy wants another way to authenticate than was offered")
    if answer[1] == _USER_PASSWORD:
        yield from _authenticate(proxy, username or "", password)
    yield from proxy.send(bytes([_VERSION, _CONNECT, 0]) + _address(host) + port.to_bytes(2))
    yield from _reply(proxy)
    return proxy.leftover()


def _authenticate(proxy: Dialogue, username: str, password: str) -> Steps[None]:
    """RFC 1929 section 2:  VER 1 | ULEN 1 | UNAME | PLEN 1 | PASSWD  ->  VER 1 | STATUS 1."""
    user, secret = username.encode(), password.encode()
    if len(user) > _LONGEST or len(secret) > _LONGEST:
        raise _unauthorized("a user or password of more than 255 bytes cannot be sent")
    yield from proxy.send(
        b"".join((bytes([_USER_VERSION, len(user)]), user, bytes([len(secret)]), secret)),
    )
    answer = yield from proxy.exactly_untrusted(2)
    if answer[1] != 0:
        raise _unauthorized("the proxy does not accept the user and password")


def _address(host: str) -> bytes:
    """Section 5:  ATYP 1 | address: 4 bytes, 16 bytes, or a length of one byte and a name."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        name = host.encode("ascii")[:_LONGEST]
        return bytes([_NAME, len(name)]) + name
    return bytes([_IP4 if address.version == 4 else _IP6]) + address.packed  # noqa: PLR2004 - IPv4


def _reply(proxy: Dialogue) -> Steps[None]:
    """Section 6:  VER 1 | REP 1 | RSV 1 | ATYP 1 | BND.ADDR | BND.PORT 2."""
    head = yield from proxy.exactly_untrusted(4)
    if head[0] != _VERSION:
        raise _unexpected(head)
    if head[1] != 0:  # section 6: the proxy closes after it, and not every one sends the address
        said = _REPLIES.get(head[1], f"reply {head[1]}")
        raise DialogueError(DialogueReason.PROXY_REFUSED, f"the proxy said: {said}")
    length = _ADDRESS_BYTES.get(head[3])
    if head[3] == _NAME:
        length = (yield from proxy.exactly_untrusted(1))[0]
    if length is None:
        raise _unexpected(head)
    yield from proxy.exactly_untrusted(length + 2)


def _unauthorized(detail: str) -> DialogueError:
    return DialogueError(DialogueReason.PROXY_AUTHENTICATION_REQUIRED, detail)


def _unexpected(said: bytes) -> DialogueError:
    detail = f"not an answer of a SOCKS5 proxy: {printable_untrusted(said)}"
    return DialogueError(DialogueReason.PROXY_PROTOCOL_ERROR, detail)
