"""Names of the keys and signature algorithms of certificates (RFC 3279, 4055, 5480, 8410, 9215, 9881, 9909, 9935).

An algorithm without a name here is shown by its object identifier. Whether one is strong is decided elsewhere.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import product

from exporter.certificates.der import (
    OID,
    SEQUENCE,
    DERError,
    Element,
    bits_untrusted,
    element_untrusted,
    first_untrusted,
    integer_untrusted,
    oid_untrusted,
)

RSA_ENCRYPTION, RSASSA_PSS, EC_PUBLIC_KEY = (
    "1.2.840.113549.1.1.1",
    "1.2.840.113549.1.1.10",
    "1.2.840.10045.2.1",
)
DSA, DH = "1.2.840.10040.4.1", "1.2.840.10046.2.1"

# One object identifier for the key and its signatures: ML-DSA (RFC 9881), SLH-DSA (RFC 9909), their prehash forms, and
# the pairs of draft-ietf-lamps-pq-composite-sigs.
_SLH_DSA_SIZES = ("128s", "128f", "192s", "192f", "256s", "256f")
_SLH_DSA = [f"{family}-{size}" for family in ("SHA2", "SHAKE") for size in _SLH_DSA_SIZES]
_COMPOSITE = (
    *("MLDSA44-RSA2048-PSS-SHA256", "MLDSA44-RSA2048-PKCS15-SHA256", "MLDSA44-Ed25519-SHA512"),
    *("MLDSA44-ECDSA-P256-SHA256", "MLDSA65-RSA3072-PSS-SHA512", "MLDSA65-RSA3072-PKCS15-SHA512"),
    *("MLDSA65-RSA4096-PSS-SHA512", "MLDSA65-RSA4096-PKCS15-SHA512", "MLDSA65-ECDSA-P256-SHA512"),
    *("MLDSA65-ECDSA-P384-SHA512", "MLDSA65-ECDSA-brainpoolP256r1-SHA512", "MLDSA65-Ed25519-SHA512"),
    *("MLDSA87-ECDSA-P384-SHA512", "MLDSA87-ECDSA-brainpoolP384r1-SHA512", "MLDSA87-Ed448-SHAKE256"),
    *("MLDSA87-RSA3072-PSS-SHA512", "MLDSA87-RSA4096-PSS-SHA512", "MLDSA87-ECDSA-P521-SHA512"),
)
_POST_QUANTUM: Mapping[str, str] = {
    **{f"2.16.840.1.101.3.4.3.{n}": f"ML-DSA-{size}" for n, size in ((17, 44), (18, 65), (19, 87))},
    **{f"2.16.840.1.101.3.4.3.{n}": f"SLH-DSA-{name}" for n, name in enumerate(_SLH_DSA, start=20)},
    **{f"2.16.840.1.101.3.4.3.{n}": f"HashML-DSA-{size}" for n, size in ((32, 44), (33, 65), (34, 87))},
    **{f"2.16.840.1.101.3.4.3.{n}": f"HashSLH-DSA-{name}" for n, name in enumerate(_SLH_DSA, start=35)},
    **{f"1.3.6.1.5.5.7.6.{n}": name for n, name in enumerate(_COMPOSITE, start=37)},
}
# object identifier: (name, hash)
SIGNATURES: Mapping[str, tuple[str, str | None]] = {
    "1.2.840.113549.1.1.2": ("md2WithRSAEncryption", "md2"),
    "1.2.840.113549.1.1.3": ("md4WithRSAEncryption", "md4"),
    "1.2.840.113549.1.1.4": ("md5WithRSAEncryption", "md5"),
    "1.2.840.113549.1.1.5": ("sha1WithRSAEncryption", "sha1"),
    "1.3.14.3.2.29": ("sha1WithRSA", "sha1"),
    "1.2.840.113549.1.1.14": ("sha224WithRSAEncryption", "sha224"),
    "1.2.840.113549.1.1.11": ("sha256WithRSAEncryption", "sha256"),
    "1.2.840.113549.1.1.12": ("sha384WithRSAEncryption", "sha384"),
    "1.2.840.113549.1.1.13": ("sha512WithRSAEncryption", "sha512"),
    "1.2.840.10045.4.1": ("ecdsa-with-SHA1", "sha1"),
    "1.2.840.10045.4.3.1": ("ecdsa-with-SHA224", "sha224"),
    "1.2.840.10045.4.3.2": ("ecdsa-with-SHA256", "sha256"),
    "1.2.840.10045.4.3.3": ("ecdsa-with-SHA384", "sha384"),
    "1.2.840.10045.4.3.4": ("ecdsa-with-SHA512", "sha512"),
    "1.2.840.10040.4.3": ("dsa-with-SHA1", "sha1"),
    "2.16.840.1.101.3.4.3.1": ("dsa-with-SHA224", "sha224"),
    "2.16.840.1.101.3.4.3.2": ("dsa-with-SHA256", "sha256"),
    "2.16.840.1.101.3.4.3.3": ("dsa-with-SHA384", "sha384"),
    "2.16.840.1.101.3.4.3.4": ("dsa-with-SHA512", "sha512"),
    "2.16.840.1.101.3.4.3.5": ("dsa-with-SHA3-224", "sha3-224"),
    "2.16.840.1.101.3.4.3.6": ("dsa-with-SHA3-256", "sha3-256"),
    "2.16.840.1.101.3.4.3.7": ("dsa-with-SHA3-384", "sha3-384"),
    "2.16.840.1.101.3.4.3.8": ("dsa-with-SHA3-512", "sha3-512"),
    "2.16.840.1.101.3.4.3.9": ("ecdsa-with-SHA3-224", "sha3-224"),
    "2.16.840.1.101.3.4.3.10": ("ecdsa-with-SHA3-256", "sha3-256"),
    "2.16.840.1.101.3.4.3.11": ("ecdsa-with-SHA3-384", "sha3-384"),
    "2.16.840.1.101.3.4.3.12": ("ecdsa-with-SHA3-512", "sha3-512"),
    "2.16.840.1.101.3.4.3.13": ("rsa-with-SHA3-224", "sha3-224"),
    "2.16.840.1.101.3.4.3.14": ("rsa-with-SHA3-256", "sha3-256"),
    "2.16.840.1.101.3.4.3.15": ("rsa-with-SHA3-384", "sha3-384"),
    "2.16.840.1.101.3.4.3.16": ("rsa-with-SHA3-512", "sha3-512"),
    "1.2.840.113549.1.1.15": ("sha512-224WithRSAEncryption", "sha512-224"),
    "1.2.840.113549.1.1.16": ("sha512-256WithRSAEncryption", "sha512-256"),
    "1.3.14.3.2.2": ("md4WithRSA", "md4"),
    "1.3.14.3.2.3": ("md5WithRSA", "md5"),
    "1.3.14.3.2.4": ("md4WithRSAEncryption", "md4"),
    "1.3.14.3.2.27": ("dsaWithSHA1", "sha1"),
    "1.3.36.3.3.1.2": ("ripemd160WithRSA", "ripemd160"),
    "1.3.36.3.3.2.1": ("ecdsa-with-RIPEMD160", "ripemd160"),
    "1.2.156.10197.1.501": ("sm2-with-sm3", "sm3"),
    "1.2.643.2.2.3": ("GOST R 34.10-2001 with GOST R 34.11-94", "gost94"),
    "1.2.643.7.1.1.3.2": ("GOST R 34.10-2012 with GOST R 34.11-2012 256", "streebog256"),
    "1.2.643.7.1.1.3.3": ("GOST R 34.10-2012 with GOST R 34.11-2012 512", "streebog512"),
    "1.3.101.112": ("ed25519", None),
    "1.3.101.113": ("ed448", None),
    **{oid: (name.lower() if name.startswith(("ML-", "SLH-")) else name, None) for oid, name in _POST_QUANTUM.items()},
    RSASSA_PSS: ("rsassaPss", "sha1"),  # SHA-1 unless the parameters say otherwise (RFC 4055 section 3.1)
}
HASHES: Mapping[str, str] = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.5": "sha512-224",
    "2.16.840.1.101.3.4.2.6": "sha512-256",
    "2.16.840.1.101.3.4.2.8": "sha3-256",
    "2.16.840.1.101.3.4.2.9": "sha3-384",
    "2.16.840.1.101.3.4.2.10": "sha3-512",
    "1.2.840.113549.2.5": "md5",
}
# SEC 2 (1.3.132.0.n), and the curves of X9.62 that have no name there.
_SEC_CURVES: Mapping[int, str] = {
    1: "sect163k1",
    2: "sect163r1",
    3: "sect239k1",
    4: "sect113r1",
    5: "sect113r2",
    6: "secp112r1",
    7: "secp112r2",
    8: "secp160r1",
    9: "secp160k1",
    10: "secp256k1",
    15: "sect163r2",
    16: "sect283k1",
    17: "sect283r1",
    22: "sect131r1",
    23: "sect131r2",
    24: "sect193r1",
    25: "sect193r2",
    26: "sect233k1",
    27: "sect233r1",
    28: "secp128r1",
    29: "secp128r2",
    30: "secp160r2",
    31: "secp192k1",
    32: "secp224k1",
    33: "secp224r1",
    34: "secp384r1",
    35: "secp521r1",
    36: "sect409k1",
    37: "sect409r1",
    38: "sect571k1",
    39: "sect571r1",
}
_X9_62_CURVES = (
    *((2, "prime192v2", 192), (3, "prime192v3", 192)),
    *((4, "prime239v1", 239), (5, "prime239v2", 239), (6, "prime239v3", 239)),
)
# object identifier: (name, bits)
CURVES: Mapping[str, tuple[str, int]] = {
    "1.2.840.10045.3.1.1": ("secp192r1", 192),
    "1.2.840.10045.3.1.7": ("secp256r1", 256),
    "1.2.156.10197.1.301": ("sm2", 256),
    "1.2.250.1.223.101.256.1": ("FRP256v1", 256),
    **{f"1.2.840.10045.3.1.{n}": (name, bits) for n, name, bits in _X9_62_CURVES},
    **{f"1.3.132.0.{n}": (name, int(name[4:7])) for n, name in _SEC_CURVES.items()},
    **{
        f"1.3.36.3.3.2.8.1.1.{n}": (f"brainpoolP{bits}{kind}1", bits)
        for n, (bits, kind) in enumerate(product((160, 192, 224, 256, 320, 384, 512), "rt"), start=1)
    },
}
# keys whose algorithm says all
PLAIN_KEYS: Mapping[str, str] = {
    "1.3.101.110": "X25519",
    "1.3.101.111": "X448",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
    "2.16.840.1.101.3.4.4.1": "ML-KEM-512",
    "2.16.840.1.101.3.4.4.2": "ML-KEM-768",
    "2.16.840.1.101.3.4.4.3": "ML-KEM-1024",
    "1.2.643.2.2.19": "GOST R 34.10-2001",
    "1.2.643.7.1.1.1.1": "GOST R 34.10-2012",
    "1.2.643.7.1.1.1.2": "GOST R 34.10-2012 512",
    "1.2.643.2.2.20": "GOST R 34.10-94",
    "1.3.9999.3.6": "Falcon-512",  # as liboqs numbers them, until there is a standard
    "1.3.9999.3.9": "Falcon-1024",
    **_POST_QUANTUM,
}
_SIZED = {RSA_ENCRYPTION: "RSA", RSASSA_PSS: "RSA-PSS", DSA: "DSA", DH: "DH"}
_HASH_PARAMETER = 0xA0
_MOST_PARAMETERS = 4  # of RSASSA-PSS (RFC 4055 section 3.1)

MAX_RSA_BITS = 16_384  # as OpenSSL: it computes with no longer modulus (OPENSSL_RSA_MAX_MODULUS_BITS)
# Microseconds of one verification, measured with the OpenSSL of `cryptography` on one core of 2020, rounded up.
_WORK = {"Ed25519": 170, "Ed448": 300, "ML-DSA-44": 190, "ML-DSA-65": 280, "ML-DSA-87": 430}
_WORK_OF_CURVE = {
    "secp192r1": 210,
    "secp224r1": 110,
    "secp256r1": 80,
    "secp384r1": 700,
    "secp521r1": 700,
    "secp256k1": 420,
    "brainpoolP256r1": 500,
    "brainpoolP384r1": 1050,
    "brainpoolP512r1": 1500,
}
_WORK_OF_UNKNOWN = 2_000  # a curve of 571 bits that is given by its parameters, or what a later OpenSSL brings
_BITS = 2048  # the modulus that the following two are for
_RSA_SQUARING, _DSA_VERIFICATION = 1.15, 340.0


@dataclass(frozen=True, slots=True)
class Key:
    """A public key as people write it (`RSA 2048`, `EC secp256r1`, `Ed25519`), its kind, and its size if any.

    `work` is about how many microseconds one verification with it takes.
    """

    text: str = ""
    type: str = ""
    size: int | None = None
    work: int = _WORK_OF_UNKNOWN


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """A signature algorithm by its usual name, with its hash where it has one of its own."""

    name: str = ""
    hash: str | None = None


def read_signature_algorithm_untrusted(algorithm: Element) -> SignatureAlgorithm:
    """Read an AlgorithmIdentifier that names a signature algorithm."""
    parts = first_untrusted(algorithm.body, 2)
    if not parts or parts[0].tag != OID:
        raise DERError("bad signature algorithm")
    oid = oid_untrusted(parts[0].body)
    name, digest = SIGNATURES.get(oid, (oid, None))
    if oid == RSASSA_PSS and len(parts) > 1:
        for parameter in first_untrusted(parts[1].body, _MOST_PARAMETERS):
            if parameter.tag == _HASH_PARAMETER:
                chosen = element_untrusted(element_untrusted(parameter.body, SEQUENCE).body, OID)
                digest = HASHES.get(oid_untrusted(chosen.body), oid_untrusted(chosen.body))
    return SignatureAlgorithm(name, digest)


def read_key_untrusted(spki: Element) -> Key:
    """Read a SubjectPublicKeyInfo: { algorithm AlgorithmIdentifier, subjectPublicKey BIT STRING }."""
    parts = first_untrusted(spki.body, 2)
    algorithm = first_untrusted(parts[0].body, 2) if len(parts) > 1 else []
    if not algorithm or algorithm[0].tag != OID:
        raise DERError("bad public key")
    oid = oid_untrusted(algorithm[0].body)
    if oid in PLAIN_KEYS:
        return Key(PLAIN_KEYS[oid], PLAIN_KEYS[oid], work=_WORK.get(PLAIN_KEYS[oid], _WORK_OF_UNKNOWN))
    if oid == EC_PUBLIC_KEY:
        return _elliptic_curve_key(algorithm)
    if oid in _SIZED:
        return _sized_key(_SIZED[oid], _numbers(oid, algorithm, bits_untrusted(parts[1].body)))
    return Key(oid, oid)


def _elliptic_curve_key(algorithm: list[Element]) -> Key:
    if len(algorithm) < 2:  # noqa: PLR2004 - the curve is missing
        raise DERError("EC key without a curve")
    if algorithm[1].tag != OID:
        return Key("EC explicit", "EC")  # a curve by its parameters: forbidden by RFC 5480 section 2.1.1
    oid = oid_untrusted(algorithm[1].body)
    name, size = CURVES.get(oid, (oid, None))
    return Key(f"EC {name}", "EC", size, _WORK_OF_CURVE.get(name, _WORK_OF_UNKNOWN))


def _numbers(oid: str, algorithm: list[Element], key: bytes) -> Element:
    """Return the sequence that begins with the modulus: an RSA key, or the parameters of DSA and DH."""
    return algorithm[1] if oid in (DSA, DH) and len(algorithm) > 1 else element_untrusted(key, SEQUENCE)


def _sized_key(kind: str, numbers: Element) -> Key:
    """Make a key whose size is the length of its modulus.

    RSA takes a squaring for each bit of the public exponent, and each grows with the square of the modulus.
    """
    modulus = element_untrusted(numbers.body)
    size = exponent = integer_untrusted(modulus.body).bit_length()
    with suppress(DERError):
        following = element_untrusted(numbers.body[len(modulus.encoding) :])
        exponent = integer_untrusted(following.body).bit_length()
    growth = (size / _BITS) ** 2
    work = _RSA_SQUARING * exponent * growth + 10 if kind.startswith("RSA") else _DSA_VERIFICATION * growth
    return Key(f"{kind} {size}", kind, size, int(work) + 1)
