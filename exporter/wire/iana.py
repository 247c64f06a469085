"""Names of the numbers on the wire: versions, cipher suites, groups, alerts, signature schemes.

Source of every table: IANA, "Transport Layer Security (TLS) Parameters"
(https://www.iana.org/assignments/tls-parameters), read in 2023 and completed from RFC 10024 (the
post-quantum hybrids, 2026). Pure tables and lookups: nothing is judged here, and an unknown number gets a
name that says so instead of an error.
"""

from collections.abc import Mapping
from functools import lru_cache

from exporter.wire.cipher_suites import TABLE

SSL_2_0 = 0x0002
SSL_3_0 = 0x0300
TLS_1_0 = 0x0301
TLS_1_1 = 0x0302
TLS_1_2 = 0x0303
TLS_1_3 = 0x0304

VERSIONS: Mapping[int, str] = {
    SSL_2_0: "SSLv2",
    SSL_3_0: "SSLv3",
    TLS_1_0: "TLSv1.0",
    TLS_1_1: "TLSv1.1",
    TLS_1_2: "TLSv1.2",
    TLS_1_3: "TLSv1.3",
}
VERSION_NUMBERS: Mapping[int, float] = {
    SSL_2_0: 0.2,
    SSL_3_0: 0.3,
    TLS_1_0: 1.0,
    TLS_1_1: 1.1,
    TLS_1_2: 1.2,
    TLS_1_3: 1.3,
}

# Signalling values, never a suite: RFC 5746 section 3.3 and RFC 7507 section 2.
EMPTY_RENEGOTIATION_INFO_SCSV = 0x00FF
FALLBACK_SCSV = 0x5600

# Cipher suites

_ROWS = tuple((int(number, 16), openssl, iana) for number, openssl, iana in map(str.split, TABLE.strip().splitlines()))
CIPHER_SUITES: Mapping[int, str] = {number: iana for number, _, iana in _ROWS}
_SUITE_NUMBERS: Mapping[str, int] = {iana: number for number, _, iana in _ROWS}
_OPENSSL_SUITES: Mapping[str, str] = {openssl: iana for _, openssl, iana in _ROWS if openssl != "-"}

CIPHER_CLASSES = ("null", "anonymous", "export", "des", "rc4", "3des", "cbc", "rsa_key_exchange", "dhe")


def cipher_suite_name(number: int) -> str:
    """Return IANA's name of a cipher suite, `unknown_0xABCD` when it has none."""
    return CIPHER_SUITES.get(number) or f"unknown_0x{number:04X}"


def cipher_suite_number(name: str) -> int | None:
    """Return the number of a cipher suite by IANA's name, None when there is none."""
    return _SUITE_NUMBERS.get(name)


def cipher_suite_from_openssl(name: str) -> str:
    """Return IANA's name for OpenSSL's name of a suite; a name that is not known is returned as it is."""
    return _OPENSSL_SUITES.get(name, name)


@lru_cache(maxsize=1024)
def cipher_classes(name: str) -> frozenset[str]:
    """Tell to which of CIPHER_CLASSES a suite belongs, by IANA's name. A suite can be in several, or in none.

    Export suites of DES and RC4 (40-bit keys) are in those classes too: they are DES and RC4.
    """
    return frozenset(label for label in CIPHER_CLASSES if _is_in_class(name, label))


# What makes a suite one of a class: (how its name begins, a part of its name); either is enough.
_CLASS_MARKS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "null": (("TLS_SHA256_SHA256", "TLS_SHA384_SHA384"), ("_WITH_NULL_",)),  # RFC 9150: integrity only
    "anonymous": ((), ("_anon_",)),
    "export": ((), ("_EXPORT_",)),
    "des": ((), ("_DES_CBC_", "_DES40_")),
    "rc4": ((), ("_RC4_",)),
    "3des": ((), ("_3DES_",)),
    "cbc": ((), ("_CBC_",)),
    "rsa_key_exchange": (("TLS_RSA_WITH_", "TLS_RSA_EXPORT_", "TLS_RSA_PSK_"), ()),
    "dhe": (("TLS_DHE_",), ()),
}


def _is_in_class(name: str, label: str) -> bool:
    beginnings, parts = _CLASS_MARKS[label]
    return name.startswith(beginnings) or any(part in name for part in parts)


# Groups (registry "TLS Supported Groups"), spelled as there: x25519, but X25519MLKEM768.

