"""ClientHellos, made by hand to ask one question each (RFC 8446 section 4.1.2).

A hello is a value: what it offers is all it says, and its random comes from the caller. It is never
completed to a handshake, so it holds no key: a TLS 1.3 hello sends an empty key_share and is answered by a
HelloRetryRequest.

Servers and middleboxes are known that drop a hello for its looks: its length, the number of its suites, an extension
that is empty or last, the version of its record. So the looks are a value as well (`HelloShape`), and a question can be
asked again in the looks of a hello that was answered.
"""

import struct
from dataclasses import dataclass, replace
from functools import lru_cache

from exporter.wire.iana import EMPTY_RENEGOTIATION_INFO_SCSV, SSL_3_0, TLS_1_0, TLS_1_2, TLS_1_3
from exporter.wire.records import HANDSHAKE, handshake_message, record
from exporter.wire.serverhello import (
    ALPN,
    ENCRYPT_THEN_MAC,
    EXTENDED_MASTER_SECRET,
    HEARTBEAT,
    KEY_SHARE,
    RENEGOTIATION_INFO,
    SESSION_TICKET,
    SIGNED_CERTIFICATE_TIMESTAMP,
    STATUS_REQUEST,
    SUPPORTED_VERSIONS,
)

SERVER_NAME = 0
SUPPORTED_GROUPS = 10
EC_POINT_FORMATS = 11
SIGNATURE_ALGORITHMS = 13
PADDING = 21

_CLIENT_HELLO = 1
_PEER_ALLOWED_TO_SEND = 1
_RECORD_HEADER = 5
# RFC 7685 section 4: servers exist that hang on a ClientHello of 256 to 511 bytes
_HANGING_SIZES = range(256, 512)
# Numbers without a suite, in the registry's range for private use, that make a list as long as another.
_FILLING_SUITES = tuple(range(0xFF10, 0xFFF0))


@dataclass(frozen=True, slots=True)
class HelloShape:
    """How a hello looks apart from what it asks.

    `suites`: as many as this, by suites that no server knows. `length`: of the whole record, by padding, where the
    hello is shorter. `session_id`: 32 bytes where true. `record_version`: in the record's header.
    `named_versions`: the version also stands in supported_versions, which TLS 1.2 servers may look at
    (RFC 8446 section 4.2.1). `key_share`: there is one, though nothing needs it. `extensions`: also in SSL 3.0, whose
    servers ignore them (RFC 6101 section 5.6.1.2).
    """

    suites: int = 0
    length: int = 0
    session_id: bool = False
    record_version: int = TLS_1_0
    named_versions: bool = False
    key_share: bool = False
    extensions: bool = False


