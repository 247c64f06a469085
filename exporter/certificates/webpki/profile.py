"""Compliance with the profile of the CA/Browser Forum: `cryptography`'s verifier and the rules left to its caller.

No client enforces all of it, so this is advice (see `verifier`). Only the chain is assessed: the verifier requires a
name, so it gets one of the leaf's own. The verifier's error is free text; it is mapped to a name from a closed list,
so that a label made of it is bounded. What `cryptography` cannot parse is left to the other rules.
"""

import ipaddress
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import pairwise

from cryptography import x509
from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store, Subject

from exporter.certificates import extensions
from exporter.certificates.certificate import Certificate
from exporter.certificates.path import presented_path
from exporter.certificates.verdict import TrustStore, VerifyError
from exporter.certificates.webpki.rollover import path_lengths_hold, rollover_position
from exporter.certificates.webpki.rules import RULES, is_dns_name, lifetime_too_long

_MAX_TIME = 253402300799  # the last second of the year 9999

# What the verifier's sentences mean, the first that fits.
SENTENCES = (
    ("no interior errors", "no_path"),
    ("signature does not match", "no_path"),
    ("exceeds max depth", "no_path"),
    ("signature check limit", "no_path"),
    ("malformed public key", "no_path"),
    ("unaccounted-for critical", "unknown_critical_extension"),
    ("not valid at validation time", "validity"),
    ("path length", "path_length"),
    ("ame constraint", "name_constraints"),
    ("nameConstraints", "name_constraints"),
    ("2.5.29.30", "name_constraints"),
    ("Forbidden public key", "forbidden_key"),
    ("RSA key is too weak", "forbidden_key"),
    ("Forbidden signature algorithm", "forbidden_signature_algorithm"),
    ("2.5.29.37", "extended_key_usage"),
    ("EKU", "extended_key_usage"),
    ("must not assert keyCertSign", "leaf_is_ca"),
    ("must not be asserted in an EE", "leaf_is_ca"),
    ("basicConstraints", "basic_constraints"),
    ("2.5.29.19", "basic_constraints"),
    ("keyUsage", "key_usage"),
    ("2.5.29.15", "key_usage"),
    ("duplicate", "malformed"),
    ("ubjectAltName", "subject_alternative_name"),
    ("2.5.29.17", "subject_alternative_name"),
    ("authorityKeyIdentifier", "authority_key_identifier"),
    ("2.5.29.35", "authority_key_identifier"),
    ("2.5.29.14", "subject_key_identifier"),
    ("1.3.6.1.5.5.7.1.1", "authority_information_access"),
    ("X509v3", "version"),
    ("serial", "serial_number"),
    ("non-empty", "empty_name"),
    ("ASN.1", "malformed"),
    ("UtcTime", "malformed"),
    ("mismatch between signatureAlgorithm", "malformed"),
)
OTHER = "policy"  # a sentence that is not known here
_EXTENSIONS = {  # as they are called in RFC 5280 section 4.2
    extensions.SUBJECT_KEY_IDENTIFIER: "subjectKeyIdentifier",
    extensions.KEY_USAGE: "keyUsage",
    extensions.SUBJECT_ALTERNATIVE_NAME: "subjectAltName",
    extensions.BASIC_CONSTRAINTS: "basicConstraints",
    extensions.NAME_CONSTRAINTS: "nameConstraints",
    extensions.AUTHORITY_KEY_IDENTIFIER: "authorityKeyIdentifier",
    extensions.EXTENDED_KEY_USAGE: "extKeyUsage",
}
NAMES = {name for _, name in SENTENCES} | {rule.name for rule in RULES}
NAMES |= {OTHER, "expired", "not_yet_valid", "lifetime_too_long"}
Errors = tuple[VerifyError, ...]


