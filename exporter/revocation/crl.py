"""Certificate revocation lists (RFC 5280 sections 5 and 6.3): complete ones, signed by the certificate's issuer.

Delta and indirect lists, lists for some reasons only and lists of another scope are refused with the reason:
certificates that they omit would look good. Nothing is fetched here.

Lists come over unauthenticated HTTP. So the signature is verified first, over the bytes as received: before that only
three DER headers are read, and after that what is parsed is the issuer's own. `hashlib` releases the GIL while it
hashes. Of a list of 16 MiB and 550,000 entries, parsing holds the GIL for 30 ms and looking up a serial number for
36 ms. `is_signature_valid`, which encodes the list once more, would hold it for 200 ms.
"""

import hashlib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509.oid import CRLEntryExtensionOID, ExtensionOID

from exporter.certificates.algorithms import read_signature_algorithm_untrusted
from exporter.certificates.certificate import Certificate
from exporter.certificates.der import (
    BIT_STRING,
    SEQUENCE,
    DERError,
    Element,
    bits_untrusted,
    element_untrusted,
    first_untrusted,
    header_untrusted,
)
from exporter.certificates.pem import pem_blocks_untrusted
from exporter.revocation.status import (
    CLOCK_SKEW_SECONDS,
    CRL,
    GOOD,
    REVOKED,
    Failure,
    Revocation,
    UnusableError,
    is_stale,
)
from exporter.text import printable

