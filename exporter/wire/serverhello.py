"""What a server sends in plaintext: ServerHello, HelloRetryRequest, and before TLS 1.3 what follows them.

Pure readers of one message body each; every one raises WireError and nothing else. Nothing is verified
here, and what a TLS 1.3 server sends after its ServerHello is encrypted and therefore not read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from exporter.wire.cursor import Cursor
from exporter.wire.iana import TLS_1_2, TLS_1_3, cipher_suite_name
from exporter.wire.records import WireError

MAX_CERTIFICATES = 100

# RFC 8446 section 4.1.3: the random of a ServerHello that is a HelloRetryRequest, and the two downgrade
# sentinels
HELLO_RETRY_RANDOM = bytes.fromhex("CF21AD74E59A6111BE1D8C021E65B891C2A211167ABB8C5E079E09E2C8A8339C")
DOWNGRADE_TO_1_2 = b"DOWNGRD\x01"
DOWNGRADE_TO_1_1 = b"DOWNGRD\x00"

STATUS_REQUEST = 5
HEARTBEAT = 15
ALPN = 16
SIGNED_CERTIFICATE_TIMESTAMP = 18
ENCRYPT_THEN_MAC = 22
EXTENDED_MASTER_SECRET = 23
SESSION_TICKET = 35
SUPPORTED_VERSIONS = 43
KEY_SHARE = 51
RENEGOTIATION_INFO = 0xFF01

_OCSP = 1
_NAMED_CURVE = 3


@dataclass(frozen=True, slots=True)
class ServerHello:
    """RFC 8446 section 4.1.3. `version` is the one that was chosen, whichever field it stands in."""

    version: int
    random: bytes
    session_id: bytes
    cipher_suite: int
    compression: int
    extensions: Mapping[int, bytes] = field(default_factory=dict)

    @property
    def is_hello_retry_request(self) -> bool:
        """True for a HelloRetryRequest, which only tells the random from a ServerHello."""
        return self.random == HELLO_RETRY_RANDOM

    @property
    def group(self) -> int | None:
        """The group of the key_share extension; None before TLS 1.3."""
        share = self.extensions.get(KEY_SHARE, b"")
        return int.from_bytes(share[:2]) if len(share) > 1 else None

    @property
    def downgrade_sentinel(self) -> bool:
        """True if the server says that it would have spoken a later version (RFC 8446 section 4.1.3)."""
        return self.random[-8:] in (DOWNGRADE_TO_1_2, DOWNGRADE_TO_1_1)


@dataclass(frozen=True, slots=True)
class DHParameters:
    """The finite-field parameters of a ServerKeyExchange (RFC 5246 section 7.4.3): any numbers that a peer likes."""

    prime: int
    generator: int
    public: int

    @property
    def bits(self) -> int:
        """The size of the prime."""
        return self.prime.bit_length()


@dataclass(frozen=True, slots=True)
class KeyExchange:
    """A ServerKeyExchange: the group, the DH parameters or the size of the ephemeral RSA key, and its signature.

    `signature_scheme` is None where none stands in the message: anonymous suites, and all versions before
    TLS 1.2.
    """

    group: int | None = None
    dh: DHParameters | None = None
    rsa_export_bits: int | None = None
    signature_scheme: int | None = None


def read_server_hello_untrusted(body: bytes) -> ServerHello:
    """Read a ServerHello or HelloRetryRequest. Raises WireError."""
    cursor = Cursor(body)
    version = cursor.number_untrusted(2)
    random = cursor.take_untrusted(32)
    session_id = cursor.vector_untrusted(1)
    cipher_suite = cursor.number_untrusted(2)
    compression = cursor.number_untrusted(1)
    extensions = _extensions_untrusted(cursor.vector_untrusted(2)) if cursor.left else {}
    if cursor.left:
        raise WireError(f"{cursor.left} bytes after a ServerHello")
    selected = extensions.get(SUPPORTED_VERSIONS)
    if selected is not None:
        if len(selected) != 2:  # noqa: PLR2004 - RFC 8446 section 4.2.1: one version
            raise WireError("a supported_versions extension that names no version")
        version = int.from_bytes(selected)
    return ServerHello(version, random, session_id, cipher_suite, compression, extensions)


def _extensions_untrusted(data: bytes) -> dict[int, bytes]:
    cursor = Cursor(data)
    extensions: dict[int, bytes] = {}
    while cursor.left:
        number = cursor.number_untrusted(2)
        content = cursor.vector_untrusted(2)
        if number in extensions:  # RFC 8446 section 4.2: not more than one of a type
            raise WireError(f"extension {number} twice")
        extensions[number] = content
    return extensions


def read_alpn_untrusted(hello: ServerHello) -> str:
    """Return the agreed application protocol, made printable; "" when none was. Raises WireError."""
    content = hello.extensions.get(ALPN)
    if content is None:
        return ""
    name = Cursor(Cursor(content).vector_untrusted(2)).vector_untrusted(1)
    return name.decode("ascii", "backslashreplace")


def read_scts_untrusted(hello: ServerHello) -> tuple[bytes, ...]:
    """Return the timestamps that a ServerHello brings up to TLS 1.2. Never raises."""
    return read_sct_list_untrusted(hello.extensions.get(SIGNED_CERTIFICATE_TIMESTAMP, b"\0\0"))


def read_sct_list_untrusted(content: bytes) -> tuple[bytes, ...]:
    """Return the timestamps of the TLS extension (RFC 6962 section 3.3), as far as it can be read. Never raises."""
    scts: list[bytes] = []
    try:
        cursor = Cursor(Cursor(content).vector_untrusted(2))
        while cursor.left and len(scts) < MAX_CERTIFICATES:
            scts.append(cursor.vector_untrusted(2))
    except WireError:
        pass
    return tuple(scts)


def read_certificates_untrusted(body: bytes) -> tuple[tuple[bytes, ...], bool]:
    """Return the certificates of a Certificate message, and whether more were sent than are kept.

    Up to TLS 1.2 (RFC 5246 section 7.4.2). Raises WireError. What is in a certificate is not looked at.
    """
    cursor = Cursor(Cursor(body).vector_untrusted(3))
    certificates: list[bytes] = []
    while cursor.left:
        certificate = cursor.vector_untrusted(3)
        if len(certificates) == MAX_CERTIFICATES:
            return tuple(certificates), True
        certificates.append(certificate)
    return tuple(certificates), False


def read_certificate_status_untrusted(body: bytes) -> bytes | None:
    """Return the OCSP response of a CertificateStatus (RFC 6066 section 8), None for another kind.

    Raises WireError.
    """
    cursor = Cursor(body)
    if cursor.number_untrusted(1) != _OCSP:
        return None
    return cursor.vector_untrusted(3)


def read_key_exchange_untrusted(body: bytes, version: int, cipher_suite: int) -> KeyExchange:
    """Read the ServerKeyExchange of a suite (RFC 5246 section 7.4.3, RFC 8422 section 5.4).

    Raises WireError.
    The suites that carry none, or one that tells nothing here (PSK hints, SRP), give an empty KeyExchange.
    """
    name = cipher_suite_name(cipher_suite)
    if version >= TLS_1_3:
        return KeyExchange()
    cursor = Cursor(body)
    signed = "_anon_" not in name
    if name.startswith(("TLS_ECDHE_", "TLS_ECDH_anon_")) and "_PSK_" not in name:
        if cursor.number_untrusted(1) != _NAMED_CURVE:
            return KeyExchange()  # RFC 8422 deprecates explicit curves
        group = cursor.number_untrusted(2)
        cursor.vector_untrusted(1)
        return KeyExchange(group=group, signature_scheme=_scheme_untrusted(cursor, version, signed=signed))
    if name.startswith(("TLS_DHE_RSA_", "TLS_DHE_DSS_", "TLS_DH_anon_")):
        prime, generator, public = (int.from_bytes(cursor.vector_untrusted(2)) for _ in range(3))
        scheme = _scheme_untrusted(cursor, version, signed=signed)
        return KeyExchange(dh=DHParameters(prime, generator, public), signature_scheme=scheme)
    if name.startswith("TLS_RSA_EXPORT_"):
        return KeyExchange(rsa_export_bits=int.from_bytes(cursor.vector_untrusted(2)).bit_length())
    return KeyExchange()


def _scheme_untrusted(cursor: Cursor, version: int, *, signed: bool) -> int | None:
    if not signed or version != TLS_1_2:
        return None
    return cursor.number_untrusted(2)
