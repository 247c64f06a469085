"""OCSP (RFC 6960): requests for a certificate, and what a response says of it, once its signature is verified.

A response counts when the issuer itself signed it, or a responder that the issuer certified for id-kp-OCSPSigning.
Nonces are not sent: cached answers are wanted (RFC 5019). Nothing is fetched here.
"""

import warnings
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from exporter.certificates.certificate import Certificate
from exporter.certificates.der import (
    SEQUENCE,
    bits_untrusted,
    count_values_untrusted,
    element_untrusted,
    first_untrusted,
)
from exporter.certificates.measure import measure_untrusted
from exporter.revocation.status import (
    CLOCK_SKEW_SECONDS,
    GOOD,
    REVOKED,
    UNKNOWN,
    Failure,
    Revocation,
    UnusableError,
    is_stale,
)
from exporter.text import printable

_STATUSES = {
    ocsp.OCSPCertStatus.GOOD: GOOD,
    ocsp.OCSPCertStatus.REVOKED: REVOKED,
    ocsp.OCSPCertStatus.UNKNOWN: UNKNOWN,
}
_MAX_CERTIFICATES = 10  # looked at in a response
MAX_VALUES = 4_000
"""DER elements of a response that is read: 300 answers. A responder gives one, and a certificate or two of its own."""
MAX_SIGNATURE_WORK = 10_000
"""Microseconds that verifying the responders that a response brings may be estimated to cost."""


def ocsp_request(certificate: Certificate, issuer: Certificate) -> bytes | None:
    """Return a request for one certificate; None if it or its issuer cannot be read.

    SHA-1 names the issuer here, as every responder expects; it protects nothing (RFC 5019 section 2.1.1).
    """
    if certificate.parsed is None or issuer.parsed is None:
        return None
    try:
        builder = ocsp.OCSPRequestBuilder().add_certificate(
            certificate.parsed,
            issuer.parsed,
            hashes.SHA1(),  # noqa: S303
        )
        return builder.build().public_bytes(Encoding.DER)
    except Exception:  # noqa: BLE001 - hostile input: a certificate with an unusable name or key
        return None


