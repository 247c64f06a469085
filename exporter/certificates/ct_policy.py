"""Signed certificate timestamps verified (RFC 6962 section 3.2), and Chrome's policy on them.

A log's signature is over the certificate, or over the precertificate: the same body without the timestamps, under the
hash of its issuer's key. Chrome asks of a certificate from a public CA for timestamps of at least two logs (three if it
is valid for more than 180 days) of two operators, from logs that are accepted now, or were retired after the timestamp;
one of them from a log that is accepted now. Source: Chrome Certificate Transparency Policy (googlechrome/
CertificateTransparency, ct_policy.md). Without a list of logs nothing is known, and nothing is said.
"""

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from exporter.certificates import der
from exporter.certificates.certificate import Certificate
from exporter.certificates.der import DERError, element_untrusted
from exporter.certificates.extensions import SIGNED_CERTIFICATE_TIMESTAMPS, extension_value_untrusted
from exporter.certificates.lifetime import SECONDS_PER_DAY, lifetime
from exporter.certificates.log_list import ACCEPTED_STATES, RETIRED, Log, Logs
from exporter.certificates.transparency import scts_untrusted

MAX_TIMESTAMPS = 20  # verified of one certificate: each costs a signature
_LONG_SECONDS = 180 * SECONDS_PER_DAY
_HEADER = struct.Struct("!B32sQH")  # version, log id, timestamp in milliseconds, length of the extensions
_SIGNATURE = struct.Struct("!BBH")  # hash algorithm, signature algorithm, length
_ENTRY = struct.Struct("!BBQH")  # version, signature type, timestamp, entry type
_X509_ENTRY, _PRECERT_ENTRY = 0, 1
_SHA256, _RSA, _ECDSA = 4, 1, 3


@dataclass(frozen=True, slots=True)
class CTVerdict:
    """What the timestamps of a certificate are worth. `compliant` is None where that is not known."""

    valid: int  # timestamps of known logs whose signatures verify
    compliant: bool | None
    reason: str = ""  # why not


@dataclass(frozen=True, slots=True)
class _Timestamp:
    log_id: bytes
    milliseconds: int
    extensions: bytes
    hash: int
    algorithm: int
    signature: bytes


def assess_transparency(
    leaf: Certificate, issuer: Certificate | None, in_handshake: Iterable[bytes], in_staple: int, logs: Logs
) -> CTVerdict:
    """Verify a leaf's timestamps and apply Chrome's policy. Never raises.

    Those of a stapled OCSP response are only counted: with them, what else falls short is not known to be wrong.
    """
    embedded = _valid(_embedded_untrusted(leaf), _precertificate_entry(leaf, issuer), logs)
    offered = tuple(in_handshake)[:MAX_TIMESTAMPS]
    sent = [log for log, _ in _valid(offered, _certificate_entry(leaf), logs)]
    reason = _embedded_reason(leaf, embedded)
    if reason and not _sent_reason(sent):
        reason = ""
    compliant = None if reason and (in_staple or (leaf.sct_count and issuer is None)) else not reason
    return CTVerdict(len(embedded) + len(sent), compliant, "" if compliant is None else reason)


def _embedded_reason(leaf: Certificate, valid: list[tuple[Log, float]]) -> str:
    """Return what the embedded timestamps fall short of; "" for nothing."""
    counted = [log for log, at in valid if log.state in ACCEPTED_STATES or (log.state == RETIRED and at < log.since)]
    needed = 3 if (lifetime(leaf) or 0) > _LONG_SECONDS else 2
    if len({log.key for log in counted}) < needed:
        return f"{len({log.key for log in counted})} timestamps of accepted logs where {needed} are needed"
    if len({log.operator for log in counted}) < 2:  # noqa: PLR2004 - two operators
        return "all timestamps are from one operator"
    if not any(log.state in ACCEPTED_STATES for log in counted):
        return "every log has been retired"
    return ""


def _sent_reason(logs: list[Log]) -> str:
    """Return what the timestamps of the handshake fall short of: two operators whose logs are accepted now."""
    operators = {log.operator for log in logs if log.state in ACCEPTED_STATES}
    return "" if len(operators) >= 2 else "too few operators"  # noqa: PLR2004


def _valid(scts: Iterable[bytes], entry: tuple[int, bytes] | None, logs: Logs) -> list[tuple[Log, float]]:
    """Return the log and the time (Unix seconds) of each timestamp whose signature verifies, each log once."""
    found: dict[bytes, tuple[Log, float]] = {}
    for sct in scts:
        timestamp = _read_untrusted(sct)
        log = logs.get(timestamp.log_id) if timestamp is not None else None
        if timestamp is not None and log is not None and entry is not None and _verifies(timestamp, entry, log):
            found.setdefault(timestamp.log_id, (log, timestamp.milliseconds / 1000))
    return list(found.values())


def _read_untrusted(sct: bytes) -> _Timestamp | None:
    try:
        version, log_id, milliseconds, length = _HEADER.unpack_from(sct)
        start = _HEADER.size + length
        digest, algorithm, size = _SIGNATURE.unpack_from(sct, start)
    except struct.error:
        return None
    signature = sct[start + _SIGNATURE.size :]
    if version != 0 or len(signature) != size:
        return None
    return _Timestamp(log_id, milliseconds, sct[_HEADER.size : start], digest, algorithm, signature)


def _verifies(timestamp: _Timestamp, entry: tuple[int, bytes], log: Log) -> bool:
    kind, body = entry
    signed = _ENTRY.pack(0, 0, timestamp.milliseconds, kind) + body
    signed += len(timestamp.extensions).to_bytes(2, "big") + timestamp.extensions
    try:
        key = serialization.load_der_public_key(log.key)
        if isinstance(key, ec.EllipticCurvePublicKey) and (timestamp.hash, timestamp.algorithm) == (_SHA256, _ECDSA):
            key.verify(timestamp.signature, signed, ec.ECDSA(hashes.SHA256()))
            return True
        if isinstance(key, rsa.RSAPublicKey) and (timestamp.hash, timestamp.algorithm) == (_SHA256, _RSA):
            key.verify(timestamp.signature, signed, padding.PKCS1v15(), hashes.SHA256())
            return True
    except (InvalidSignature, ValueError, TypeError):
        return False
    except Exception:  # noqa: BLE001 - a key that the library does not support
        return False
    return False


def _certificate_entry(leaf: Certificate) -> tuple[int, bytes]:
    return _X509_ENTRY, len(leaf.der).to_bytes(3, "big") + leaf.der


def _precertificate_entry(leaf: Certificate, issuer: Certificate | None) -> tuple[int, bytes] | None:
    """Return what a log signs of a precertificate: the hash of the issuer's key, and the body without timestamps."""
    if leaf.parsed is None or issuer is None:
        return None
    try:
        body = leaf.parsed.tbs_precertificate_bytes
    except ValueError:
        return None
    return _PRECERT_ENTRY, hashlib.sha256(issuer.spki_der).digest() + len(body).to_bytes(3, "big") + body


def _embedded_untrusted(leaf: Certificate) -> tuple[bytes, ...]:
    try:
        value = extension_value_untrusted(leaf.der, SIGNED_CERTIFICATE_TIMESTAMPS)
        return scts_untrusted(element_untrusted(value, der.OCTET_STRING).body)[:MAX_TIMESTAMPS] if value else ()
    except DERError:
        return ()
