"""Why ordinary clients do not trust a chain: self-signed, incomplete, or from an issuer that nobody vouches for.

At most one of the three holds, and none where another finding (expired, weak) says all. The hard question is a
leaf that comes alone: was its intermediate forgotten, or is it signed by a root that is not trusted here? The
certificate itself says so in this order:

1. It names where its issuer's certificate can be had (AIA caIssuers): an intermediate is missing. Public CAs
   always name it (CA/Browser baseline requirements, section 7.1.2.7.7).
2. Its authorityKeyIdentifier says that the issuer issued itself, or a trusted root has the issuer's name and
   another key: not trusted.
3. Only the system's roots are trusted: a leaf of theirs would have said 1, so it is of another CA: not trusted.
4. The issuer calls itself an intermediate (or issuing, or subordinate) authority: an intermediate is missing.
5. Otherwise it is taken for a private root that signs leaves itself: not trusted.

A chain whose intermediates were sent leads to a root that is not trusted.
"""

import re

from exporter.certificates.certificate import Certificate
from exporter.certificates.extensions import authority_issuer_untrusted
from exporter.certificates.openssl_errors import EXPLAINED_ELSEWHERE, NO_ISSUER, SELF_SIGNED, SELF_SIGNED_ROOT
from exporter.certificates.path import is_issued_by
from exporter.certificates.verdict import Verdict, VerifyError
from exporter.findings.observation import Observation

_INTERMEDIATE = re.compile(r"intermediate|issuing|subordinate|\b(int|inter|sub|ica)\b", re.IGNORECASE)


def verdict(observation: Observation, verifier: str) -> Verdict | None:
    """Return what one verifier says; None if it was not asked."""
    return next((one for one in observation.verdicts if one.verifier == verifier), None)


def openssl_errors(observation: Observation) -> tuple[VerifyError, ...]:
    """Return what ordinary clients find wrong with the chain."""
    openssl = verdict(observation, "openssl")
    return openssl.errors if openssl is not None else ()


def self_signed(observation: Observation) -> str | None:
    """Present when the leaf signed itself and is not trusted."""
    if not observation.certificates:
        return None
    leaf = observation.certificates[0]
    names = {error.name for error in openssl_errors(observation)}
    if names & SELF_SIGNED or (names & NO_ISSUER and leaf.is_self_signed):
        return f"{leaf.subject or 'the certificate'} is signed by its own key"
    return None


def chain_incomplete(observation: Observation) -> str | None:
    """Present when the leaf's issuer was not sent and is no root."""
    if not _intermediate_is_missing(observation):
        return None
    leaf = observation.certificates[0]
    issuer = leaf.issuer or "its issuer"
    if leaf.ca_issuer_urls:
        return f"{issuer} is not sent; it can be had from {leaf.ca_issuer_urls[0]}"
    return f"{issuer} is not sent, and the certificate does not say where it can be had"


def untrusted_issuer(observation: Observation) -> str | None:
    """Present when the chain ends at a root that is not trusted, or breaks a rule on its way there."""
    errors = [error for error in openssl_errors(observation) if error.name not in EXPLAINED_ELSEWHERE]
    if not errors or self_signed(observation) or _intermediate_is_missing(observation):
        return None
    if any(error.name in NO_ISSUER for error in errors):
        chain = observation.chain
        top = chain.path[-1] if chain is not None and chain.path else observation.certificates[0]
        same_name = _roots_named_as_issuer(observation, top)
        if any(is_issued_by(top, one) for one in same_name):
            return f"{top.subject or 'a certificate'} is signed by a trusted root, but breaks a rule that counts before"
        other_key = ": it has the name of a trusted root, but another key" if same_name else ""
        return f"the issuer {top.issuer or 'of the chain'} is not trusted{other_key}"
    root = next((error for error in errors if error.name in SELF_SIGNED_ROOT), None)
    if root is not None:
        return f"the root {root.subject} is not trusted"
    return "; ".join(dict.fromkeys(f"{error.subject}: {error.message}".lstrip(": ") for error in errors))


def _intermediate_is_missing(observation: Observation) -> bool:
    if not any(error.name in NO_ISSUER for error in openssl_errors(observation)):
        return False
    leaf = observation.certificates[0]
    chain = observation.chain
    if leaf.is_self_issued or (chain is not None and len(chain.path) > 1) or _roots_named_as_issuer(observation, leaf):
        return False
    if leaf.ca_issuer_urls:
        return True
    if authority_issuer_untrusted(leaf.parsed) == leaf.issuer_der or _only_public_roots(observation):
        return False
    return _INTERMEDIATE.search(leaf.issuer) is not None


def _roots_named_as_issuer(observation: Observation, certificate: Certificate) -> tuple[Certificate, ...]:
    trust = observation.chain.trust if observation.chain is not None else None
    return trust.by_subject.get(certificate.issuer_der, ()) if trust is not None else ()


def _only_public_roots(observation: Observation) -> bool:
    chain = observation.chain
    return chain is not None and chain.trust is not None and len(chain.trust.public) == len(chain.trust.roots)
