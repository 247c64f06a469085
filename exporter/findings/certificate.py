"""When the findings on certificates and chains are present. Conditions only: their texts stand in the catalogue.

What ordinary clients would say decides on trust. An expired or weak certificate that is sent along but that no
client needs is no finding. Without trusted roots nothing is said of trust, only of what a certificate says itself.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from exporter.certificates.certificate import Certificate
from exporter.certificates.lifetime import SECONDS_PER_DAY, allowed_lifetime, lifetime
from exporter.certificates.openssl_errors import EXPIRED, NOT_YET_VALID, WEAK_KEY, WEAK_SIGNATURE
from exporter.certificates.verdict import Verdict
from exporter.certificates.weak_keys import rsa_weakness_untrusted
from exporter.findings.observation import Observation
from exporter.findings.trust import (
    chain_incomplete,
    openssl_errors,
    partial_chain,
    refused,
    self_signed,
    untrusted_issuer,
    verdict,
)

MIN_BITS = {"RSA": 2048, "RSA-PSS": 2048, "DSA": 2048, "DH": 2048, "EC": 256}
RSA_TYPES = frozenset({"RSA", "RSA-PSS"})
# CAs date certificates back against wrong clocks and count the last second: 90 days are seldom 90 days to the second.
LIFETIME_TOLERANCE = 3600.0
WEAK_HASHES = frozenset({"md2", "md4", "md5", "sha1"})
_MAX_NAMES = 5  # named in a sentence


def _leaf(observation: Observation) -> Certificate | None:
    return observation.certificates[0] if observation.certificates else None


def used(observation: Observation) -> tuple[Certificate, ...]:
    """Return the certificates that clients use: the trusted chain, else the path that was presented."""
    if observation.chain is None:
        return observation.certificates[:1]
    return observation.chain.trusted_chain or observation.chain.path


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _expired(observation: Observation) -> str | None:
    leaf = _leaf(observation)
    if leaf is not None and leaf.not_after is not None and leaf.not_after < observation.now:
        return f"the certificate ended at {_day(leaf.not_after)}"
    error = next((e for e in openssl_errors(observation) if e.name in EXPIRED and e.depth > 0), None)
    return f"the chain's certificate {error.subject} has expired" if error is not None else None


def _not_yet_valid(observation: Observation) -> str | None:
    leaf = _leaf(observation)
    if leaf is not None and leaf.not_before is not None and leaf.not_before > observation.now:
        return f"the certificate begins at {_day(leaf.not_before)}"
    error = next((e for e in openssl_errors(observation) if e.name in NOT_YET_VALID and e.depth > 0), None)
    return f"the chain's certificate {error.subject} is not valid yet" if error is not None else None


def _name_mismatch(observation: Observation) -> str | None:
    leaf = _leaf(observation)
    if observation.name_match is not False or leaf is None:
        return None
    names = (*leaf.dns_names, *leaf.ip_addresses)
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return f"the certificate is for {', '.join(names[:_MAX_NAMES])}{more}" if names else "it has no names"


def _weak_key(observation: Observation) -> str | None:
    for certificate in used(observation):
        least = MIN_BITS.get(certificate.key_type)
        if least is not None and certificate.key_size is not None and certificate.key_size < least:
            return f"{certificate.subject or 'a certificate'} has the key {certificate.key}"
        weakness = rsa_weakness_untrusted(certificate.spki_der) if certificate.key_type in RSA_TYPES else None
        if weakness is not None:
            return f"{certificate.subject or 'a certificate'} has an RSA key that {weakness}"
    error = next((e for e in openssl_errors(observation) if e.name in WEAK_KEY), None)
    return f"{error.subject}: {error.message}" if error is not None else None


def _weak_signature(observation: Observation) -> str | None:
    """Present for every certificate but a root, which is trusted for itself and not for its signature.

    A server's own certificate is a root only if it is trusted as one.
    """
    trusted = observation.chain is not None and bool(observation.chain.trusted_chain)
    for position, certificate in enumerate(used(observation)):
        is_root = certificate.is_self_issued and (position > 0 or trusted)
        if certificate.signature_hash in WEAK_HASHES and not is_root:
            return f"{certificate.subject or 'a certificate'} is signed with {certificate.signature_algorithm}"
    error = next((e for e in openssl_errors(observation) if e.name in WEAK_SIGNATURE), None)
    return f"{error.subject}: {error.message}" if error is not None else None


def _lifetime_too_long(observation: Observation) -> str | None:
    leaf = _leaf(observation)
    seconds = lifetime(leaf) if leaf is not None else None
    if leaf is None or seconds is None:
        return None
    limit = observation.module.trust.max_lifetime
    if limit is not None:
        limit += LIFETIME_TOLERANCE
    elif _leads_to_public_root(observation, verdict(observation, "openssl")):
        limit = allowed_lifetime(leaf)
    if limit is None or seconds <= limit:
        return None
    allowed = observation.module.trust.max_lifetime or limit
    return f"valid for {_days(seconds)} days where {_days(allowed)} are allowed"


def _leads_to_public_root(observation: Observation, openssl: Verdict | None) -> bool:
    chain = observation.chain
    if chain is None or chain.trust is None or openssl is None or not openssl.chain:
        return False
    return openssl.chain[-1].fingerprint_sha256 in chain.trust.public


def _days(seconds: float) -> str:
    return f"{seconds / SECONDS_PER_DAY:.1f}".removesuffix(".0")


def _pin_mismatch(observation: Observation) -> str | None:
    """RFC 7469 section 2.6: one key of the chain that clients use must be among the pins."""
    pins = observation.module.trust.spki_sha256_pins
    if not pins or not observation.certificates:
        return None
    found = [certificate.spki_sha256 for certificate in used(observation)]
    return None if set(found) & set(pins) else f"the leaf's key is {found[0] or 'unreadable'}"


def _malformed(observation: Observation) -> str | None:
    for position, certificate in enumerate(observation.certificates):
        if certificate.problems:
            return f"certificate {position}: {certificate.problems[0]}"
    return None


def _webpki_noncompliant(observation: Observation) -> str | None:
    """Present when OpenSSL accepts the chain: otherwise the other findings say what is wrong."""
    openssl, webpki = verdict(observation, "openssl"), verdict(observation, "webpki")
    chain = observation.chain
    if openssl is None or webpki is None or chain is None or not openssl.trusted:
        return None
    refusing: dict[str, list[str]] = {}
    for one in chain.clients:
        for error in one.errors:
            refusing.setdefault(error.name, []).append(one.client)
    refused = [f"{e.name}: {e.message}; refused by {', '.join(refusing.get(e.name, ()))}" for e in webpki.errors]
    advice = [f"{error.name}: {error.message}" for error in webpki.advice]
    return "; ".join((*refused, *advice)) or None


def _root_sent(observation: Observation) -> str | None:
    for certificate in observation.certificates[1:]:
        if certificate.is_self_signed:
            return f"the self-signed {certificate.subject} is sent"
    return None


def _misordered(observation: Observation) -> str | None:
    """RFC 5246 section 7.4.2: each following certificate MUST directly certify the one preceding it."""
    if observation.chain is None or observation.chain.unrelated is None:
        return None
    before = observation.certificates[observation.chain.unrelated - 1]
    unrelated = observation.certificates[observation.chain.unrelated]
    return f"{unrelated.subject or 'a certificate'} follows {before.subject or 'another'}, which it did not sign"


def _addresses_disagree(observation: Observation) -> str | None:
    return "the addresses of the name present different certificates" if observation.addresses_disagree else None


CONDITIONS: Mapping[str, Callable[[Observation], str | None]] = {
    "certificate_expired": _expired,
    "certificate_not_yet_valid": _not_yet_valid,
    "certificate_name_mismatch": _name_mismatch,
    "certificate_self_signed": self_signed,
    "certificate_untrusted_issuer": untrusted_issuer,
    "certificate_refused": refused,
    "certificate_partial_chain": partial_chain,
    "certificate_chain_incomplete": chain_incomplete,
    "certificate_weak_key": _weak_key,
    "certificate_weak_signature": _weak_signature,
    "certificate_lifetime_too_long": _lifetime_too_long,
    "certificate_pin_mismatch": _pin_mismatch,
    "certificate_malformed": _malformed,
    "certificate_webpki_noncompliant": _webpki_noncompliant,
    "certificate_root_sent": _root_sent,
    "certificate_chain_misordered": _misordered,
    "addresses_disagree": _addresses_disagree,
}
