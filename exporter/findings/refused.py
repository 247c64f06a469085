"""The findings on chains that lead to a trusted root and are refused all the same.

"Install its root" would be wrong advice for them: the root is installed. What is at fault is a rule that one of the
certificates breaks, and the detail names the certificate and the rule.
"""

from itertools import pairwise

from exporter.certificates.certificate import Certificate
from exporter.certificates.extensions import key_identifier_mismatch
from exporter.certificates.openssl_errors import (
    CONSTRAINTS,
    EXPLAINED_ELSEWHERE,
    MALFORMED,
    NO_TRUSTED_ROOT,
    ONLY_PARTIAL,
    SELF_SIGNED,
)
from exporter.certificates.verdict import VerifyError
from exporter.findings.finding import Detail, Finding, Rule
from exporter.findings.observation import Observation
from exporter.findings.trust import has_path, openssl_errors

_EXPLAINED_AS_VALID = EXPLAINED_ELSEWHERE - MALFORMED  # a chain that is too long to read is not malformed


def _refused(observation: Observation) -> Detail | None:
    """Present when a path leads to a trusted root, and OpenSSL's clients refuse it for a rule that is broken."""
    elsewhere = EXPLAINED_ELSEWHERE if any(one.faults for one in observation.certificates) else _EXPLAINED_AS_VALID
    errors = [error for error in openssl_errors(observation) if error.name not in elsewhere]
    rules = [error for error in errors if error.name not in NO_TRUSTED_ROOT]
    lacks_root = len(rules) < len(errors)
    if not errors or any(error.name in SELF_SIGNED for error in errors) or (lacks_root and not has_path(observation)):
        return None
    if not rules:
        return _why_openssl_sees_no_path(observation)
    text = "; ".join(dict.fromkeys(f"{error.subject}: {_message(observation, error)}".lstrip(": ") for error in rules))
    return Detail(text, min(error.depth for error in rules))


def _message(observation: Observation, error: VerifyError) -> str:
    """Return what OpenSSL says, and of a broken constraint which name breaks it."""
    clients = observation.chain.clients if observation.chain is not None else ()
    if error.name not in CONSTRAINTS:
        return error.message
    names = (one.message for client in clients for one in client.errors if one.name == "name_constraints")
    return ": ".join((error.message, *list(names)[:1]))


def _why_openssl_sees_no_path(observation: Observation) -> Detail | None:
    """Say what keeps OpenSSL from taking a certificate for the issuer that did sign."""
    chain = observation.chain
    if chain is None:
        return None
    for depth, (certificate, issuer) in enumerate(pairwise(chain.signed_path)):
        text = _fault(certificate) or key_identifier_mismatch(certificate.der, issuer.der) or _fault(issuer)
        if text is not None:
            return Detail(f"{certificate.subject or 'a certificate'}: {text}", depth)
    errors = [error for one in chain.clients for error in one.errors if error.code == 0]
    found = next((f"{error.subject}: {error.message}".lstrip(": ") for error in errors), None)
    return Detail(found or "OpenSSL does not find the path to the trusted root that signed it", 0)


def _fault(certificate: Certificate) -> str | None:
    return certificate.faults[0].text if certificate.faults else None


def _partial_chain(observation: Observation) -> Detail | None:
    """Present when the chain ends at a trusted certificate that is no self-signed root: plain OpenSSL refuses."""
    error = next((one for one in openssl_errors(observation) if one.name in ONLY_PARTIAL), None)
    return Detail(f"{error.subject or 'the anchor'}: {error.message}") if error is not None else None


RULES = (
    Rule(
        Finding(
            "certificate_refused",
            "critical",
            "The certificate breaks a rule for which clients refuse it",
            "A trusted root vouches for the certificate, and clients refuse it all the same: it is made for another "
            "purpose, has a critical extension that they do not know, breaks the constraints of its authority, "
            "describes its curve by explicit parameters, or contradicts the authority that signed it.",
            "Installing a root does not help. The detail names the certificate and the rule: have that certificate "
            "issued again without the fault (extended key usage serverAuth, names that the authority may certify, a "
            "named curve), from a CA profile that is meant for servers.",
        ),
        _refused,
    ),
    Rule(
        Finding(
            "certificate_partial_chain",
            "high",
            "Only some clients accept the trust anchor",
            "The chain ends at a certificate that is trusted here but is no self-signed root that OpenSSL recognizes: "
            "an intermediate, or a root whose authorityKeyIdentifier does not fit. curl, browsers, Go and Python 3.13 "
            "accept it; psql, Node.js, wget, stunnel and Python up to 3.12 refuse.",
            "Trust the self-signed root itself (`tls_config.ca_file`, and the clients' stores), and let the server "
            "send the intermediates. If the root is at fault, have it issued again without authorityKeyIdentifier.",
        ),
        _partial_chain,
    ),
)
