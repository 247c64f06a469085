"""Why clients do not trust a chain: self-signed, incomplete, or from an issuer that nobody vouches for.

At most one of the three holds, and none where another finding (expired, weak, refused) says all. The hard question is a
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
from exporter.certificates.openssl_errors import NO_ISSUER, NO_TRUSTED_ROOT, SELF_SIGNED, SELF_SIGNED_ROOT
from exporter.certificates.verdict import Verdict, VerifyError
from exporter.findings.finding import Detail, Finding, Rule
from exporter.findings.observation import Observation

_INTERMEDIATE = re.compile(r"intermediate|issuing|subordinate|\b(int|inter|sub|ica)\b", re.IGNORECASE)


def leaf_of(observation: Observation) -> Certificate | None:
    """Return the server's own certificate; None if none was sent."""
    return observation.certificates[0] if observation.certificates else None


def used(observation: Observation) -> tuple[Certificate, ...]:
    """Return the certificates that clients use: the trusted chain, else the path that was presented."""
    if observation.chain is None:
        return observation.certificates[:1]
    return observation.chain.trusted_chain or observation.chain.path


def position(observation: Observation, certificate: Certificate) -> int | None:
    """Return where in the chain as presented a certificate is; None for a root that was not sent."""
    fingerprint = certificate.fingerprint_sha256
    sent = (one.fingerprint_sha256 for one in observation.certificates)
    return next((index for index, other in enumerate(sent) if other == fingerprint), None)


def verdict(observation: Observation, verifier: str) -> Verdict | None:
    """Return what one verifier says; None if it was not asked."""
    return next((one for one in observation.verdicts if one.verifier == verifier), None)


def openssl_errors(observation: Observation) -> tuple[VerifyError, ...]:
    """Return what clients find wrong with the chain."""
    openssl = verdict(observation, "openssl")
    return openssl.errors if openssl is not None else ()


def _self_signed(observation: Observation) -> Detail | None:
    """Present when the leaf signed itself and is not trusted."""
    leaf = leaf_of(observation)
    if leaf is None:
        return None
    names = {error.name for error in openssl_errors(observation)}
    if names & SELF_SIGNED or (names & NO_ISSUER and leaf.is_self_signed):
        return Detail(f"{leaf.subject or 'the certificate'} is signed by its own key", 0)
    return None


def _chain_incomplete(observation: Observation) -> Detail | None:
    """Present when the leaf's issuer was not sent and is no root."""
    if not _intermediate_is_missing(observation):
        return None
    leaf = observation.certificates[0]
    issuer = leaf.issuer or "its issuer"
    if leaf.ca_issuer_urls:
        return Detail(f"{issuer} is not sent; it can be had from {leaf.ca_issuer_urls[0]}", 0)
    return Detail(f"{issuer} is not sent, and the certificate does not say where it can be had", 0)


def _untrusted_issuer(observation: Observation) -> Detail | None:
    """Present when the chain ends at an authority that is not trusted."""
    errors = [error for error in openssl_errors(observation) if error.name in NO_TRUSTED_ROOT]
    if not errors or _self_signed(observation) or _intermediate_is_missing(observation) or has_path(observation):
        return None
    root = next((error for error in errors if error.name in SELF_SIGNED_ROOT), None)
    if root is not None:
        return Detail(f"the root {root.subject} is not trusted")
    chain = observation.chain
    top = chain.path[-1] if chain is not None and chain.path else observation.certificates[0]
    other_key = (
        ": it has the name of a trusted root, but another key" if _roots_named_as_issuer(observation, top) else ""
    )
    return Detail(f"the issuer {top.issuer or 'of the chain'} is not trusted{other_key}", position(observation, top))


def has_path(observation: Observation) -> bool:
    """Return whether signatures lead from the leaf to a trusted certificate, whatever rule is broken on the way."""
    return observation.chain is not None and bool(observation.chain.signed_path)


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


RULES = (
    Rule(
        Finding(
            "certificate_self_signed",
            "critical",
            "The certificate is self-signed and not trusted",
            "The server's certificate is signed by its own key and is not among the trusted roots. Clients "
            "cannot tell it from one that an attacker made a minute ago, so they refuse it.",
            "Install a certificate of a CA that the clients trust. If it is self-signed on purpose, distribute "
            "it to the clients and name it in `tls_config.ca_file` of the module, so that the exporter trusts "
            "what they trust. A server that lost its configuration often falls back to such a default "
            "certificate.",
        ),
        _self_signed,
    ),
    Rule(
        Finding(
            "certificate_untrusted_issuer",
            "critical",
            "No trusted root vouches for the certificate",
            "The chain does not end at a root that is trusted here. Clients with the same roots refuse the connection.",
            "If the CA is private, name its root in `tls_config.ca_file` of the module and install it on the "
            "clients. If it is public, it has been distrusted or is too new for the local roots: update the "
            "ca-certificates package, or change to a CA that the clients know.",
        ),
        _untrusted_issuer,
    ),
    Rule(
        Finding(
            "certificate_chain_incomplete",
            "high",
            "An intermediate certificate is missing",
            "The server sends its certificate without the intermediate that links it to a root. Browsers often "
            "fetch or remember the intermediate and work; curl, Java, Go, Python and most devices do not, and "
            "refuse.",
            "Configure the full chain: the leaf first, then each intermediate, without the root. With ACME "
            "clients this is `fullchain.pem` instead of `cert.pem`.",
        ),
        _chain_incomplete,
    ),
)