class WebPKIProfile:
    """Says where chains do not comply with the profile, given one trust store."""

    def __init__(self, trust: TrustStore) -> None:
        self._trust = trust
        parsed = [root.parsed for root in trust.roots if root.parsed is not None]
        self._store = Store(parsed) if parsed else None

    def violations(self, chain: tuple[Certificate, ...], path: tuple[Certificate, ...], now: float) -> Errors:
        """Return each rule that is broken, once: by the path that clients take, () if there is none.

        The chain is as presented, leaf first; the time is in Unix seconds.
        """
        leaf = chain[0]
        subject = _subject(leaf)
        broken = tuple(_violations(path or chain[:1], self._trust))
        if subject is None or self._store is None or any(one.parsed is None for one in chain):
            return once(broken)
        moment = datetime.fromtimestamp(min(max(int(now), 0), _MAX_TIME), UTC)
        policy = PolicyBuilder().time(moment)
        assert leaf.parsed is not None
        try:
            policy.store(self._store).build_server_verifier(subject).verify(leaf.parsed, _parsed(chain[1:]))
        except Exception as error:  # noqa: BLE001 - hostile input; a VerificationError as a rule
            if not self._through_rollover(chain, policy, subject):
                return once((self._refusal(str(error), chain, now), *broken))
        return once(broken)

    def _to_root(self, chain: tuple[Certificate, ...]) -> tuple[Certificate, ...]:
        """Return the path as presented, with the trusted root that has the issuer's name if it was not sent."""
        path = presented_path(chain)
        roots = self._trust.named(path[-1].issuer_der)
        return path if path[-1] in roots else (*path, *roots[:1])

    def _through_rollover(
        self, chain: tuple[Certificate, ...], policy: PolicyBuilder, subject: Subject
    ) -> tuple[Certificate, ...]:
        """Verify in two parts a path that is valid except for a self-issued authority; () if there is none."""
        path = self._to_root(chain)
        position = rollover_position(path)
        if position is None or not path_lengths_hold(path) or self._store is None:
            return ()
        lower, middle, upper = (_parsed(path[a:b]) for a, b in pairwise((0, position, position + 1, None)))
        any_leaf = ExtensionPolicy.permit_all()  # of the upper part, which is an authority
        authorities = policy.extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=any_leaf)
        try:
            policy.store(Store(middle)).build_server_verifier(subject).verify(lower[0], lower[1:])
            authorities.store(self._store).build_client_verifier().verify(middle[0], upper)
        except Exception:  # noqa: BLE001 - hostile input; the first refusal is what is reported
            return ()
        return path

    def _refusal(self, sentence: str, chain: tuple[Certificate, ...], now: float) -> VerifyError:
        text = sentence.removeprefix("validation failed: ").partition(" (encountered")[0]
        text = text.removeprefix("candidates exhausted: ")[:200]
        name = next((name for part, name in SENTENCES if part in text), OTHER)
        if name == "validity":
            path = presented_path(chain)
            involved = (*path, *self._trust.named(path[-1].issuer_der))
            expired = any(c.not_after is not None and c.not_after < now for c in involved)
            name = "expired" if expired else "not_yet_valid"
        if name == "forbidden_signature_algorithm":
            text = f"signed with {chain[0].signature_algorithm}"
        depth = 0 if "candidates exhausted" not in sentence else 1
        return VerifyError(0, name, depth, _plain(text))


def _plain(sentence: str) -> str:
    """Return the verifier's sentence in words that say what is the matter."""
    if "no interior errors" in sentence:
        return "no path leads to a trusted root"
    if "AlgorithmIdentifier" in sentence or "ParseError" in sentence or "{" in sentence:
        return sentence.partition(":")[0].partition("{")[0].strip()  # the rest is a dump of the library's own values
    for oid, name in _EXTENSIONS.items():
        sentence = sentence.replace(f"invalid extension: {oid}: ", f"{name}: ")
    return sentence


def _parsed(certificates: Iterable[Certificate]) -> list[x509.Certificate]:
    return [one.parsed for one in certificates if one.parsed is not None]


def _subject(leaf: Certificate) -> x509.DNSName | x509.IPAddress | None:
    """Return a name that the leaf is valid for: a wildcard stands for some label."""
    for name in leaf.dns_names:
        if is_dns_name(name) and "*" not in name[1:] and (name[0] != "*" or name.startswith("*.")):
            return x509.DNSName(name.replace("*", "x"))
    for address in leaf.ip_addresses:
        return x509.IPAddress(ipaddress.ip_address(address))
    return None


def _violations(path: tuple[Certificate, ...], trust: TrustStore) -> Iterator[VerifyError]:
    """Yield every rule that a path breaks. A root that the system brings has been judged by those who put it there."""
    for depth, certificate in enumerate(path):
        place = _place(depth, certificate, trust)
        if place == "root" and certificate.fingerprint_sha256 in trust.public:
            continue
        if certificate.problems:
            yield VerifyError(0, "malformed", depth, certificate.problems[0], certificate.subject)
            continue
        for rule in RULES:
            if place in rule.applies_to and (violation := rule.violation(certificate)) is not None:
                yield VerifyError(0, rule.name, depth, f"{violation} ({rule.source})", certificate.subject)
    if len(path) > 1 and path[-1].fingerprint_sha256 in trust.public:
        violation = lifetime_too_long(path[0])
        if violation is not None:
            yield VerifyError(0, "lifetime_too_long", 0, f"{violation} (BR 6.3.2)", path[0].subject)


def _place(depth: int, certificate: Certificate, trust: TrustStore) -> str:
    if depth == 0:
        return "leaf"
    if certificate not in trust.named(certificate.subject_der):
        return "intermediate"
    return "root" if certificate.is_self_issued else "anchor"


def once(errors: Iterable[VerifyError]) -> Errors:
    """Keep the first error of each name."""
    found: dict[str, VerifyError] = {}
    for error in errors:
        found.setdefault(error.name, error)
    return tuple(found.values())
