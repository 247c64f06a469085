"""The posture of one endpoint for a terminal and for JSON. Pure: facts in, text out; nothing here comes from a peer."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from exporter.findings.accepted import is_bad
from exporter.findings.mozilla_profile import GUIDELINE, compliance
from exporter.findings.observation import Observation
from exporter.posture.facts import Posture
from exporter.posture.finite_fields import DHGroup

Ink = Callable[[str, str], str]
_BAD_FEATURES = frozenset(("compression", "sha1_signature", "client_renegotiation", "early_data"))
_GOOD_FEATURES = frozenset(("secure_renegotiation", "extended_master_secret", "downgrade_sentinel", "fallback_scsv"))


def posture_rows(observation: Observation, ink: Ink) -> Iterator[tuple[str, str]]:
    """Yield rows of a label and a text; none where the posture is not known."""
    posture = observation.posture
    if posture is None:
        return
    for label, facts in (
        ("versions", posture.versions),
        ("ciphers", posture.reported_classes),
        ("groups", posture.groups),
    ):
        yield label, _accepted(facts, ink)
    if posture.dh_groups:
        yield "DH groups", ", ".join(dict.fromkeys(_dh_group(group, ink) for group in posture.dh_groups))
    yield "features", ", ".join(_feature(name, fact, ink) for name, fact in posture.features.items()) or "not known"
    if posture.vulnerabilities:
        words = (
            ink("bad", f"{name}: VULNERABLE") if fact else ink("good", f"no {name}")
            for name, fact in posture.vulnerabilities.items()
        )
        yield "flaws", ", ".join(words)
    if posture.clients:
        yield "clients", _accepted({name: one.connects for name, one in posture.clients.items()}, ink)
    yield from _profiles(observation, ink)
    for check, reason in posture.undetermined.items():
        yield "not known", f"{check}: {reason}"
    cost = f"{posture.connections} connections, {posture.bytes_sent + posture.bytes_received} bytes"
    yield "cost", ink("dim", f"{cost}, {posture.seconds * 1000:.0f} ms")


def _accepted(facts: Mapping[str, bool], ink: Ink) -> str:
    accepted = [ink("bad", name) if is_bad(name) else ink("good", name) for name, yes in facts.items() if yes]
    refused = [name for name, yes in facts.items() if not yes]
    parts = [", ".join(accepted)] if accepted else []
    parts += [ink("dim", "not " + ", ".join(refused))] if refused else []
    return "; ".join(parts) or "not known"


def _dh_group(group: DHGroup, ink: Ink) -> str:
    text = f"{group.label} (anonymous)" if group.anonymous else group.label
    return ink("bad", f"{text}: {group.weakness}") if group.weakness and not group.anonymous else ink("dim", text)


def _feature(name: str, fact: bool, ink: Ink) -> str:
    text = name.replace("_", " ") if fact else f"no {name.replace('_', ' ')}"
    good = name in (_GOOD_FEATURES if fact else _BAD_FEATURES)
    bad = name in (_BAD_FEATURES if fact else _GOOD_FEATURES)
    return ink("good" if good else "medium" if bad else "dim", text)


def _profiles(observation: Observation, ink: Ink) -> Iterator[tuple[str, str]]:
    for one in compliance(observation):
        name = f"Mozilla {GUIDELINE} {one.profile}"
        if one.compliant is None:
            yield "profile", f"{name}: not known"
        elif one.compliant:
            yield "profile", ink("good", f"{name}: kept")
        else:
            yield "profile", f"{name}: {ink('medium', 'violated')} by " + ", ".join(one.violations)


def posture_fields(observation: Observation) -> dict[str, Any] | None:
    """Return the posture for JSON, None where it is not known."""
    posture = observation.posture
    return None if posture is None else _fields(posture, observation)


def _fields(posture: Posture, observation: Observation) -> dict[str, Any]:
    return {
        "timestamp": posture.timestamp,
        "versions": dict(posture.versions),
        "cipher_classes": posture.reported_classes,
        "cipher_suites_seen": sorted({suite for suites in posture.suites.values() for suite in suites}),
        "groups": dict(posture.groups),
        "dh_prime_bits": posture.dh_bits,
        "dh_groups": [
            {"bits": group.bits, "name": group.name, "suite": group.suite, "weakness": group.weakness}
            for group in posture.dh_groups
        ],
        "features": dict(posture.features),
        "vulnerabilities": dict(posture.vulnerabilities),
        "robot_oracle": posture.robot,
        "clients": {
            name: {"connects": one.connects, "protocol": one.protocol, "cipher": one.cipher, "group": one.group}
            for name, one in posture.clients.items()
        },
        "profiles": {
            one.profile: {"compliant": one.compliant, "violations": list(one.violations)}
            for one in compliance(observation)
        },
        "undetermined": dict(posture.undetermined),
        "connections": posture.connections,
        "bytes_sent": posture.bytes_sent,
        "bytes_received": posture.bytes_received,
        "seconds": posture.seconds,
    }
