"""Compliance with Mozilla's server side TLS guideline 6.0 (2026-04-06), profiles `modern` and `intermediate`. Pure.

The values are the guideline's; `server-side-tls` publishes them as JSON. A rule is judged only where what it is about
was observed: HSTS where the module asks for it, the staple where the certificate names an OCSP responder.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from exporter.findings.observation import Observation
from exporter.posture.scan import CIPHERS, GROUPS

GUIDELINE = "6.0"
_DAY = 86_400
_ECDSA_SIGNATURES = frozenset(("ecdsa-with-SHA256", "ecdsa-with-SHA384", "ecdsa-with-SHA512"))
_GROUPS = frozenset(("X25519MLKEM768", "x25519", "secp256r1", "secp384r1"))
_SMALLEST_RSA = 2048
_HSTS_SECONDS = 63_072_000
_VERSIONS = ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3")


@dataclass(frozen=True, slots=True)
class Profile:
    """What a profile permits."""

    versions: frozenset[str]
    suite_classes: frozenset[str]  # up to TLS 1.2; `modern` are the six ECDHE AEAD suites
    rsa_certificates: bool
    signatures: frozenset[str]
    max_lifetime_days: int


PROFILES: Mapping[str, Profile] = {
    "modern": Profile(
        frozenset(("TLSv1.3",)), frozenset(), rsa_certificates=False, signatures=_ECDSA_SIGNATURES, max_lifetime_days=90
    ),
    "intermediate": Profile(
        frozenset(("TLSv1.2", "TLSv1.3")),
        frozenset(("modern",)),
        rsa_certificates=True,
        signatures=_ECDSA_SIGNATURES | {"sha256WithRSAEncryption"},
        max_lifetime_days=366,
    ),
}

Rule = Callable[[Observation, Profile], bool | None]
"""True: observed and kept. False: violated. None: not known."""


def _versions(observation: Observation, profile: Profile) -> bool | None:
    posture = observation.posture
    known = posture.versions if posture is not None else {}
    return _subset(known, _VERSIONS, profile.versions)


def _subset(known: Mapping[str, bool], asked: tuple[str, ...], permitted: frozenset[str]) -> bool | None:
    if any(accepted and name not in permitted for name, accepted in known.items()):
        return False
    return True if all(name in known for name in asked if name not in permitted) else None


def _cipher_suites(observation: Observation, profile: Profile) -> bool | None:
    posture = observation.posture
    if posture is None:
        return None
    accepted = {label for label, is_accepted in posture.cipher_classes.items() if is_accepted}
    if accepted - profile.suite_classes:
        return False
    return True if posture.cipher_classes and CIPHERS not in posture.undetermined else None


def _groups(observation: Observation, _: Profile) -> bool | None:
    posture = observation.posture
    if posture is None:
        return None
    if any(accepted and group not in _GROUPS for group, accepted in posture.groups.items()):
        return False
    return True if posture.groups and GROUPS not in posture.undetermined else None


def _certificate_key(observation: Observation, profile: Profile) -> bool | None:
    if not observation.certificates:
        return None
    leaf = observation.certificates[0]
    if leaf.key in ("EC secp256r1", "EC secp384r1"):
        return True
    if leaf.key_type != "RSA" or not profile.rsa_certificates:
        return False
    return leaf.key_size is not None and leaf.key_size >= _SMALLEST_RSA


def _certificate_signature(observation: Observation, profile: Profile) -> bool | None:
    if not observation.certificates:
        return None
    return observation.certificates[0].signature_algorithm in profile.signatures


def _certificate_lifetime(observation: Observation, profile: Profile) -> bool | None:
    if not observation.certificates:
        return None
    leaf = observation.certificates[0]
    if leaf.not_after is None or leaf.not_before is None:
        return None
    return leaf.not_after - leaf.not_before <= profile.max_lifetime_days * _DAY


def _ocsp_staple(observation: Observation, _: Profile) -> bool | None:
    if not observation.certificates or observation.result.session is None:
        return None
    if observation.result.staple is not None or not observation.certificates[0].ocsp_urls:
        return True
    return False if observation.result.success else None


def _hsts(observation: Observation, _: Profile) -> bool | None:
    settings, http = observation.module.http, observation.result.http
    if settings is None or not settings.hsts:
        return True  # not a web server, as far as the configuration tells
    if http is None or http.status_code is None:
        return None
    return http.hsts is not None and http.hsts.max_age is not None and http.hsts.max_age >= _HSTS_SECONDS


RULES: Mapping[str, Rule] = {
    "versions": _versions,
    "cipher_suites": _cipher_suites,
    "groups": _groups,
    "certificate_key": _certificate_key,
    "certificate_signature": _certificate_signature,
    "certificate_lifetime": _certificate_lifetime,
    "ocsp_staple": _ocsp_staple,
    "hsts": _hsts,
}


@dataclass(frozen=True, slots=True)
class Compliance:
    """One profile: kept as a whole or not (None: not known), and the rules that are violated."""

    profile: str
    compliant: bool | None
    violations: tuple[str, ...]


def compliance(observation: Observation) -> Iterator[Compliance]:
    """Yield the compliance with every profile; nothing where the posture was never looked at."""
    if observation.posture is None:
        return
    for name, profile in PROFILES.items():
        verdicts = {rule: assess(observation, profile) for rule, assess in RULES.items()}
        violations = tuple(rule for rule, verdict in verdicts.items() if verdict is False)
        compliant = False if violations else None if None in verdicts.values() else True
        yield Compliance(name, compliant, violations)