_CURVES = (
    "sect163k1 sect163r1 sect163r2 sect193r1 sect193r2 sect233k1 sect233r1 sect239k1 sect283k1 sect283r1 "
    "sect409k1 sect409r1 sect571k1 sect571r1 secp160k1 secp160r1 secp160r2 secp192k1 secp192r1 secp224k1 "
    "secp224r1 secp256k1 secp256r1 secp384r1 secp521r1 brainpoolP256r1 brainpoolP384r1 brainpoolP512r1 "
    "x25519 x448 brainpoolP256r1tls13 brainpoolP384r1tls13 brainpoolP512r1tls13 GC256A GC256B GC256C "
    "GC256D GC512A GC512B GC512C curveSM2"
)
GROUPS: Mapping[int, str] = {
    **dict(enumerate(_CURVES.split(" "), start=1)),
    0x0100: "ffdhe2048",
    0x0101: "ffdhe3072",
    0x0102: "ffdhe4096",
    0x0103: "ffdhe6144",
    0x0104: "ffdhe8192",
    0x0200: "MLKEM512",
    0x0201: "MLKEM768",
    0x0202: "MLKEM1024",
    0x11EB: "SecP256r1MLKEM768",
    0x11EC: "X25519MLKEM768",
    0x11ED: "SecP384r1MLKEM1024",
    0x11EE: "curveSM2MLKEM768",
    0x6399: "X25519Kyber768Draft00",
    0x639A: "SecP256r1Kyber768Draft00",
}
WEAK_CURVES = frozenset(
    name
    for name in GROUPS.values()
    if name.startswith(("sect16", "sect19", "secp16", "secp19"))  # 160 to 193 bits: below 112 bits of security
)
"""Curves below 224 bits (NIST SP 800-57 part 1 section 5.6.1), which RFC 8422 section 5.1.1 has deprecated."""
POST_QUANTUM_GROUPS = frozenset(name for name in GROUPS.values() if "MLKEM" in name or "Kyber" in name)
_GROUP_ALIASES: Mapping[str, str] = {
    "p-256": "secp256r1",
    "prime256v1": "secp256r1",
    "p-384": "secp384r1",
    "p-521": "secp521r1",
    "prime192v1": "secp192r1",
    **{name.lower(): name for name in GROUPS.values()},
}


def group_name(number: int) -> str:
    """Return the name of a group, `unknown_0xABCD` when it has none."""
    return GROUPS.get(number) or f"unknown_0x{number:04X}"


def group_from_openssl(name: str | None) -> str:
    """Return IANA's name for OpenSSL's name of a group, "" for None; an unknown name is returned unchanged."""
    return _GROUP_ALIASES.get(name.lower(), name) if name else ""


# Alerts (registry "TLS Alerts" and, for the numbers it marks as reserved, RFC 5246 section 7.2.2 and RFC
# 6101)

ALERTS: Mapping[int, str] = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    21: "decryption_failed",
    22: "record_overflow",
    30: "decompression_failure",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    52: "too_many_cids_requested",
    60: "export_restriction",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    111: "certificate_unobtainable",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    114: "bad_certificate_hash_value",
    115: "unknown_psk_identity",
    116: "certificate_required",
    117: "general_error",
    120: "no_application_protocol",
    121: "ech_required",
}
UNEXPECTED_MESSAGE = 10
INAPPROPRIATE_FALLBACK = 86
SPEAKING_ALERTS = frozenset((40, 70, 71, INAPPROPRIATE_FALLBACK))
"""handshake_failure, protocol_version, insufficient_security, inappropriate_fallback: they speak of what was offered.

Others (internal_error, decode_error, illegal_parameter) may mean that a hello was not understood.
"""


def alert_reason(code: int) -> str:
    """Return the reason of a failure by a fatal alert, as `alert_handshake_failure`."""
    return f"alert_{ALERTS.get(code, 'unassigned')}"


# Signature schemes (registry "TLS SignatureScheme"); before TLS 1.3 the two bytes are hash and signature
# (RFC 5246).

SIGNATURE_SCHEMES: Mapping[int, str] = {
    0x0101: "rsa_pkcs1_md5",
    0x0201: "rsa_pkcs1_sha1",
    0x0202: "dsa_sha1",
    0x0203: "ecdsa_sha1",
    0x0301: "rsa_pkcs1_sha224",
    0x0302: "dsa_sha224",
    0x0303: "ecdsa_sha224",
    0x0401: "rsa_pkcs1_sha256",
    0x0402: "dsa_sha256",
    0x0403: "ecdsa_secp256r1_sha256",
    0x0501: "rsa_pkcs1_sha384",
    0x0502: "dsa_sha384",
    0x0503: "ecdsa_secp384r1_sha384",
    0x0601: "rsa_pkcs1_sha512",
    0x0602: "dsa_sha512",
    0x0603: "ecdsa_secp521r1_sha512",
    0x0708: "sm2sig_sm3",
    0x0804: "rsa_pss_rsae_sha256",
    0x0805: "rsa_pss_rsae_sha384",
    0x0806: "rsa_pss_rsae_sha512",
    0x0807: "ed25519",
    0x0808: "ed448",
    0x0809: "rsa_pss_pss_sha256",
    0x080A: "rsa_pss_pss_sha384",
    0x080B: "rsa_pss_pss_sha512",
    0x081A: "ecdsa_brainpoolP256r1tls13_sha256",
    0x081B: "ecdsa_brainpoolP384r1tls13_sha384",
    0x081C: "ecdsa_brainpoolP512r1tls13_sha512",
    0x0904: "mldsa44",
    0x0905: "mldsa65",
    0x0906: "mldsa87",
}


def signature_scheme_name(number: int) -> str:
    """Return the name of a signature scheme, `unknown_0xABCD` when it has none."""
    return SIGNATURE_SCHEMES.get(number) or f"unknown_0x{number:04X}"
