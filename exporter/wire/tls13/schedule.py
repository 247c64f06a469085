"""The key schedule of TLS 1.3 (RFC 8446 section 7.1): from a shared secret to the secrets and keys of each direction.

No pre-shared keys, so that everything before the handshake secret is constant for a hash.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from hmac import digest

from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

IV_LENGTH = 12
AEAD = AESGCM | ChaCha20Poly1305


@dataclass(frozen=True, slots=True)
class Suite:
    """A cipher suite: the hash of its schedule, the length of its keys, its AEAD."""

    hash: str
    hash_length: int
    key_length: int
    aead: Callable[[bytes], AEAD]


SUITES: Mapping[int, Suite] = {
    0x1301: Suite("sha256", 32, 16, AESGCM),
    0x1302: Suite("sha384", 48, 32, AESGCM),
    0x1303: Suite("sha256", 32, 32, ChaCha20Poly1305),
}


@cache
def _label(label: str, length: int, context_length: int = 0) -> bytes:
    """Return the beginning of an HkdfLabel: length16 | length8 "tls13 " label | length8 of the context."""
    name = b"tls13 " + label.encode("ascii")
    return length.to_bytes(2) + bytes((len(name),)) + name + bytes((context_length,))


@cache
def _whole_label(label: str, length: int) -> bytes:
    """Return what HKDF-Expand hashes first (RFC 5869 section 2.3): label, empty context, the number 1."""
    return _label(label, length) + b"\x01"


def expand(suite: Suite, secret: bytes, label: str, length: int) -> bytes:
    """HKDF-Expand-Label with an empty context. No length here passes that of the hash: one round is enough."""
    return digest(secret, _whole_label(label, length), suite.hash)[:length]


def derive(suite: Suite, secret: bytes, label: str, transcript: bytes) -> bytes:
    """Derive-Secret, with the hash of the transcript."""
    length = suite.hash_length
    return digest(secret, _label(label, length, length) + transcript + b"\x01", suite.hash)


@cache
def _derived_early_secret(suite: Suite) -> bytes:
    zeros = bytes(suite.hash_length)
    return derive(suite, digest(zeros, zeros, suite.hash), "derived", _empty(suite))


@cache
def _empty(suite: Suite) -> bytes:
    return hashlib.new(suite.hash).digest()


def handshake_secret(suite: Suite, shared: bytes) -> bytes:
    """Return the Handshake Secret."""
    return digest(_derived_early_secret(suite), shared, suite.hash)


def master_secret(suite: Suite, secret: bytes) -> bytes:
    """Return the Master Secret that follows a Handshake Secret."""
    return digest(derive(suite, secret, "derived", _empty(suite)), bytes(suite.hash_length), suite.hash)


def finished(suite: Suite, traffic_secret: bytes, transcript: bytes) -> bytes:
    """Return the verify_data of a Finished message (section 4.4.4)."""
    return digest(expand(suite, traffic_secret, "finished", suite.hash_length), transcript, suite.hash)