def read_ocsp_untrusted(
    data: bytes, certificate: Certificate, issuer: Certificate | None, now: float, source: str
) -> Revocation:
    """Return what a response says of a certificate. Never raises: without a status there is a problem."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd encodings do not matter here
            return _read(data, certificate, issuer, now, source)
    except UnusableError as error:
        return Revocation(source, failure=error.failure, problem=error.detail)
    except Exception as error:  # noqa: BLE001 - hostile input; its parser raises several kinds
        problem = f"unreadable response: {printable(str(error))}"
        return Revocation(source, failure=Failure.UNREADABLE, problem=problem)


def _read(data: bytes, certificate: Certificate, issuer: Certificate | None, now: float, source: str) -> Revocation:
    response = ocsp.load_der_ocsp_response(data)  # takes a millisecond for 100 KiB, whatever is in them
    if (values := count_values_untrusted(data)) > MAX_VALUES:
        raise UnusableError(Failure.TOO_LARGE, f"a response of {values} values, where {MAX_VALUES} are read")
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise UnusableError(Failure.REFUSED, f"the responder says {response.response_status.name.lower()}")
    if certificate.parsed is None or issuer is None or issuer.parsed is None:
        raise UnusableError(
            Failure.NO_ISSUER, "the certificate's issuer is not known, so the response cannot be verified"
        )
    identity = _Identity(certificate.parsed, issuer.parsed)
    single = next((one for one in response.responses if identity.is_of(one)), None)
    if single is None:
        raise UnusableError(Failure.OTHER_CERTIFICATE, "the response is about another certificate")
    if not _is_signed(response, issuer, issuer.parsed, now):
        raise UnusableError(
            Failure.BAD_SIGNATURE, "the response is signed neither by the issuer nor by a responder of its"
        )
    return _revocation(single, now, source, _sct_count(response))


def _revocation(single: ocsp.OCSPSingleResponse, now: float, source: str, sct_count: int) -> Revocation:
    this_update, next_update = _seconds(single.this_update_utc), _seconds(single.next_update_utc)
    assert this_update is not None
    stale = is_stale(next_update, now)
    early = this_update > now + CLOCK_SKEW_SECONDS
    failure = Failure.STALE if stale else Failure.FUTURE if early else None
    problem = {Failure.STALE: "the response is out of date", Failure.FUTURE: "the response is from the future"}
    status = None if failure else _STATUSES[single.certificate_status]
    reason = single.revocation_reason.value if single.revocation_reason else ""
    revoked_at = _seconds(single.revocation_time_utc)
    sentence = problem[failure] if failure else ""
    return Revocation(source, status, this_update, next_update, revoked_at, reason, failure, sentence, stale, sct_count)


def _seconds(moment: datetime | None) -> int | None:
    return int(moment.timestamp()) if moment is not None else None


class _Identity:
    """A CertID: the hashes of the issuer's name and key, and the serial number (RFC 6960 section 4.1.1).

    A response may hold hundreds of answers under one serial number, and the name may be as long as a handshake is: what
    is hashed is hashed once.
    """

    def __init__(self, certificate: x509.Certificate, issuer: x509.Certificate) -> None:
        self._serial_number = certificate.serial_number
        self._hashed = certificate.issuer.public_bytes(), _key_bits(issuer)
        self._hashes: dict[str, tuple[bytes, bytes]] = {}

    def is_of(self, single: ocsp.OCSPSingleResponse) -> bool:
        """Return whether an answer is about the certificate."""
        if single.serial_number != self._serial_number:
            return False
        digest = single.hash_algorithm
        if digest.name not in self._hashes:
            name, key = self._hashed
            self._hashes[digest.name] = _hash(digest, name), _hash(digest, key)
        return self._hashes[digest.name] == (single.issuer_name_hash, single.issuer_key_hash)


def _hash(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()


def _key_bits(certificate: x509.Certificate) -> bytes:
    """Return the contents of the BIT STRING subjectPublicKey, without the octet that counts unused bits."""
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    parts = first_untrusted(element_untrusted(spki, SEQUENCE).body, 2)
    return bits_untrusted(parts[1].body)


def _is_signed(response: ocsp.OCSPResponse, issuer: Certificate, parsed: x509.Certificate, now: float) -> bool:
    """Return whether an authorized key signed (RFC 6960 section 4.2.2.2): the issuer's or its delegated responder's."""
    name, key_hash = response.responder_name, response.responder_key_hash
    if _is_named(name, key_hash, parsed) and _verifies(response, parsed):
        return True
    left = MAX_SIGNATURE_WORK
    for candidate in response.certificates[:_MAX_CERTIFICATES]:
        if not _is_named(name, key_hash, candidate):
            continue
        left -= issuer.measure.key.work + measure_untrusted(candidate.public_bytes(Encoding.DER)).key.work
        if left < 0:
            raise UnusableError(Failure.TOO_LARGE, "the keys of its responders take too long to be computed with")
        if _is_delegated(candidate, parsed, now) and _verifies(response, candidate):
            return True
    return False


def _is_named(name: x509.Name | None, key_hash: bytes | None, candidate: x509.Certificate) -> bool:
    """Return whether a certificate is the response's ResponderID, by name or by the SHA-1 of its key."""
    if name is not None:
        return name == candidate.subject
    return key_hash == _hash(hashes.SHA1(), _key_bits(candidate))  # noqa: S303 - RFC 6960


def _is_delegated(candidate: x509.Certificate, issuer: x509.Certificate, now: float) -> bool:
    """Return whether the issuer itself certified a key for OCSP signing, and that still holds."""
    try:
        usages = candidate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        candidate.verify_directly_issued_by(issuer)
    except (x509.ExtensionNotFound, InvalidSignature, ValueError, TypeError):
        return False
    begin, end = candidate.not_valid_before_utc.timestamp(), candidate.not_valid_after_utc.timestamp()
    return ExtendedKeyUsageOID.OCSP_SIGNING in usages and begin <= now <= end


def _verifies(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    key, digest = signer.public_key(), response.signature_hash_algorithm
    signature, signed = response.signature, response.tbs_response_bytes
    try:
        if isinstance(key, rsa.RSAPublicKey) and digest is not None:
            key.verify(signature, signed, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and digest is not None:
            key.verify(signature, signed, ec.ECDSA(digest))
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(signature, signed)
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _sct_count(response: ocsp.OCSPResponse) -> int:
    """Count the timestamps delivered with the answer (RFC 6962 section 3.3)."""
    try:
        return len(response.single_extensions.get_extension_for_class(x509.SignedCertificateTimestamps).value)
    except (x509.ExtensionNotFound, ValueError):
        return 0
