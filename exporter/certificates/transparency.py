"""Signed certificate timestamps (RFC 6962 section 3.3): how many a list holds, wherever it came from.

They are only counted here. `ct_policy` verifies their signatures, where the user names a list of logs.
"""

from collections.abc import Iterable

from exporter.certificates.der import DERError

_LOG_ID = slice(1, 33)  # struct { Version sct_version(1); LogID id(32); uint64 timestamp; ... }
_SHORTEST = 1 + 32 + 8 + 2 + 4


def scts_untrusted(data: bytes) -> tuple[bytes, ...]:
    """Return the timestamps of a SignedCertificateTimestampList.

    opaque SerializedSCT<1..2^16-1>; struct { SerializedSCT sct_list <1..2^16-1>; }
    """
    if len(data) < 2 or int.from_bytes(data[:2], "big") != len(data) - 2:  # noqa: PLR2004 - the list's length
        raise DERError("bad list of signed certificate timestamps")
    scts = []
    offset = 2
    while offset < len(data):
        length = int.from_bytes(data[offset : offset + 2], "big")
        sct = data[offset + 2 : offset + 2 + length]
        if len(sct) != length or length < _SHORTEST:
            raise DERError("bad signed certificate timestamp")
        scts.append(sct)
        offset += 2 + length
    return tuple(scts)


def count_scts_untrusted(data: bytes) -> int:
    """Return how many timestamps a list holds."""
    return len(scts_untrusted(data))


def total(in_certificate: int | None, in_handshake: Iterable[bytes], in_staple: int) -> int | None:
    """Return how many timestamps were delivered in all three ways; None if the certificate's list is unreadable."""
    return None if in_certificate is None else in_certificate + len(set(in_handshake)) + in_staple
