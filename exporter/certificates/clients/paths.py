"""The ways from a leaf to a trusted certificate: which certificate's key signed which, within a budget.

Clients search for a path; they differ in how they compare names. A budget of signatures bounds the search, because a
hostile chain may hold a hundred authorities of one name that all certify each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from exporter.certificates.certificate import Certificate
from exporter.certificates.distinguished_name import same_name
from exporter.certificates.signatures import is_signed_by
from exporter.certificates.verdict import TrustStore

MAX_LENGTH = 20  # certificates in a path
MAX_PATHS = 32
MAX_SIGNATURES = 100


@dataclass(frozen=True, slots=True)
class Path:
    """A way from the leaf to a trusted certificate, both included. `is_proven` is False if a signature is unchecked."""

    certificates: tuple[Certificate, ...]
    is_proven: bool = True


@dataclass(slots=True)
class _Budget:
    signatures: int = MAX_SIGNATURES
    paths: int = MAX_PATHS
    is_exhausted: bool = False  # something was left untried


def paths_to_trust(chain: tuple[Certificate, ...], trust: TrustStore) -> tuple[tuple[Path, ...], bool]:
    """Return the paths of a presented chain to a trusted certificate, and whether everything was tried.

    Names are compared by RFC 5280 section 7.1; a client that compares octets takes only some of them.
    """
    budget = _Budget()
    if chain[0] in trust.named(chain[0].subject_der):
        return (Path(chain[:1]),), True
    paths = tuple(_extended((chain[0],), chain[1:], trust, budget, is_proven=True))
    return paths, not budget.is_exhausted


def compares_octets(path: Path) -> bool:
    """Return whether each issuer is named in the very octets of its own subject."""
    certificates = path.certificates
    return all(one.issuer_der == issuer.subject_der for one, issuer in pairwise(certificates))


def _extended(
    begun: tuple[Certificate, ...],
    sent: tuple[Certificate, ...],
    trust: TrustStore,
    budget: _Budget,
    *,
    is_proven: bool,
) -> Iterator[Path]:
    last = begun[-1]
    for root in trust.named(last.issuer_der):
        signed = _signed(last, root, budget)
        if signed is not False and budget.paths:
            budget.paths -= 1
            yield Path((*begun, root), is_proven and signed is True)
    if len(begun) >= MAX_LENGTH:
        budget.is_exhausted = True
        return
    tried: set[bytes] = {one.der for one in begun}
    for issuer in sent:
        if issuer.der in tried or not same_name(last.issuer_der, issuer.subject_der):
            continue
        tried.add(issuer.der)
        signed = _signed(last, issuer, budget)
        if signed is not False and budget.paths:
            yield from _extended((*begun, issuer), sent, trust, budget, is_proven=is_proven and signed is True)


def _signed(certificate: Certificate, issuer: Certificate, budget: _Budget) -> bool | None:
    if not budget.signatures:
        budget.is_exhausted = True
        return False
    budget.signatures -= 1
    return is_signed_by(certificate.der, issuer.spki_der)