_PEM_LABEL = b"X509 CRL"
_MAX_SIGNATURE = 64 * 1024  # bytes of algorithm and signature
_HASHES: Mapping[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - old authorities sign their lists so
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_PLAIN_RSA, _ECDSA = "WithRSAEncryption", "ecdsa-with-SHA"
MAX_UNHASHED = 1024 * 1024
"""Bytes of a list whose signature is verified with the interpreter's lock held: all but plain RSA and ECDSA."""
_KNOWN = frozenset(
    {
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.CRL_NUMBER,
        ExtensionOID.ISSUING_DISTRIBUTION_POINT,
        ExtensionOID.DELTA_CRL_INDICATOR,
        ExtensionOID.FRESHEST_CRL,
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
    }
)


_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


@dataclass(frozen=True, slots=True)
class RevocationList:
    """A list whose signature has been verified, or the problem that makes it useless."""

    url: str
    issuer_der: bytes = b""
    this_update: int | None = None
    next_update: int | None = None
    failure: Failure | None = None
    problem: str = ""
    scope: x509.IssuingDistributionPoint | None = None
    parsed: x509.CertificateRevocationList | None = None

    def status(self, certificate: Certificate, now: float) -> Revocation:
        """Return what the list says of a certificate at a time in Unix seconds."""
        try:
            self._check(certificate, now)
        except UnusableError as error:
            stale = error.failure is Failure.STALE
            times = (self.this_update, self.next_update)
            return Revocation(CRL, None, *times, failure=error.failure, problem=error.detail, is_stale=stale)
        assert self.parsed is not None
        assert certificate.parsed is not None
        entry = self.parsed.get_revoked_certificate_by_serial_number(certificate.parsed.serial_number)
        if entry is None:
            return Revocation(CRL, GOOD, self.this_update, self.next_update)
        revoked_at = int(entry.revocation_date_utc.timestamp())
        return Revocation(CRL, REVOKED, self.this_update, self.next_update, revoked_at, _reason(entry))

    def _check(self, certificate: Certificate, now: float) -> None:
        """Raise if the list says nothing of a certificate at this time (RFC 5280 section 6.3.3)."""
        if self.failure is not None:
            raise UnusableError(self.failure, self.problem)
        if certificate.parsed is None or certificate.issuer_der != self.issuer_der:
            raise UnusableError(Failure.OTHER_CERTIFICATE, "the list is of another issuer")
        if self.scope is not None:
            _check_scope(self.scope, certificate)
        if self.this_update is not None and self.this_update > now + CLOCK_SKEW_SECONDS:
            raise UnusableError(Failure.FUTURE, "the list is from the future")
        if is_stale(self.next_update, now):
            raise UnusableError(Failure.STALE, "the list is out of date")


def _check_scope(scope: x509.IssuingDistributionPoint, certificate: Certificate) -> None:
    """Raise if the list does not cover a certificate (RFC 5280 section 6.3.3, step b)."""
    if scope.only_contains_attribute_certs or (scope.only_contains_ca_certs and not certificate.is_ca):
        raise UnusableError(Failure.SCOPE, "the list does not cover certificates of servers")
    if scope.only_contains_user_certs and certificate.is_ca:
        raise UnusableError(Failure.SCOPE, "the list does not cover certificates of authorities")
    named = {name.value for name in scope.full_name or () if isinstance(name, x509.UniformResourceIdentifier)}
    if scope.full_name and not named & set(certificate.crl_urls):
        raise UnusableError(Failure.SCOPE, "the list is for another distribution point")


def read_crl_untrusted(data: bytes, issuer: Certificate, url: str = "") -> RevocationList:
    """Read a list and verify its signature. Never raises: a useless list says why it is useless."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd encodings do not matter here
            return _read(data, issuer, url)
    except UnusableError as error:
        return RevocationList(url, failure=error.failure, problem=error.detail)
    except Exception as error:  # noqa: BLE001 - hostile input; its parser raises several kinds
        problem = f"unreadable list: {printable(str(error))}"
        return RevocationList(url, failure=Failure.UNREADABLE, problem=problem)


def _read(data: bytes, issuer: Certificate, url: str) -> RevocationList:
    encoded = next(pem_blocks_untrusted(data, _PEM_LABEL), data)
    if issuer.parsed is None:
        raise UnusableError(Failure.OTHER_CERTIFICATE, "the list is of another issuer")
    if not _may_sign(issuer.parsed):
        raise UnusableError(Failure.BAD_SIGNATURE, "the issuer's key usage does not allow it to sign lists")
    signed = _signed_untrusted(encoded)
    if not _is_signed_by(signed, issuer.parsed.public_key()):
        _refuse(signed, issuer)
    crl = x509.load_der_x509_crl(encoded)
    if crl.issuer != issuer.parsed.subject:
        raise UnusableError(Failure.OTHER_CERTIFICATE, "the list is of another issuer")
    for extension in crl.extensions:
        if extension.critical and extension.oid not in _KNOWN:
            oid = extension.oid.dotted_string
            raise UnusableError(Failure.UNKNOWN_CRITICAL_EXTENSION, f"the list has the critical extension {oid}")
    if _extension(crl, x509.DeltaCRLIndicator) is not None:
        raise UnusableError(Failure.DELTA, "a delta list, which only says what has changed")
    scope = _extension(crl, x509.IssuingDistributionPoint)
    if scope is not None and scope.indirect_crl:
        raise UnusableError(Failure.INDIRECT, "an indirect list, which speaks for other issuers")
    if scope is not None and scope.only_some_reasons:
        raise UnusableError(Failure.SCOPE, "a list for some reasons only")
    next_update = int(crl.next_update_utc.timestamp()) if crl.next_update_utc is not None else None
    return RevocationList(
        url, issuer.subject_der, int(crl.last_update_utc.timestamp()), next_update, scope=scope, parsed=crl
    )


@dataclass(frozen=True, slots=True)
class _Signed:
    """CertificateList ::= SEQUENCE { tbsCertList, signatureAlgorithm, signatureValue BIT STRING }."""

    whole: bytes
    content: bytes
    algorithm: Element
    signature: bytes


def _signed_untrusted(data: bytes) -> _Signed:
    """Part a list from its signature. Raises DERError."""
    tag, start, length = header_untrusted(data)
    content_tag, begin, size = header_untrusted(data, start)
    if tag != SEQUENCE or content_tag != SEQUENCE or len(data) != start + length or begin + size > len(data):
        raise DERError("not a revocation list")
    rest = first_untrusted(data[begin + size : begin + size + _MAX_SIGNATURE], 2)
    if len(rest) != 2 or rest[1].tag != BIT_STRING:  # noqa: PLR2004 - algorithm and signature
        raise DERError("a list without a signature")
    algorithm, signature = rest
    content = data[start : begin + size]
    if algorithm.encoding not in (field.encoding for field in _fields_untrusted(content)):
        raise DERError("a list with two signature algorithms")  # RFC 5280 section 5.1.1.2
    return _Signed(data, content, algorithm, bits_untrusted(signature.body))


def _fields_untrusted(content: bytes) -> list[Element]:
    """Return the fields of TBSCertList up to the issuer: version, signature, issuer. What follows is not copied."""
    _, offset, _ = header_untrusted(content)
    fields = []
    for _ in range(3):
        _, start, length = header_untrusted(content, offset)
        fields.append(element_untrusted(content[offset : start + length]))
        offset = start + length
    return fields


def _is_signed_by(signed: _Signed, key: Any) -> bool:
    """Verify the signature over the bytes as they are; with algorithms that are rare, over few only."""
    algorithm = read_signature_algorithm_untrusted(signed.algorithm)
    digest = _HASHES.get(algorithm.hash or "")
    try:
        if digest is not None and isinstance(key, rsa.RSAPublicKey) and algorithm.name.endswith(_PLAIN_RSA):
            key.verify(signed.signature, _hashed(signed, digest), padding.PKCS1v15(), Prehashed(digest))
            return True
        if digest is not None and isinstance(key, ec.EllipticCurvePublicKey) and algorithm.name.startswith(_ECDSA):
            key.verify(signed.signature, _hashed(signed, digest), ec.ECDSA(Prehashed(digest)))
            return True
    except InvalidSignature:
        return False
    if len(signed.content) > MAX_UNHASHED:
        detail = f"more than {MAX_UNHASHED} bytes, signed with {algorithm.name or 'an unknown algorithm'}"
        raise UnusableError(Failure.TOO_LARGE, detail)
    return x509.load_der_x509_crl(signed.whole).is_signature_valid(key)


def _hashed(signed: _Signed, digest: hashes.HashAlgorithm) -> bytes:
    return hashlib.new(digest.name, signed.content).digest()


def _refuse(signed: _Signed, issuer: Certificate) -> NoReturn:
    """Say why a list does not count that this issuer has not signed."""
    if issuer.subject_der in (field.encoding for field in _fields_untrusted(signed.content)):
        raise UnusableError(Failure.BAD_SIGNATURE, "the list is not signed by the certificate's issuer")
    raise UnusableError(Failure.OTHER_CERTIFICATE, "the list is of another issuer")


def _extension(crl: x509.CertificateRevocationList, kind: type[_Extension]) -> _Extension | None:
    try:
        return crl.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _may_sign(issuer: x509.Certificate) -> bool:
    """Return whether the key usage, if there is one, has cRLSign (RFC 5280 section 6.3.3, step f)."""
    try:
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


def _reason(entry: x509.RevokedCertificate) -> str:
    try:
        found = entry.extensions.get_extension_for_oid(CRLEntryExtensionOID.CRL_REASON).value
    except (x509.ExtensionNotFound, ValueError):
        return ""
    return found.reason.value if isinstance(found, x509.CRLReason) else ""
