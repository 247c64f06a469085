"""The key shares of a ClientHello (RFC 8446 section 4.2.8), and the secret that a server's share makes of them.

Shares are made for many hellos, not for one: the keys of a probe guard nothing, because it sends nothing that is
secret. The caller decides how long they serve. The same keys serve the key exchange of TLS 1.2 (RFC 8422).
"""

from collections.abc import Mapping

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from exporter.wire.records import WireError

X25519 = 0x001D
X25519MLKEM768 = 0x11EC
GROUPS = frozenset((X25519, X25519MLKEM768))
_CIPHERTEXT = 1088  # FIPS 203, ML-KEM-768
_CURVES: Mapping[int, ec.EllipticCurve] = {0x0017: ec.SECP256R1(), 0x0018: ec.SECP384R1()}


class KeyShares:
    """The keys behind the shares of X25519 and X25519MLKEM768, which have one X25519 key in common."""

    __slots__ = ("_curves", "_mlkem", "_x25519", "public")

    def __init__(self) -> None:
        self._curves: dict[int, tuple[ec.EllipticCurvePrivateKey, bytes]] = {}  # made when a server wants one
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

    def agree_untrusted(self, group: int, public: bytes) -> tuple[bytes, bytes]:
        """Return the public key of a group and the secret shared with the server, for TLS 1.2. Raises WireError.

        RFC 8422 section 5.10: the secret is the x coordinate; section 5.11: X25519's output.
        """
        if group == X25519:
            return self.public[X25519], self.secret_untrusted(X25519, public)
        curve = _CURVES.get(group)
        if curve is None:
            raise WireError("a key exchange on a curve that is not known here")
        if group not in self._curves:
            made = ec.generate_private_key(curve)
            point = made.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            self._curves[group] = made, point
        private, own = self._curves[group]
        try:
            return own, private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(curve, public))
        except ValueError as error:
            raise WireError(f"a point that cannot be used: {error}") from None
