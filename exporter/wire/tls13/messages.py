"""What a server says in its first flight of TLS 1.3: pure readers of one message each, which raise WireError only."""

from dataclasses import dataclass
from functools import lru_cache

from exporter.wire.reading import Cursor
from exporter.wire.records import WireError
from exporter.wire.serverhello import ALPN, KEY_SHARE, MAX_CERTIFICATES, STATUS_REQUEST, SUPPORTED_VERSIONS

SERVER_NAME = 0
SUPPORTED_GROUPS = 10
_OCSP = 1
MAX_REMEMBERED = 16_384  # messages, of which a server sends the same at each handshake
_IN_SERVER_HELLO = frozenset((SUPPORTED_VERSIONS, KEY_SHARE))
_IN_ENCRYPTED_EXTENSIONS = frozenset((SERVER_NAME, SUPPORTED_GROUPS, ALPN))


@dataclass(frozen=True, slots=True)
class Presented:
    """A Certificate message: the certificates, leaf first, and the OCSP response stapled to the leaf."""

    certificates: tuple[bytes, ...]
    staple: bytes | None


def read_key_share_untrusted(extensions: dict[int, bytes]) -> tuple[int, bytes]:
    """Return the group and the share of a ServerHello, which must hold nothing but what TLS 1.3 needs."""
    if extensions.keys() != _IN_SERVER_HELLO:
        raise WireError("a ServerHello of TLS 1.3 with other extensions than its two")
    cursor = Cursor(extensions[KEY_SHARE])
    group, share = cursor.number_untrusted(2), cursor.vector_untrusted(2)
    if cursor.left:
        raise WireError("bytes after a key share")
    return group, share


@lru_cache(maxsize=MAX_REMEMBERED)
def read_encrypted_extensions_untrusted(body: bytes) -> bytes:
    """Return the application protocol that was agreed, b"" for none (section 4.3.1)."""
    protocol = b""
    for number, content in _extensions_untrusted(Cursor(body)).items():
        if number not in _IN_ENCRYPTED_EXTENSIONS:
            raise WireError(f"extension {number} was not asked for")
        if number == ALPN:
            protocol = Cursor(Cursor(content).vector_untrusted(2)).vector_untrusted(1)
    return protocol


@lru_cache(maxsize=MAX_REMEMBERED)
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
    while entries.left:
        certificates.append(entries.vector_untrusted(3))
        extensions = _extensions_untrusted(entries)
        if extensions and len(certificates) == 1:
            staple = _staple_untrusted(extensions)
    if not certificates or len(certificates) > MAX_CERTIFICATES or cursor.left:
        raise WireError(f"a Certificate message with {len(certificates)} certificates")
    return Presented(tuple(certificates), staple)


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


def _extensions_untrusted(cursor: Cursor) -> dict[int, bytes]:
    block = Cursor(cursor.vector_untrusted(2))
    extensions: dict[int, bytes] = {}
    while block.left:
        number = block.number_untrusted(2)
        if number in extensions:
            raise WireError(f"extension {number} twice")
        extensions[number] = block.vector_untrusted(2)
    return extensions
