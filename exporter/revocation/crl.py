"""Certificate revocation lists (RFC 5280 sections 5 and 6.3): complete ones, signed by the certificate's issuer.

Delta and indirect lists, lists for some reasons only and lists of another scope are refused with the reason: what
they leave out would look good. Nothing is fetched here.
"""

import re
import warnings
from base64 import b64decode
from dataclasses import dataclass
from typing import Any, TypeVar

from cryptography import x509
from cryptography.x509.oid import CRLEntryExtensionOID, ExtensionOID

from exporter.certificates.certificate import Certificate
from exporter.certificates.extensions import printable
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

_PEM = re.compile(rb"-----BEGIN X509 CRL-----(.*?)-----END X509 CRL-----", re.DOTALL)
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
            warnings.simplefilter("ignore")  # odd encodings are none of our business here
            return _read(data, issuer, url)
    except UnusableError as error:
        return RevocationList(url, failure=error.failure, problem=error.detail)
    except Exception as error:  # noqa: BLE001 - hostile input; its parser raises several kinds
        problem = f"unreadable list: {printable(str(error))[:200]}"
        return RevocationList(url, failure=Failure.UNREADABLE, problem=problem)


def _read(data: bytes, issuer: Certificate, url: str) -> RevocationList:
    pem = _PEM.search(data)
    crl = x509.load_der_x509_crl(b64decode(b"".join(pem[1].split())) if pem else data)
    if issuer.parsed is None or crl.issuer != issuer.parsed.subject:
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
    if not _may_sign(issuer.parsed):
        raise UnusableError(Failure.BAD_SIGNATURE, "the issuer's key usage does not allow it to sign lists")
    key: Any = issuer.parsed.public_key()  # one that cannot sign raises
    if not crl.is_signature_valid(key):
        raise UnusableError(Failure.BAD_SIGNATURE, "the list is not signed by the certificate's issuer")
    next_update = int(crl.next_update_utc.timestamp()) if crl.next_update_utc is not None else None
    return RevocationList(
        url, issuer.subject_der, int(crl.last_update_utc.timestamp()), next_update, scope=scope, parsed=crl
    )


def _extension(crl: x509.CertificateRevocationList, kind: type[_Extension]) -> _Extension | None:
    try:
        return crl.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _may_sign(issuer: x509.Certificate) -> bool:
    """Tell whether the key usage, if there is one, has cRLSign (RFC 5280 section 6.3.3, step f)."""
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
