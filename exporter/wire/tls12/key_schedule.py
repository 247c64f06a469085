"""The pseudorandom function of TLS 1.2 and what is made with it (RFC 5246 sections 5, 6.3 and 8.1, RFC 7627)."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

from exporter.wire.tls13.schedule import AEAD

MASTER_SECRET_LENGTH = 48
VERIFY_DATA_LENGTH = 12


@dataclass(frozen=True, slots=True, eq=False)
class Suite:
    """A cipher suite: the hash of its PRF, its AEAD, the lengths of key, fixed IV and explicit nonce in bytes."""

    hash_name: str
    aead: type[AEAD]
    key_length: int
    iv_length: int
    explicit_length: int


_AES_128 = Suite("sha256", AESGCM, 16, 4, 8)
_AES_256 = Suite("sha384", AESGCM, 32, 4, 8)
_CHACHA20 = Suite("sha256", ChaCha20Poly1305, 32, 12, 0)

SUITES: Mapping[int, Suite] = {  # RFC 5289 section 3.2, RFC 7905 section 2: ephemeral ECDH with ECDSA and RSA
    0xC02B: _AES_128,
    0xC02C: _AES_256,
    0xC02F: _AES_128,
    0xC030: _AES_256,
    0xCCA8: _CHACHA20,
    0xCCA9: _CHACHA20,
}


def prf(suite: Suite, secret: bytes, label: bytes, seed: bytes, length: int) -> bytes:
    """Return bytes of P_hash (section 5)."""
    seed = label + seed
    output, at = b"", seed
    while len(output) < length:
        at = hmac.digest(secret, at, suite.hash_name)
        output += hmac.digest(secret, at + seed, suite.hash_name)
    return output[:length]


def master_secret(suite: Suite, shared: bytes, session_hash: bytes) -> bytes:
    """Return the extended master secret (RFC 7627 section 4)."""
    return prf(suite, shared, b"extended master secret", session_hash, MASTER_SECRET_LENGTH)


def old_master_secret(suite: Suite, shared: bytes, randoms: bytes) -> bytes:
    """Return the master secret of servers without RFC 7627 (RFC 5246 section 8.1); `randoms` are client's, server's."""
    return prf(suite, shared, b"master secret", randoms, MASTER_SECRET_LENGTH)


def key_block(suite: Suite, master: bytes, randoms: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """Return client's key, server's key, client's IV, server's IV (section 6.3); `randoms` are server's, client's."""
    key, iv = suite.key_length, suite.iv_length
    block = prf(suite, master, b"key expansion", randoms, 2 * (key + iv))
    return block[:key], block[key : 2 * key], block[2 * key : 2 * key + iv], block[2 * key + iv :]


def verify_data(suite: Suite, master: bytes, label: bytes, transcript: bytes) -> bytes:
    """Return the content of a Finished message (section 7.4.9)."""
    return prf(suite, master, label, transcript, VERIFY_DATA_LENGTH)
