"""The key schedule of TLS 1.3 (RFC 8446 section 7.1): from a shared secret to the secrets and keys of each direction.

No pre-shared keys, so that everything before the handshake secret is constant for a hash.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

IV_LENGTH = 12
AEAD = AESGCM | ChaCha20Poly1305


@dataclass(frozen=True, slots=True, eq=False)
class Suite:
    """A cipher suite: the hash of its schedule, its lengths in bytes, the length of its keys, its AEAD."""

    hash: Callable[[bytes], Any]
    hash_length: int
    block_length: int
    key_length: int
    aead: Callable[[bytes], AEAD]


SUITES: Mapping[int, Suite] = {
    0x1301: Suite(hashlib.sha256, 32, 64, 16, AESGCM),
    0x1302: Suite(hashlib.sha384, 48, 128, 32, AESGCM),
    0x1303: Suite(hashlib.sha256, 32, 64, 32, ChaCha20Poly1305),
}
_INNER = bytes(number ^ 0x36 for number in range(256))
_OUTER = bytes(number ^ 0x5C for number in range(256))


def _hmac(suite: Suite, key: bytes, message: bytes) -> bytes:
    """HMAC (RFC 2104 section 2) with a key of at most a block: `hmac.digest` takes longer to find its hash by name."""
    block = key.ljust(suite.block_length, b"\x00")
    inner: bytes = suite.hash(block.translate(_INNER) + message).digest()
    outer: bytes = suite.hash(block.translate(_OUTER) + inner).digest()
    return outer


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
    return _hmac(suite, secret, _whole_label(label, length))[:length]


def derive(suite: Suite, secret: bytes, label: str, transcript: bytes) -> bytes:
    """Derive-Secret, with the hash of the transcript."""
    length = suite.hash_length
    return _hmac(suite, secret, _label(label, length, length) + transcript + b"\x01")


@cache
def _derived_early_secret(suite: Suite) -> bytes:
    zeros = bytes(suite.hash_length)
    return derive(suite, _hmac(suite, zeros, zeros), "derived", _empty(suite))


@cache
def _empty(suite: Suite) -> bytes:
    nothing: bytes = suite.hash(b"").digest()
    return nothing


def handshake_secret(suite: Suite, shared: bytes) -> bytes:
    """Return the Handshake Secret."""
    return _hmac(suite, _derived_early_secret(suite), shared)


def master_secret(suite: Suite, secret: bytes) -> bytes:
    """Return the Master Secret that follows a Handshake Secret."""
    return _hmac(suite, derive(suite, secret, "derived", _empty(suite)), bytes(suite.hash_length))


def finished(suite: Suite, traffic_secret: bytes, transcript: bytes) -> bytes:
    """Return the verify_data of a Finished message (section 4.4.4)."""
    return _hmac(suite, expand(suite, traffic_secret, "finished", suite.hash_length), transcript)
