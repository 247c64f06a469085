"""The signature of a CertificateVerify (RFC 8446 section 4.4.3): whether the server holds the key of its certificate.

Only the schemes of common certificates are checked here; another one, or a key that cannot be read, is a WireError.
"""

from collections.abc import Callable, Mapping

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from exporter.wire.memo import remembered
from exporter.wire.records import WireError

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
_ORDINARY_CERTIFICATE = 8 * 1024  # bytes of one whose key is remembered
_CONTEXT = b" " * 64 + b"TLS 1.3, server CertificateVerify\x00"
_RSA_PSS_OID = "1.2.840.113549.1.1.10"

_ECDSA: Mapping[int, tuple[str, ec.ECDSA]] = {
    0x0403: ("secp256r1", ec.ECDSA(hashes.SHA256())),
    0x0503: ("secp384r1", ec.ECDSA(hashes.SHA384())),
    0x0603: ("secp521r1", ec.ECDSA(hashes.SHA512())),
}
_RSA: Mapping[int, tuple[padding.PSS, hashes.HashAlgorithm]] = {  # section 4.2.3: the salt is as long as the hash
    0x0804: (padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()),
    0x0805: (padding.PSS(padding.MGF1(hashes.SHA384()), 48), hashes.SHA384()),
    0x0806: (padding.PSS(padding.MGF1(hashes.SHA512()), 64), hashes.SHA512()),
}
_ED25519 = 0x0807
_ED448 = 0x0808


def verify_untrusted(certificate: bytes, scheme: int, signature: bytes, transcript: bytes) -> None:
    """Check a signature over the hash of the transcript. Raises WireError."""
    check, parameters = _check_untrusted(certificate, scheme)
    try:
        check(signature, _CONTEXT + transcript, *parameters)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError) as error:
        raise WireError(f"a CertificateVerify that does not verify: {type(error).__name__}") from None


@remembered(_ORDINARY_CERTIFICATE)
def _check_untrusted(certificate: bytes, scheme: int) -> tuple[Callable[..., None], tuple[object, ...]]:
    """Return what checks a signature of a scheme, and its parameters. Raises WireError."""
    key = public_key_untrusted(certificate)
    if isinstance(key, ec.EllipticCurvePublicKey) and scheme in _ECDSA and key.curve.name == _ECDSA[scheme][0]:
        return key.verify, _ECDSA[scheme][1:]
    if isinstance(key, rsa.RSAPublicKey) and scheme in _RSA:
        return key.verify, _RSA[scheme]
    if (isinstance(key, ed25519.Ed25519PublicKey) and scheme == _ED25519) or (
        isinstance(key, ed448.Ed448PublicKey) and scheme == _ED448
    ):
        return key.verify, ()
    raise WireError(f"signature scheme 0x{scheme:04X} is not for this key")


def public_key_untrusted(certificate: bytes) -> PublicKey:
    """Return the key of a certificate. Raises WireError."""
    try:
        parsed = x509.load_der_x509_certificate(certificate)
        key = parsed.public_key()
    except Exception as error:  # noqa: BLE001 - what a parser of hostile bytes may raise is not one list
        raise WireError(f"a certificate whose key cannot be read: {type(error).__name__}") from None
    if parsed.public_key_algorithm_oid.dotted_string == _RSA_PSS_OID or not isinstance(key, PublicKey):
        raise WireError("a certificate whose kind of key is not known here")
    return key
