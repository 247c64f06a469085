"""What a server says in a handshake of TLS 1.2: pure readers of one message each, which raise WireError only."""

from dataclasses import dataclass

from exporter.wire.cursor import Cursor
from exporter.wire.iana import TLS_1_2
from exporter.wire.memo import remembered
from exporter.wire.records import WireError
from exporter.wire.serverhello import (
    ALPN,
    EXTENDED_MASTER_SECRET,
    MAX_CERTIFICATES,
    RENEGOTIATION_INFO,
    SIGNED_CERTIFICATE_TIMESTAMP,
    STATUS_REQUEST,
    read_sct_list_untrusted,
)
from exporter.wire.tls13.messages import SERVER_NAME, extensions_untrusted

EC_POINT_FORMATS, SESSION_TICKET = 11, 35
_RANDOM = 32
_OCSP = 1
_NAMED_CURVE = 3
_NOTHING_TO_RENEGOTIATE = b"\x00"  # RFC 5746 section 3.4
_UNCOMPRESSED = 0
_DOWNGRADE = b"DOWNGRD"  # RFC 8446 section 4.1.3: a server that speaks TLS 1.3, or an attacker in between, chose this
_ORDINARY_CERTIFICATES = 8 * 1024
_KNOWN = frozenset(
    (
        SERVER_NAME,
        STATUS_REQUEST,
        EC_POINT_FORMATS,
        ALPN,
        SIGNED_CERTIFICATE_TIMESTAMP,
        EXTENDED_MASTER_SECRET,
        SESSION_TICKET,
        RENEGOTIATION_INFO,
    )
)


@dataclass(frozen=True, slots=True)
class ServerChoice:
    """What a ServerHello chose."""

    random: bytes
    cipher_suite: int
    alpn: bytes
    extended_master_secret: bool
    staples: bool  # a CertificateStatus may follow
    scts: tuple[bytes, ...]


def read_server_hello_untrusted(body: bytes) -> ServerChoice:
    """Read a ServerHello of TLS 1.2 (RFC 5246 section 7.4.1.3).

    version16 | random32 | length8 session_id | suite16 | compression8 | length16 extensions
    """
    cursor = Cursor(body)
    if cursor.number_untrusted(2) != TLS_1_2:
        raise WireError("a ServerHello of another version than TLS 1.2")
    random = cursor.take_untrusted(_RANDOM)
    if random[24:31] == _DOWNGRADE:
        raise WireError("a server that marks its choice as a downgrade")
    cursor.vector_untrusted(1)
    suite, compression = cursor.number_untrusted(2), cursor.number_untrusted(1)
    extensions = extensions_untrusted(cursor.vector_untrusted(2)) if cursor.left else {}
    if compression or cursor.left or not extensions.keys() <= _KNOWN:
        raise WireError("a ServerHello with compression, or with extensions that are not known here")
    if extensions.get(RENEGOTIATION_INFO) != _NOTHING_TO_RENEGOTIATE:
        raise WireError("a server without secure renegotiation (RFC 5746)")
    formats = extensions.get(EC_POINT_FORMATS)
    if formats is not None and _UNCOMPRESSED not in Cursor(formats).vector_untrusted(1):
        raise WireError("a server that takes no uncompressed points")
    return ServerChoice(
        random,
        suite,
        _protocol_untrusted(extensions.get(ALPN)),
        EXTENDED_MASTER_SECRET in extensions,
        STATUS_REQUEST in extensions,
        read_sct_list_untrusted(extensions.get(SIGNED_CERTIFICATE_TIMESTAMP, b"\0\0")),
    )


def _protocol_untrusted(content: bytes | None) -> bytes:
    return Cursor(Cursor(content).vector_untrusted(2)).vector_untrusted(1) if content is not None else b""


@remembered(_ORDINARY_CERTIFICATES)
def read_certificate_untrusted(body: bytes) -> tuple[bytes, ...]:
    """Return the certificates of a Certificate message (section 7.4.2): length24 of (length24 certificate)."""
    cursor = Cursor(body)
    entries = Cursor(cursor.vector_untrusted(3))
    certificates: list[bytes] = []
    while entries.left and len(certificates) <= MAX_CERTIFICATES:
        certificates.append(entries.vector_untrusted(3))
    if not certificates or len(certificates) > MAX_CERTIFICATES or cursor.left:
        raise WireError(f"a Certificate message with {len(certificates)} certificates")
    return tuple(certificates)


def read_status_untrusted(body: bytes) -> bytes | None:
    """Return the OCSP response of a CertificateStatus (RFC 6066 section 8): type8 | length24 response."""
    cursor = Cursor(body)
    if cursor.number_untrusted(1) != _OCSP:
        raise WireError("a staple that is no OCSP response")
    response = cursor.vector_untrusted(3)
    if cursor.left:
        raise WireError("bytes after a CertificateStatus")
    return response or None


@dataclass(frozen=True, slots=True)
class KeyExchange:
    """A ServerKeyExchange: the group and the public key, what is signed of it, and the signature."""

    group: int
    public: bytes
    parameters: bytes
    scheme: int
    signature: bytes


def read_key_exchange_untrusted(body: bytes) -> KeyExchange:
    """Read a ServerKeyExchange of ephemeral ECDH (RFC 8422 section 5.4).

    type8 (named curve) | group16 | length8 point | scheme16 | length16 signature
    """
    cursor = Cursor(body)
    if cursor.number_untrusted(1) != _NAMED_CURVE:
        raise WireError("a key exchange on a curve without a name")
    group, public = cursor.number_untrusted(2), cursor.vector_untrusted(1)
    parameters = body[: len(body) - cursor.left]
    scheme, signature = cursor.number_untrusted(2), cursor.vector_untrusted(2)
    if cursor.left:
        raise WireError("bytes after a ServerKeyExchange")
    return KeyExchange(group, public, parameters, scheme, signature)
