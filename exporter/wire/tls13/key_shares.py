"""The key shares of a ClientHello (RFC 8446 section 4.2.8), and the secret that a server's share makes of them.

Shares are made for many hellos, not for one: the keys of a probe guard nothing, for it sends nothing that is secret.
The caller that makes them decides how long they serve.
"""

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from exporter.wire.records import WireError

X25519 = 0x001D
X25519MLKEM768 = 0x11EC
GROUPS = frozenset((X25519, X25519MLKEM768))
_CIPHERTEXT = 1088  # FIPS 203, ML-KEM-768


class KeyShares:
    """The keys behind the shares of X25519 and X25519MLKEM768, which have one X25519 key in common."""

    __slots__ = ("_mlkem", "_x25519", "public")

    def __init__(self) -> None:
        self._x25519 = X25519PrivateKey.generate()
        self._mlkem = MLKEM768PrivateKey.generate()
        public = self._x25519.public_key().public_bytes_raw()
        self.public = {X25519: public, X25519MLKEM768: self._mlkem.public_key().public_bytes_raw() + public}

    def secret_untrusted(self, group: int, share: bytes) -> bytes:
        """Return the secret shared with a server. Raises WireError.

        The hybrid (RFC 10024 section 3) is ML-KEM's secret followed by X25519's, its shares likewise.
        """
        try:
            if group == X25519:
                return self._x25519.exchange(X25519PublicKey.from_public_bytes(share))
            if group == X25519MLKEM768:
                public = X25519PublicKey.from_public_bytes(share[_CIPHERTEXT:])
                return self._mlkem.decapsulate(share[:_CIPHERTEXT]) + self._x25519.exchange(public)
        except (ValueError, InvalidKey) as error:
            raise WireError(f"a key share that cannot be used: {error}") from None
        raise WireError("a key share of a group that was not offered")
