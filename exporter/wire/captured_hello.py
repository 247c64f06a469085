"""A ClientHello that a real client has sent: what it offers, and how it is sent again to another server.

What a client offers decides whether it can connect, so that the bytes stay as captured. Only what belongs to one
connection is replaced: the random, the session id, and the server's name. The key shares stay; nobody has their
secrets, and no handshake is completed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from exporter.wire.clienthello import PADDING, SERVER_NAME, SUPPORTED_GROUPS
from exporter.wire.cursor import Cursor
from exporter.wire.iana import TLS_1_0, TLS_1_3
from exporter.wire.records import HANDSHAKE, WireError, handshake_message, record
from exporter.wire.serverhello import ALPN, KEY_SHARE, SUPPORTED_VERSIONS

_CLIENT_HELLO = 1
_LONGEST_RECORD = 1 << 14


@dataclass(frozen=True)
class CapturedHello:
    """A ClientHello message, taken apart. `extensions` are in the order in which they were sent."""

    version: int
    session_id: bytes
    cipher_suites: tuple[int, ...]
    compressions: bytes
    extensions: tuple[tuple[int, bytes], ...]

    @cached_property
    def _by_type(self) -> Mapping[int, bytes]:
        return dict(self.extensions)

    @cached_property
    def offers_tls13(self) -> bool:
        """True if TLS 1.3 is among the versions."""
        return TLS_1_3 in _numbers(self._by_type.get(SUPPORTED_VERSIONS, b"\0")[1:])

    @cached_property
    def groups(self) -> frozenset[int]:
        """The key exchange groups on offer."""
        return frozenset(_numbers(self._by_type.get(SUPPORTED_GROUPS, b"\0\0")[2:]))

    @cached_property
    def key_shares(self) -> frozenset[int]:
        """The groups with a key share."""
        shares, groups = Cursor(self._by_type.get(KEY_SHARE, b"\0\0")[2:]), set()
        while shares.left:
            groups.add(shares.number_untrusted(2))
            shares.vector_untrusted(2)
        return frozenset(groups)

    @cached_property
    def likeness(self) -> object:
        """What two hellos have in common that any server answers in the same way."""
        fixed = tuple(
            (number, None if number in (SERVER_NAME, KEY_SHARE, PADDING) else content)
            for number, content in self.extensions
        )
        return self.version, bool(self.session_id), self.cipher_suites, self.compressions, fixed, self.key_shares

    def write(self, random: bytes, server_name: str | None, *, alpn: bool = True) -> bytes:
        """Return the hello as records, for a server of this name (None: no SNI).

        `random` are 64 fresh bytes, for random and session id. Without `alpn` that extension is left out: a browser's
        protocols are none that a mail server has.
        """
        body = self.version.to_bytes(2) + random[:32]
        body += _vector(1, random[32 : 32 + len(self.session_id)])
        body += _vector(2, b"".join(number.to_bytes(2) for number in self.cipher_suites))
        body += _vector(1, self.compressions)
        extensions = b"".join(
            number.to_bytes(2) + _vector(2, content)
            for number, content in self._renamed(server_name)
            if alpn or number != ALPN
        )
        if extensions:
            body += _vector(2, extensions)
        message = handshake_message(_CLIENT_HELLO, body)
        parts = (message[start : start + _LONGEST_RECORD] for start in range(0, len(message), _LONGEST_RECORD))
        return b"".join(record(HANDSHAKE, TLS_1_0, part) for part in parts)

    def _renamed(self, server_name: str | None) -> list[tuple[int, bytes]]:
        """Return the extensions with another server's name, and padding that keeps the length where there is some."""
        renamed, longer = [], 0
        for number, content in self.extensions:
            if number != SERVER_NAME:
                renamed.append((number, content))
            elif server_name:
                name = _vector(2, b"\0" + _vector(2, server_name.encode("ascii")))
                longer = len(name) - len(content)
                renamed.append((number, name))
        return [
            (number, bytes(max(len(content) - longer, 1)) if number == PADDING else content)
            for number, content in renamed
        ]


def read_captured_hello(message: bytes) -> CapturedHello:
    """Read a ClientHello message with its header. Raises WireError; what is captured is checked by a test."""
    cursor = Cursor(message)
    if cursor.number_untrusted(1) != _CLIENT_HELLO:
        raise WireError("no ClientHello")
    body = Cursor(cursor.vector_untrusted(3))
    version = body.number_untrusted(2)
    body.take_untrusted(32)
    session_id = body.vector_untrusted(1)
    suites = _numbers(body.vector_untrusted(2))
    compressions = body.vector_untrusted(1)
    block = Cursor(body.vector_untrusted(2) if body.left else b"")
    extensions = []
    while block.left:
        extensions.append((block.number_untrusted(2), block.vector_untrusted(2)))
    return CapturedHello(version, session_id, suites, compressions, tuple(extensions))


def _numbers(content: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(content[start : start + 2]) for start in range(0, len(content) - 1, 2))


def _vector(width: int, content: bytes) -> bytes:
    return len(content).to_bytes(width) + content
