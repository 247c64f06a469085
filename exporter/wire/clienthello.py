"""ClientHellos, made by hand to ask one question each (RFC 8446 section 4.1.2).

A hello is a value: what it offers is all it says, and its random comes from the caller. It is never
completed to a handshake, so it holds no key: a TLS 1.3 hello sends an empty key_share and is answered by a
HelloRetryRequest.
"""

import struct
from dataclasses import dataclass
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
# RFC 7685 section 4: servers exist that hang on a ClientHello of 256 to 511 bytes
_HANGING_SIZES = range(256, 512)


@dataclass(frozen=True, slots=True)
class ClientHello:
    """What a hello offers. `version` is the highest (and in TLS 1.3 the only) version on offer.

    `server_name` is a DNS name; an IP literal is never sent (RFC 6066 section 3), so leave it None for one.
    `compression` offers DEFLATE; `features` asks for every extension whose answer is a fact worth knowing.
    SSL 3.0 hellos carry no extensions, whatever is set here.
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

    def write(self) -> bytes:
        """Return the hello as one record.

        record:    16 | 0301 (0300 for SSL 3.0) | length16
        handshake: 01 | length24 | version16 | random32 | 00 | suites | compression methods | extensions
        """
        legacy_version = min(self.version, TLS_1_2)
        body = legacy_version.to_bytes(2) + self.random + b"\x00"
        body += _vector(2, _numbers(self._suites()))
        body += b"\x02\x01\x00" if self.compression else b"\x01\x00"
        if self.version != SSL_3_0:
            extensions = self._extensions()
            size = 4 + len(body) + 2 + len(extensions)
            if size in _HANGING_SIZES:
                extensions += _extension(PADDING, bytes(max(_HANGING_SIZES.stop - size - 4, 0)))
            body += _vector(2, extensions)
        return record(HANDSHAKE, min(self.version, TLS_1_0), handshake_message(_CLIENT_HELLO, body))

    def _suites(self) -> tuple[int, ...]:
        return (*self.cipher_suites, EMPTY_RENEGOTIATION_INFO_SCSV) if self.version == SSL_3_0 else self.cipher_suites

    def _extensions(self) -> bytes:
        parts = []
        if self.server_name:
            name = b"\x00" + _vector(2, self.server_name.encode("ascii"))
            parts.append(_extension(SERVER_NAME, _vector(2, name)))
        if self.groups:
            parts.append(_extension(SUPPORTED_GROUPS, _vector(2, _numbers(self.groups))))
            parts.append(_extension(EC_POINT_FORMATS, b"\x01\x00"))
        if self.version >= TLS_1_2 and self.signature_schemes:
            parts.append(_extension(SIGNATURE_ALGORITHMS, _vector(2, _numbers(self.signature_schemes))))
        if self.alpn:
            names = b"".join(_vector(1, name.encode("ascii")) for name in self.alpn)
            parts.append(_extension(ALPN, _vector(2, names)))
        if self.version == TLS_1_3:
            parts.append(_extension(SUPPORTED_VERSIONS, _vector(1, TLS_1_3.to_bytes(2))))
            parts.append(_extension(KEY_SHARE, _vector(2, b"")))
        else:
            parts.append(_extension(RENEGOTIATION_INFO, b"\x00"))
        if self.features:
            parts.extend(_FEATURES)
        return b"".join(parts)


@lru_cache(maxsize=512)
def _numbers(numbers: tuple[int, ...]) -> bytes:
    return struct.pack(f"!{len(numbers)}H", *numbers)


def _vector(width: int, content: bytes) -> bytes:
    return len(content).to_bytes(width) + content


def _extension(number: int, content: bytes) -> bytes:
    return number.to_bytes(2) + _vector(2, content)


_FEATURES = (
    _extension(STATUS_REQUEST, b"\x01\x00\x00\x00\x00"),
    _extension(HEARTBEAT, bytes((_PEER_ALLOWED_TO_SEND,))),
    _extension(SIGNED_CERTIFICATE_TIMESTAMP, b""),
    _extension(ENCRYPT_THEN_MAC, b""),
    _extension(EXTENDED_MASTER_SECRET, b""),
    _extension(SESSION_TICKET, b""),
)
