"""HPKE in base mode (RFC 9180) with X25519 and HKDF-SHA256: one message sealed to a public key. Pure.

The library seals in one shot, and its message begins with the encapsulated key. Encrypted Client Hello authenticates
that key together with the message, so that it must be known before: hence these forty lines.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

DHKEM_X25519 = 0x0020
HKDF_SHA256 = 0x0001
_AEADS: Mapping[int, tuple[Callable[[bytes], AESGCM | ChaCha20Poly1305], int]] = {
    0x0001: (AESGCM, 16),
    0x0002: (AESGCM, 32),
    0x0003: (ChaCha20Poly1305, 32),
}
TAG_LENGTH = 16
PUBLIC_KEY_LENGTH = 32


def is_supported(kem: int, kdf: int, aead: int) -> bool:
    """Return whether these algorithms can be used here."""
    return kem == DHKEM_X25519 and kdf == HKDF_SHA256 and aead in _AEADS


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender's side of a context: the encapsulated key, and what seals the first message."""

    encapsulated_key: bytes
    _aead: AESGCM | ChaCha20Poly1305
    _nonce: bytes

    def seal(self, plaintext: bytes, associated: bytes) -> bytes:
        """Return the first message, sealed."""
        return self._aead.encrypt(self._nonce, plaintext, associated)


def setup_sender(public_key: bytes, info: bytes, aead: int, ephemeral: X25519PrivateKey) -> Sender:
    """Return a context for a receiver's key (SetupBaseS, section 5.1.1). Raises ValueError for a key that is none."""
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public_key))
    encapsulated = ephemeral.public_key().public_bytes_raw()
    kem = b"KEM" + DHKEM_X25519.to_bytes(2)
    secret = _expand(kem, _extract(kem, b"", b"eae_prk", shared), b"shared_secret", encapsulated + public_key, 32)
    suite = b"HPKE" + b"".join(number.to_bytes(2) for number in (DHKEM_X25519, HKDF_SHA256, aead))
    context = b"\x00" + _extract(suite, b"", b"psk_id_hash", b"") + _extract(suite, b"", b"info_hash", info)
    scheduled = _extract(suite, secret, b"secret", b"")
    cipher, length = _AEADS[aead]
    key = _expand(suite, scheduled, b"key", context, length)
    return Sender(encapsulated, cipher(key), _expand(suite, scheduled, b"base_nonce", context, 12))


def _extract(suite: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
    return hmac.digest(salt, b"HPKE-v1" + suite + label + material, hashlib.sha256)


def _expand(suite: bytes, key: bytes, label: bytes, info: bytes, length: int) -> bytes:
    """One round of HKDF-Expand: no length here passes 32 bytes."""
    return hmac.digest(key, length.to_bytes(2) + b"HPKE-v1" + suite + label + info + b"\x01", hashlib.sha256)[:length]
