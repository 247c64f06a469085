"""The path that a server presents: from the leaf, each certificate followed by the one that signed it.

This is about what was sent, not about trust: a verifier may find another path, through roots of its own.
"""

from collections.abc import Callable
from itertools import pairwise

from exporter.certificates.certificate import Certificate
from exporter.certificates.distinguished_name import same_name
from exporter.certificates.signatures import is_signed_by

MAX_CHECKS = 200  # signatures verified for one chain: a hostile one may have a hundred issuers of the same name

IsIssued = Callable[[Certificate, Certificate], bool]
"""Tells whether the second certificate issued the first."""


def remembered_signatures() -> IsIssued:
    """Return `is_issued_by` that verifies no signature twice: for the time that one chain is assessed."""
    known: dict[tuple[bytes, bytes], bool] = {}

    def is_issued(certificate: Certificate, issuer: Certificate) -> bool:
        pair = (certificate.der, issuer.der)
        if pair not in known:
            known[pair] = is_issued_by(certificate, issuer)
        return known[pair]

    return is_issued


def presented_path(certificates: tuple[Certificate, ...], is_issued: IsIssued | None = None) -> tuple[Certificate, ...]:
    """Return the leaf and, one after another, the presented certificates that signed it; others are left out.

    Where several would do (cross-signed authorities), the one sent first counts, as in TLS 1.2.
    """
    check = is_issued or is_issued_by
    if not certificates:
        return ()
    path = [certificates[0]]
    rest = list(certificates[1:])
    budget = MAX_CHECKS
    while path[-1].is_self_signed is False or len(path) == 1:
        named = [one for one in rest if same_name(one.subject_der, path[-1].issuer_der)][:budget]
        issuer = next((one for one in named if check(path[-1], one)), None)
        if issuer is None:
            break
        budget -= named.index(issuer) + 1
        rest.remove(issuer)
        path.append(issuer)
    return tuple(path)


def first_unrelated(certificates: tuple[Certificate, ...], is_issued: IsIssued | None = None) -> int | None:
    """Return the position of the first certificate that did not sign the one before it; None if all did."""
    check = is_issued or is_issued_by
    for position, (certificate, following) in enumerate(pairwise(certificates), 1):
        if not check(certificate, following):
            return position
    return None


def is_issued_by(certificate: Certificate, issuer: Certificate) -> bool:
    """Return whether the issuer has the name and made the signature; where that cannot be checked, the name counts.

    Names are compared as RFC 5280 section 7.1 says, as OpenSSL and Chromium do, and not octet by octet.
    """
    if certificate.der == issuer.der or not same_name(certificate.issuer_der, issuer.subject_der):
        return False
    if certificate.faults:
        return True  # what was damaged after it was signed is reported as malformed, not as out of order
    return is_signed_by(certificate.der, issuer.spki_der) is not False
