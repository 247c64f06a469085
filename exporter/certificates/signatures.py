"""Whether a key signed a certificate: the signature alone, read from the encoding.

`cryptography` verifies only certificates that it can parse as a whole; a name or an extension that it does not support
hides a good signature. So the parts are taken from the encoding, and only the key and the mathematics are the
library's. No name is compared here.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa

from exporter.certificates import der
from exporter.certificates.algorithms import HASHES, RSASSA_PSS, SIGNATURES
from exporter.certificates.der import DERError, Element, element_untrusted, elements_untrusted, oid_untrusted

MAX_RSA_BITS = 16_384  # OpenSSL's own limit; beyond it one check costs tens of milliseconds
MAX_KEYS = 2048  # kept ready, with the algorithm
MAX_SPKI_OCTETS = 1200  # of keys that are kept ready
_HASHES: Mapping[str | None, hashes.HashAlgorithm] = {
    "md5": hashes.MD5(),  # noqa: S303 - to tell that a weak signature was made by this key, not to rely on it
    "sha1": hashes.SHA1(),  # noqa: S303
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha512-224": hashes.SHA512_224(),
    "sha512-256": hashes.SHA512_256(),
    "sha3-224": hashes.SHA3_224(),
    "sha3-256": hashes.SHA3_256(),
    "sha3-384": hashes.SHA3_384(),
    "sha3-512": hashes.SHA3_512(),
}
_PSS_HASH, _PSS_MGF, _PSS_SALT = 0xA0, 0xA1, 0xA2
_PSS_DEFAULT_SALT = 20  # RFC 4055 section 3.1
_Verify = Callable[[bytes, bytes], None]


def is_signed_by(certificate: bytes, issuer_spki: bytes) -> bool | None:
    """Return whether a key (a SubjectPublicKeyInfo) made the signature of a certificate.

    None: it cannot be checked, because the encoding, the algorithm or the key is not known here.
    """
    try:
        outer = element_untrusted(certificate, der.SEQUENCE)
        body, algorithm, signature = list(elements_untrusted(outer.body))[:3]
        make = _kept_verifier if len(issuer_spki) <= MAX_SPKI_OCTETS else _verifier_untrusted
        verify = make(issuer_spki, algorithm.encoding)
        if verify is None:
            return None
        verify(der.bits_untrusted(signature.body), body.encoding)
    except InvalidSignature:
        return False
    except Exception:  # noqa: BLE001 - hostile input: what a library raises for a bad key is no closed list
        return None
    return True


def _verifier_untrusted(spki: bytes, algorithm: bytes) -> _Verify | None:
    """Return what checks a signature of an algorithm by a key; None if there is no such thing here."""
    key = serialization.load_der_public_key(spki)
    if isinstance(key, rsa.RSAPublicKey):
        return _rsa(key, element_untrusted(algorithm)) if key.key_size <= MAX_RSA_BITS else None
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        return key.verify
    digest = _signature_hash(_algorithm_oid(element_untrusted(algorithm)))
    if isinstance(key, ec.EllipticCurvePublicKey) and digest is not None:
        return lambda signature, data: key.verify(signature, data, ec.ECDSA(digest))
    if isinstance(key, dsa.DSAPublicKey) and digest is not None:
        return lambda signature, data: key.verify(signature, data, digest)
    verify: _Verify | None = getattr(key, "verify", None)  # ML-DSA, and what comes after it
    return verify


_kept_verifier = lru_cache(maxsize=MAX_KEYS)(_verifier_untrusted)


def _rsa(key: rsa.RSAPublicKey, algorithm: Element) -> _Verify | None:
    oid = _algorithm_oid(algorithm)
    if oid != RSASSA_PSS:
        digest = _signature_hash(oid)
        if digest is None:
            return None
        return lambda signature, data: key.verify(signature, data, padding.PKCS1v15(), digest)
    chosen, mask, salt = pss_parameters_untrusted(algorithm)
    scheme = padding.PSS(padding.MGF1(_HASHES[mask]), salt)
    return lambda signature, data: key.verify(signature, data, scheme, _HASHES[chosen])


def pss_parameters_untrusted(algorithm: Element) -> tuple[str, str, int]:
    """Return hash, mask hash and salt length (RFC 4055 section 3.1; SHA-1 and 20 where nothing is said).

    Raises DERError, also for a hash that is not known here.
    """
    parts = list(elements_untrusted(algorithm.body))
    given = {part.tag: part.body for part in elements_untrusted(parts[1].body)} if len(parts) > 1 else {}
    digest = mask = "sha1"
    if _PSS_HASH in given:
        digest = _known_hash(element_untrusted(given[_PSS_HASH], der.SEQUENCE))
    if _PSS_MGF in given:
        mgf = list(elements_untrusted(element_untrusted(given[_PSS_MGF], der.SEQUENCE).body))
        mask = _known_hash(mgf[1]) if len(mgf) > 1 else mask
    salt = element_untrusted(given[_PSS_SALT], der.INTEGER).body if _PSS_SALT in given else b""
    return digest, mask, der.integer_untrusted(salt) if salt else _PSS_DEFAULT_SALT


def _signature_hash(oid: str) -> hashes.HashAlgorithm | None:
    return _HASHES.get(SIGNATURES.get(oid, ("", None))[1])


def _known_hash(algorithm: Element) -> str:
    found = HASHES.get(_algorithm_oid(algorithm), "")
    if found not in _HASHES:
        raise DERError("an unknown hash")
    return found


def _algorithm_oid(algorithm: Element) -> str:
    return oid_untrusted(element_untrusted(algorithm.body, der.OID).body)
