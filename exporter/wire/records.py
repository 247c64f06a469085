"""TLS records and the handshake messages in them: bytes in, records and messages out (RFC 8446 section 5.1).

Nothing is decrypted, and nothing is kept beyond fixed limits: a peer that announces more than is worth
reading is refused when it announces it, not when memory is full.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

CHANGE_CIPHER_SPEC = 20
ALERT = 21
HANDSHAKE = 22
APPLICATION_DATA = 23
HEARTBEAT = 24
CONTENT_TYPES = frozenset((CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA, HEARTBEAT))

WARNING = 1
FATAL = 2

ALERT_LENGTH = 2
_MAJOR = 3  # of every SSL and TLS version since SSL 3.0

MAX_HANDSHAKE = 100 * 1024  # bytes of handshake that are read from one peer
MAX_RECORD = (1 << 14) + 2048  # RFC 5246 section 6.2.3: the longest a ciphertext may be

#     type, version, length
_HEADER = struct.Struct("!BHH")
_MESSAGE_HEADER = 4  # type, length in 24 bits


class WireError(Exception):
    """The bytes of a peer break the protocol, or go beyond what is read. The only error of this room."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it was sent: its content type, the version in its header, its content."""

    type: int
    version: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert in plaintext (RFC 8446 section 6)."""

    level: int
    code: int


@dataclass(frozen=True, slots=True)
class Message:
    """One handshake message, without its header."""

    type: int
    body: bytes


def looks_like_tls_untrusted(data: bytes) -> bool:
    """Return whether bytes can be the beginning of TLS records; no bytes at all can."""
    if data[:1] and data[0] not in CONTENT_TYPES:
        return False
    if len(data) < _HEADER.size:
        return data[:1] == bytes((ALERT,)) or len(data) < 2 or data[1] == _MAJOR  # noqa: PLR2004 - a type, a version
    content_type, version, length = _HEADER.unpack_from(data)
    return _is_record(content_type, version, length) and length <= MAX_RECORD


def _is_record(content_type: int, version: int, length: int) -> bool:
    """Return whether a header can be that of a record.

    An alert may have any version: servers refuse a version that they do not know in a record of that version (0x0002
    for SSL 2.0) or of version 0.
    """
    if content_type == ALERT and length == ALERT_LENGTH:
        return True
    return content_type in CONTENT_TYPES and version >> 8 == _MAJOR


class RecordReader:
    """Cuts a stream of bytes into records; it keeps only the record that is not complete."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed_untrusted(self, data: bytes) -> Iterator[Record]:
        """Yield the records that are complete now. Raises WireError where the bytes are no record."""
        self._waiting += data
        while len(self._waiting) >= _HEADER.size:
            content_type, version, length = _HEADER.unpack_from(self._waiting)
            if not _is_record(content_type, version, length):
                raise WireError(f"no TLS record: it begins with {bytes(self._waiting[:5]).hex()}")
            if length > MAX_RECORD:
                raise WireError(f"a record of {length} bytes, longer than RFC 8446 section 5.2 allows")
            end = _HEADER.size + length
            if len(self._waiting) < end:
                return
            content = bytes(self._waiting[_HEADER.size : end])
            del self._waiting[:end]
            yield Record(content_type, version, content)

    @property
    def pending(self) -> int:
        """How many bytes of an incomplete record wait."""
        return len(self._waiting)


class HandshakeReader:
    """Puts handshake messages together from handshake records, however they are split or packed."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._total = 0

    def feed_untrusted(self, content: bytes) -> Iterator[Message]:
        """Yield the messages that are complete now. Raises WireError beyond MAX_HANDSHAKE bytes."""
        self._total += len(content)
        if self._total > MAX_HANDSHAKE:
            raise WireError(f"more than {MAX_HANDSHAKE} bytes of handshake")
        self._waiting += content
        while len(self._waiting) >= _MESSAGE_HEADER:
            length = int.from_bytes(self._waiting[1:4])
            if length > MAX_HANDSHAKE:
                raise WireError(f"a handshake message that claims {length} bytes")
            end = _MESSAGE_HEADER + length
            if len(self._waiting) < end:
                return
            message = Message(self._waiting[0], bytes(self._waiting[_MESSAGE_HEADER:end]))
            del self._waiting[:end]
            yield message


def read_alert_untrusted(content: bytes) -> Alert:
    """Read the content of an alert record. Raises WireError, also for an encrypted one."""
    if len(content) != ALERT_LENGTH:
        raise WireError(f"an alert of {len(content)} bytes")
    return Alert(content[0], content[1])


def record(content_type: int, version: int, content: bytes) -> bytes:
    """Write one record."""
    return _HEADER.pack(content_type, version, len(content)) + content


def handshake_message(message_type: int, body: bytes) -> bytes:
    """Write one handshake message."""
    return bytes((message_type,)) + len(body).to_bytes(3) + body


def change_cipher_spec(version: int) -> bytes:
    """Write a ChangeCipherSpec (RFC 5246 section 7.1)."""
    return record(CHANGE_CIPHER_SPEC, version, b"\x01")


def alert(level: int, code: int, version: int) -> bytes:
    """Write an alert in plaintext."""
    return record(ALERT, version, bytes((level, code)))
