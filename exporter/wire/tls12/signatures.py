"""The signature over a ServerKeyExchange (RFC 5246 section 7.4.3): whether the server holds its certificate's key.

Only the schemes of common certificates are checked here; SHA-1 and whatever else there is are left to OpenSSL.
"""

from collections.abc import Callable, Mapping

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from exporter.wire.memo import remembered
from exporter.wire.records import WireError
from exporter.wire.tls13.signatures import public_key_untrusted

_ORDINARY_CERTIFICATE = 8 * 1024  # bytes of one whose key is remembered
# In TLS 1.2 the hash of ECDSA does not depend on the curve (RFC 8446 section 4.2.3, last paragraph of "ECDSA").
_ECDSA: Mapping[int, ec.ECDSA] = {
    0x0403: ec.ECDSA(hashes.SHA256()),
    0x0503: ec.ECDSA(hashes.SHA384()),
    0x0603: ec.ECDSA(hashes.SHA512()),
}
_RSA: Mapping[int, tuple[padding.AsymmetricPadding, hashes.HashAlgorithm]] = {
    0x0401: (padding.PKCS1v15(), hashes.SHA256()),
    0x0501: (padding.PKCS1v15(), hashes.SHA384()),
    0x0601: (padding.PKCS1v15(), hashes.SHA512()),
    0x0804: (padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()),
    0x0805: (padding.PSS(padding.MGF1(hashes.SHA384()), 48), hashes.SHA384()),
    0x0806: (padding.PSS(padding.MGF1(hashes.SHA512()), 64), hashes.SHA512()),
}


def verify_untrusted(certificate: bytes, scheme: int, signature: bytes, signed: bytes) -> None:
    """Check a signature over both randoms and the parameters of the key exchange. Raises WireError."""
    check, parameters = _check_untrusted(certificate, scheme)
    try:
        check(signature, signed, *parameters)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError) as error:
        raise WireError(f"a key exchange whose signature does not verify: {type(error).__name__}") from None


@remembered(_ORDINARY_CERTIFICATE)
def _check_untrusted(certificate: bytes, scheme: int) -> tuple[Callable[..., None], tuple[object, ...]]:
    """Return what checks a signature of a scheme, and its parameters. Raises WireError."""
    key = public_key_untrusted(certificate)
    if isinstance(key, ec.EllipticCurvePublicKey) and scheme in _ECDSA:
        return key.verify, (_ECDSA[scheme],)
    if isinstance(key, rsa.RSAPublicKey) and scheme in _RSA:
        return key.verify, _RSA[scheme]
    raise WireError(f"signature scheme 0x{scheme:04X} is not for this key")
