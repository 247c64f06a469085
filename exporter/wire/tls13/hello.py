"""The ClientHello of the TLS 1.3 client: another client's hello with the random, the name and the keys replaced.

So it offers to the byte what that client offers, and a server chooses the same for both. An offer is made once for a
kind of probe; a hello is then a few slices put together.
"""

import os
import struct
from dataclasses import dataclass
from functools import lru_cache

from exporter.wire.cursor import Cursor
from exporter.wire.records import HANDSHAKE, WireError
from exporter.wire.serverhello import ALPN, KEY_SHARE
from exporter.wire.tls13.key_shares import GROUPS, KeyShares
from exporter.wire.tls13.messages import SERVER_NAME

_MAX_NAMES = 16_384  # of servers whose extension is kept
_RECORD_HEADER = 5
_MESSAGE_HEADER = 4
_CLIENT_HELLO = 1
_VERSION_IN_RECORD = 0x0301  # section 5.1: 0301 in the record of an initial ClientHello, for compatibility
RANDOM_LENGTH = 32
_HEADER = struct.Struct("!BHHI")  # record: type8 | version16 | length16, then the message: type8 | length24
_LENGTH_WITHOUT = 2 + RANDOM_LENGTH + 1 + RANDOM_LENGTH + 2  # a message's, without suites and extensions


@dataclass(frozen=True, slots=True)
class Hello:
    """One hello: its record, and what the answer is checked against."""

    record: bytes
    session_id: bytes
    alpn: frozenset[bytes]
    shares: KeyShares

    @property
    def message(self) -> bytes:
        """The handshake message, for the transcript."""
        return self.record[_RECORD_HEADER:]


@dataclass(frozen=True, slots=True)
class Offer:
    """What hellos of one kind offer: all of them but random, session id and server name."""

    version: bytes
    suites: bytes  # and the compression methods
    extensions: bytes
    alpn: frozenset[bytes]
    shares: KeyShares

    def hello(self, server_name: str | None) -> Hello:
        """Return a hello for a server name (None for an IP literal, RFC 6066 section 3)."""
        random = os.urandom(2 * RANDOM_LENGTH)
        session_id = random[RANDOM_LENGTH:]
        name = _server_name(server_name) if server_name else b""
        block = len(name) + len(self.extensions)
        length = _LENGTH_WITHOUT + len(self.suites) + block
        header = _HEADER.pack(HANDSHAKE, _VERSION_IN_RECORD, _MESSAGE_HEADER + length, _CLIENT_HELLO << 24 | length)
        random = random[:RANDOM_LENGTH]
        parts = (header, self.version, random, b"\x20", session_id, self.suites, block.to_bytes(2), name)
        return Hello(b"".join((*parts, self.extensions)), session_id, self.alpn, self.shares)


@lru_cache(maxsize=_MAX_NAMES)
def _server_name(server_name: str) -> bytes:
    """Return the extension that names a server (RFC 6066 section 3)."""
    return _extension(SERVER_NAME, _vector(2, b"\x00" + _vector(2, server_name.encode("ascii"))))


def read_offer(hello: bytes, shares: KeyShares) -> Offer:
    """Take an offer from another client's hello, which is one record. Raises WireError without known key shares."""
    cursor = Cursor(hello[_RECORD_HEADER + _MESSAGE_HEADER :])
    version = cursor.take_untrusted(2)
    cursor.take_untrusted(RANDOM_LENGTH)
    cursor.vector_untrusted(1)
    suites = _vector(2, cursor.vector_untrusted(2)) + _vector(1, cursor.vector_untrusted(1))
    block = Cursor(cursor.vector_untrusted(2))
    parts: list[bytes] = []
    alpn: frozenset[bytes] = frozenset()
    offers_keys = False
    while block.left:
        number, content = block.number_untrusted(2), block.vector_untrusted(2)
        if number == KEY_SHARE:
            content = _with_own_keys(content, shares)
            offers_keys = True
        elif number == ALPN:
            alpn = frozenset(_names(content))
        if number != SERVER_NAME:
            parts.append(_extension(number, content))
    if not offers_keys:
        raise WireError("a hello without key shares")
    return Offer(version, suites, b"".join(parts), alpn, shares)


def _with_own_keys(content: bytes, shares: KeyShares) -> bytes:
    entries = Cursor(Cursor(content).vector_untrusted(2))
    groups = []
    while entries.left:
        groups.append(entries.number_untrusted(2))
        entries.vector_untrusted(2)
    if not groups or not GROUPS.issuperset(groups):
        raise WireError("key shares of groups that are not known here")
    return _vector(2, b"".join(group.to_bytes(2) + _vector(2, shares.public[group]) for group in groups))


def _names(content: bytes) -> list[bytes]:
    names = Cursor(Cursor(content).vector_untrusted(2))
    found = []
    while names.left:
        found.append(names.vector_untrusted(1))
    return found


def _vector(width: int, content: bytes) -> bytes:
    return len(content).to_bytes(width) + content


def _extension(number: int, content: bytes) -> bytes:
    return number.to_bytes(2) + _vector(2, content)