@dataclass(frozen=True, slots=True)
class ClientHello:
    """What a hello offers. `version` is the highest (and in TLS 1.3 the only) version on offer.

    `server_name` is a DNS name; an IP literal is never sent (RFC 6066 section 3), so leave it None for one.
    `compression` offers DEFLATE; `features` asks for every extension whose answer is a fact worth knowing, `staple`
    for an OCSP response. SSL 3.0 hellos carry no extensions, whatever is set here.
    `lower_versions` are offered next to TLS 1.3.
    """

    version: int
    cipher_suites: tuple[int, ...]
    random: bytes
    server_name: str | None = None
    groups: tuple[int, ...] = ()
    signature_schemes: tuple[int, ...] = ()
    alpn: tuple[str, ...] = ()
    compression: bool = False
    features: bool = False
    staple: bool = False
    lower_versions: tuple[int, ...] = ()
    shape: HelloShape = HelloShape()

    def write(self) -> bytes:
        """Return the hello as one record.

        record:    16 | 0301 (0300 for SSL 3.0) | length16
        handshake: 01 | length24 | version16 | random32 | session id | suites | compression methods | extensions
        """
        legacy_version = min(self.version, TLS_1_2)
        body = legacy_version.to_bytes(2) + self.random + _vector(1, self.random if self.shape.session_id else b"")
        body += _vector(2, _numbers(self._suites()))
        body += b"\x02\x01\x00" if self.compression else b"\x01\x00"
        has_extensions = self.version != SSL_3_0 or self.shape.extensions
        if has_extensions:
            extensions = self._extensions()
            body += _vector(2, extensions + self._padding(4 + len(body) + 2 + len(extensions)))
        record_version = self.shape.record_version if has_extensions else SSL_3_0
        return record(HANDSHAKE, record_version, handshake_message(_CLIENT_HELLO, body))

    def with_shape(self, shape: HelloShape) -> "ClientHello":
        """Return the same question in a shape."""
        return replace(self, shape=shape)

    def looks_like(self, other: "ClientHello") -> "ClientHello":
        """Return the same question in the looks of another hello, as far as it fits into them.

        What is asked stays; length, number of suites, optional extensions, session id and record version become the
        other's. A list of suites that is longer than the other's stays longer.
        """
        length = len(other.write())
        alike = replace(
            self,
            alpn=other.alpn,
            features=other.features,
            staple=other.staple,
            compression=other.compression,
            shape=replace(
                other.shape,
                suites=len(other.all_suites),
                length=0,
                named_versions=other.shape.named_versions or other.version == TLS_1_3,
                key_share=other.version == TLS_1_3,
                extensions=other.version != SSL_3_0,
            ),
        )
        return replace(alike, shape=replace(alike.shape, length=length))

    def is_shaped_like(self, other: "ClientHello") -> bool:
        """Return whether the looks are those of another hello."""
        return len(self.write()) == len(other.write()) and len(self.all_suites) == len(other.all_suites)

    def varied(self) -> "ClientHello":
        """Return the same question in other looks: nothing optional, another order, another class of length."""
        is_long = len(self.write()) - _RECORD_HEADER >= _HANGING_SIZES.stop
        return replace(
            self,
            cipher_suites=self.cipher_suites[::-1],
            groups=self.groups,
            signature_schemes=self.signature_schemes[::-1],
            alpn=() if self.alpn else ("h2", "http/1.1"),
            features=False,
            staple=False,
            compression=False,
            shape=HelloShape(
                length=0 if is_long else _HANGING_SIZES.stop + 40 + _RECORD_HEADER,
                session_id=not self.shape.session_id,
                record_version=min(self.version, TLS_1_2) if self.shape.record_version == TLS_1_0 else TLS_1_0,
                named_versions=self.shape.named_versions,
                extensions=not self.shape.extensions and self.version == SSL_3_0,
            ),
        )

    @property
    def all_suites(self) -> tuple[int, ...]:
        """The suites with those that only fill the list, and without signalling ones."""
        return (*self.cipher_suites, *_FILLING_SUITES[: max(0, self.shape.suites - len(self.cipher_suites))])

    def _suites(self) -> tuple[int, ...]:
        return (*self.all_suites, EMPTY_RENEGOTIATION_INFO_SCSV) if self.version == SSL_3_0 else self.all_suites

    def _padding(self, size: int) -> bytes:
        """Return a padding extension where the length that was asked for or RFC 7685 wants one; never an empty one."""
        wanted = self.shape.length - _RECORD_HEADER
        if size >= wanted:
            wanted = _HANGING_SIZES.stop if size in _HANGING_SIZES else 0
        return _extension(PADDING, bytes(max(wanted - size - 4, 1))) if wanted else b""

    def _extensions(self) -> bytes:
        """Return the extensions. The last is never empty: servers exist that then take the hello for cut short."""
        parts = []
        if self.server_name:
            name = b"\x00" + _vector(2, self.server_name.encode("ascii"))
            parts.append(_extension(SERVER_NAME, _vector(2, name)))
        if self.features:
            parts.extend(_FEATURES)
        if self.staple:
            parts.append(_STAPLE)
        if self.groups:
            parts.append(_extension(SUPPORTED_GROUPS, _vector(2, _numbers(self.groups))))
            parts.append(_extension(EC_POINT_FORMATS, b"\x01\x00"))
        if self.version >= TLS_1_2 and self.signature_schemes:
            parts.append(_extension(SIGNATURE_ALGORITHMS, _vector(2, _numbers(self.signature_schemes))))
        if self.alpn:
            names = b"".join(_vector(1, name.encode("ascii")) for name in self.alpn)
            parts.append(_extension(ALPN, _vector(2, names)))
        parts.extend(self._version_extensions())
        return b"".join(parts)

    def _version_extensions(self) -> list[bytes]:
        parts = []
        if self.version < TLS_1_3 or self.lower_versions:
            parts.append(_extension(RENEGOTIATION_INFO, b"\x00"))
        if self.version == TLS_1_3 or self.shape.named_versions:
            versions = _numbers((self.version, *self.lower_versions))
            parts.append(_extension(SUPPORTED_VERSIONS, _vector(1, versions)))
        if self.version == TLS_1_3 or self.shape.key_share:
            parts.append(_extension(KEY_SHARE, _vector(2, b"")))
        return parts


@lru_cache(maxsize=512)
def _numbers(numbers: tuple[int, ...]) -> bytes:
    return struct.pack(f"!{len(numbers)}H", *numbers)


def _vector(width: int, content: bytes) -> bytes:
    return len(content).to_bytes(width) + content


def _extension(number: int, content: bytes) -> bytes:
    return number.to_bytes(2) + _vector(2, content)


_STAPLE = _extension(STATUS_REQUEST, b"\x01\x00\x00\x00\x00")
_FEATURES = (
    _extension(SIGNED_CERTIFICATE_TIMESTAMP, b""),
    _extension(ENCRYPT_THEN_MAC, b""),
    _extension(EXTENDED_MASTER_SECRET, b""),
    _extension(SESSION_TICKET, b""),
    _extension(HEARTBEAT, bytes((_PEER_ALLOWED_TO_SEND,))),
)
