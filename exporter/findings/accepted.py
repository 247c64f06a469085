"""Which finding an accepted version, cipher class or feature is: what the page and `probe` show as bad, known once."""

from collections.abc import Mapping

FINDING_OF_ACCEPTED: Mapping[str, str] = {
    "SSLv2": "sslv2_accepted",
    "SSLv3": "sslv3_accepted",
    "TLSv1.0": "tls10_accepted",
    "TLSv1.1": "tls11_accepted",
    "null": "cipher_null",
    "anonymous": "cipher_anonymous",
    "export": "cipher_export",
    "des": "cipher_des",
    "rc4": "cipher_rc4",
    "3des": "cipher_3des",
    "rsa_key_exchange": "rsa_key_exchange",
}
_POST_QUANTUM = "MLKEM"


def is_bad(name: str) -> bool:
    """Return whether a protocol version or cipher class should not be accepted."""
    return name in FINDING_OF_ACCEPTED


def is_good(name: str) -> bool:
    """Return whether it is worth pointing out that a version or group is accepted: TLS 1.3, the post-quantum groups."""
    return name == "TLSv1.3" or is_post_quantum(name)


def is_post_quantum(group: str) -> bool:
    """Return whether a key exchange group resists quantum computers."""
    return _POST_QUANTUM in group.upper()
