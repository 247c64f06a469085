"""What a server says in its first flight of TLS 1.3: pure readers of one message each, which raise WireError only."""

import struct
from dataclasses import dataclass

from exporter.wire.cursor import Cursor
from exporter.wire.iana import TLS_1_2, TLS_1_3
from exporter.wire.memo import remembered
from exporter.wire.records import WireError
from exporter.wire.serverhello import (
    ALPN,
    HELLO_RETRY_RANDOM,
    KEY_SHARE,
    MAX_CERTIFICATES,
    SIGNED_CERTIFICATE_TIMESTAMP,
    STATUS_REQUEST,
    SUPPORTED_VERSIONS,
    read_sct_list_untrusted,
)
from exporter.wire.session_client import Presented

SERVER_NAME = 0
SUPPORTED_GROUPS = 10
_OCSP = 1
_SERVER_HELLO = struct.Struct("!H32sB32sHBH")
_EXTENSION = struct.Struct("!HH")
_SHARE = struct.Struct("!HH")
_TLS_1_3 = TLS_1_3.to_bytes(2)
_ORDINARY_EXTENSIONS = 256  # bytes that are remembered, with those of a few certificates and a staple
_ORDINARY_CERTIFICATES = 8 * 1024
_IN_SERVER_HELLO = frozenset((SUPPORTED_VERSIONS, KEY_SHARE))
_IN_ENCRYPTED_EXTENSIONS = frozenset((SERVER_NAME, SUPPORTED_GROUPS, ALPN))


@dataclass(frozen=True, slots=True)
class ServerChoice:
    """What a ServerHello chose, and the server's key share."""

    cipher_suite: int
    group: int
    share: bytes


def read_server_hello_untrusted(body: bytes, session_id: bytes) -> ServerChoice:
    """Read a ServerHello that goes on with TLS 1.3 (section 4.1.3); any other is a WireError.

    version16 | random32 | length8 session_id | suite16 | compression8 | length16 extensions
    """
    if len(body) < _SERVER_HELLO.size:
        raise WireError("a ServerHello that is too short for TLS 1.3")
    version, random, length, echo, cipher_suite, compression, size = _SERVER_HELLO.unpack_from(body)
    if (version, length, echo, compression) != (TLS_1_2, len(session_id), session_id, 0):
        raise WireError("a ServerHello that does not answer the ClientHello with TLS 1.3")
    if random == HELLO_RETRY_RANDOM or _SERVER_HELLO.size + size != len(body):
        raise WireError("a HelloRetryRequest, or a ServerHello of another length than it says")
    extensions = extensions_untrusted(body[_SERVER_HELLO.size :])
    if extensions.keys() != _IN_SERVER_HELLO or extensions[SUPPORTED_VERSIONS] != _TLS_1_3:
        raise WireError("a ServerHello of another version, or with other extensions than TLS 1.3 needs")
    share = extensions[KEY_SHARE]
    if len(share) < _SHARE.size or _SHARE.size + _SHARE.unpack_from(share)[1] != len(share):
        raise WireError("a key share of another length than it says")
    return ServerChoice(cipher_suite, _SHARE.unpack_from(share)[0], share[_SHARE.size :])


@remembered(_ORDINARY_EXTENSIONS)
def read_encrypted_extensions_untrusted(body: bytes) -> bytes:
    """Return the application protocol that was agreed, b"" for none (section 4.3.1)."""
    protocol = b""
    for number, content in extensions_untrusted(_whole_vector_untrusted(body)).items():
        if number not in _IN_ENCRYPTED_EXTENSIONS:
            raise WireError(f"extension {number} was not asked for")
        if number == ALPN:
            protocol = Cursor(Cursor(content).vector_untrusted(2)).vector_untrusted(1)
    return protocol


@remembered(_ORDINARY_CERTIFICATES)
def read_certificate_untrusted(body: bytes) -> Presented:
    """Read a Certificate message of TLS 1.3 (section 4.4.2).

    context8 | length24 | entries of: length24 certificate | length16 extensions
    """
    cursor = Cursor(body)
    if cursor.vector_untrusted(1):
        raise WireError("a server's Certificate with a request context")
    entries = Cursor(cursor.vector_untrusted(3))
    certificates: list[bytes] = []
    staple: bytes | None = None
    scts: tuple[bytes, ...] = ()
    while entries.left:
        certificates.append(entries.vector_untrusted(3))
        extensions = extensions_untrusted(entries.vector_untrusted(2))
        if extensions and len(certificates) == 1:
            scts = read_sct_list_untrusted(extensions.pop(SIGNED_CERTIFICATE_TIMESTAMP, b"\0\0"))
            staple = _staple_untrusted(extensions)
    if not certificates or len(certificates) > MAX_CERTIFICATES or cursor.left:
        raise WireError(f"a Certificate message with {len(certificates)} certificates")
    return Presented(tuple(certificates), staple, scts)


def _staple_untrusted(extensions: dict[int, bytes]) -> bytes | None:
    """Section 4.4.2.1: a CertificateStatus, type8 | length24 response."""
    content = extensions.pop(STATUS_REQUEST, None)
    if extensions:
        raise WireError("a certificate's extension that was not asked for")
    if content is None:
        return None
    cursor = Cursor(content)
    if cursor.number_untrusted(1) != _OCSP:
        raise WireError("a staple that is no OCSP response")
    return cursor.vector_untrusted(3) or None


def read_certificate_verify_untrusted(body: bytes) -> tuple[int, bytes]:
    """Return the scheme and the signature of a CertificateVerify."""
    cursor = Cursor(body)
    scheme, signature = cursor.number_untrusted(2), cursor.vector_untrusted(2)
    if cursor.left:
        raise WireError("bytes after a CertificateVerify")
    return scheme, signature


def _whole_vector_untrusted(body: bytes) -> bytes:
    if int.from_bytes(body[:2]) != len(body) - 2:
        raise WireError("a vector of another length than it says")
    return body[2:]


def extensions_untrusted(block: bytes) -> dict[int, bytes]:
    """Read extensions: type16 | length16 content, one after another."""
    extensions: dict[int, bytes] = {}
    start, end = 0, len(block)
    while start < end:
        if start + _EXTENSION.size > end:
            raise WireError("an extension without a length")
        number, length = _EXTENSION.unpack_from(block, start)
        start += _EXTENSION.size + length
        if number in extensions or start > end:
            raise WireError(f"extension {number} twice, or longer than there are bytes")
        extensions[number] = block[start - length : start]
    return extensions
