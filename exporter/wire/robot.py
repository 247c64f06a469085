"""The messages that show whether a server reveals if RSA padding is malformed (ROBOT, 2017).

Five ClientKeyExchange messages, each for a connection of its own: one is well-formed, four break PKCS #1
(RFC 8017 section 7.2) in different places. RFC 5246 section 7.4.7.1 demands that a server treats them all
alike. The difference is all that is looked at: five handshakes that fail are not the attack, which takes
tens of thousands of them.
"""

from dataclasses import dataclass

from exporter.wire.iana import SSL_3_0
from exporter.wire.records import HANDSHAKE, handshake_message, record

_CLIENT_KEY_EXCHANGE = 16
_SECRET_LENGTH = 46  # of a premaster secret, after its version

WELL_FORMED = "well_formed"
BAD_PREFIX = "bad_prefix"
ZERO_MISPLACED = "zero_misplaced"
NO_ZERO = "no_zero"
WRONG_VERSION = "wrong_version"
SHAPES = (WELL_FORMED, BAD_PREFIX, ZERO_MISPLACED, NO_ZERO, WRONG_VERSION)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A server's RSA key."""

    modulus: int
    exponent: int

    @property
    def size(self) -> int:
        """The modulus' length in bytes."""
        return (self.modulus.bit_length() + 7) // 8


def padded_secret(shape: str, version: int, size: int, secret: bytes) -> bytes:
    """Return the padded premaster secret of one of SHAPES, for a modulus of that many bytes."""
    secret = secret[:_SECRET_LENGTH].ljust(_SECRET_LENGTH, b"\x11")
    client_version = version.to_bytes(2)
    filler = b"\xff" * (size - 2 - 1 - 2 - _SECRET_LENGTH)
    match shape:
        case "bad_prefix":
            return b"\x41\x17" + filler + b"\x00" + client_version + secret
        case "zero_misplaced":
            return b"\x00\x02" + filler + b"\x11" + _without_zeros(secret) + b"\x00\x11"
        case "no_zero":
            return b"\x00\x02" + filler + b"\x11\x11\x11" + _without_zeros(secret)
        case "wrong_version":
            return b"\x00\x02" + filler + b"\x00\x02\x02" + secret
        case _:
            return b"\x00\x02" + filler + b"\x00" + client_version + secret


def _without_zeros(secret: bytes) -> bytes:
    return secret.replace(b"\x00", b"\x01")


def write_client_key_exchange(version: int, key: PublicKey, padded: bytes) -> bytes:
    """Return a ClientKeyExchange record with the padded secret, encrypted as it is."""
    encrypted = pow(int.from_bytes(padded) % key.modulus, key.exponent, key.modulus).to_bytes(key.size)
    body = encrypted if version == SSL_3_0 else len(encrypted).to_bytes(2) + encrypted
    return record(HANDSHAKE, version, handshake_message(_CLIENT_KEY_EXCHANGE, body))


def write_meaningless_finished(version: int, cipher_name: str) -> bytes:
    """Return a record of the length of an encrypted Finished, which no key decrypts."""
    return record(HANDSHAKE, version, b"\xa5" * (40 if "_GCM_" in cipher_name else 64))
