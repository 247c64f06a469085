"""Why clients do not trust a chain: self-signed, incomplete, from an issuer that nobody vouches for, or refused.

At most one of the four holds, and none where another finding (expired, weak) says all. A chain is refused when a path
leads to a trusted root and a rule is broken on it: its purpose, a critical extension, a constraint. The hard question is a
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
from itertools import pairwise

from exporter.certificates.certificate import Certificate
from exporter.certificates.extensions import authority_issuer_untrusted, key_identifier_mismatch
from exporter.certificates.openssl_errors import (
    EXPLAINED_ELSEWHERE,
    NO_ISSUER,
    NO_TRUSTED_ROOT,
    ONLY_PARTIAL,
    SELF_SIGNED,
    SELF_SIGNED_ROOT,
)
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
    """Present when the chain ends at an authority that is not trusted."""
    errors = [error for error in openssl_errors(observation) if error.name in NO_TRUSTED_ROOT]
    if not errors or self_signed(observation) or _intermediate_is_missing(observation) or _has_path(observation):
        return None
    root = next((error for error in errors if error.name in SELF_SIGNED_ROOT), None)
    if root is not None:
        return f"the root {root.subject} is not trusted"
    chain = observation.chain
    top = chain.path[-1] if chain is not None and chain.path else observation.certificates[0]
    other_key = ": it has the name of a trusted root, but another key"
    suffix = other_key if _roots_named_as_issuer(observation, top) else ""
    return f"the issuer {top.issuer or 'of the chain'} is not trusted{suffix}"


def refused(observation: Observation) -> str | None:
    """Present when a path leads to a trusted root, and OpenSSL's clients refuse it for a rule that is broken."""
    errors = [error for error in openssl_errors(observation) if error.name not in EXPLAINED_ELSEWHERE]
    rules = [error for error in errors if error.name not in NO_TRUSTED_ROOT]
    if not errors or self_signed(observation) or (not rules and not _has_path(observation)):
        return None
    texts = [f"{error.subject}: {error.message}".lstrip(": ") for error in rules] or _why_openssl_sees_no_path(observation)
    return "; ".join(dict.fromkeys(texts))


def partial_chain(observation: Observation) -> str | None:
    """Present when the chain ends at a trusted certificate that is no self-signed root: plain OpenSSL refuses."""
    error = next((one for one in openssl_errors(observation) if one.name in ONLY_PARTIAL), None)
    return f"{error.subject or 'the anchor'}: {error.message}" if error is not None else None


def _why_openssl_sees_no_path(observation: Observation) -> list[str]:
    """Say why OpenSSL takes a trusted certificate that did sign for no issuer."""
    chain = observation.chain
    trusted = chain.paths[0] if chain is not None and chain.paths else ()
    for certificate, issuer in pairwise(trusted):
        text = key_identifier_mismatch(certificate, issuer)
        if certificate.faults:
            text = certificate.faults[0].text
        if text is not None:
            return [f"{certificate.subject or 'a certificate'}: {text}"]
    clients = chain.clients if chain is not None else ()
    found = [f"{error.subject}: {error.message}".lstrip(": ") for one in clients for error in one.errors]
    own = [text for text in found if not any(name.replace("_", " ") in text for name in NO_TRUSTED_ROOT)]
    return own[:1] or ["OpenSSL finds no path to the trusted root that signed it"]


def _has_path(observation: Observation) -> bool:
    return observation.chain is not None and bool(observation.chain.paths)


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
    return trust.named(certificate.issuer_der) if trust is not None else ()


def _only_public_roots(observation: Observation) -> bool:
    chain = observation.chain
    return chain is not None and chain.trust is not None and len(chain.trust.public) == len(chain.trust.roots)
