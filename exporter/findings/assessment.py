"""From what is known of an endpoint to the findings that are present: every rule of the catalogue, once.

The target's policy then decides the severity of each, and marks those that the configuration accepts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from operator import attrgetter

from exporter.findings.catalogue import RULES
from exporter.findings.finding import SEVERITIES, Finding, Rule, with_severity
from exporter.findings.observation import Observation
from exporter.findings.validity import next_boundary
from exporter.policy import Acceptance
from exporter.probe.result import Result


@dataclass(frozen=True, slots=True)
class Found:
    """A finding that is present, with what was seen. `detail` may hold a peer's words: escape it where it is shown.

    `finding` has the severity of the target's policy. `certificate` is the position in the chain of the certificate
    that it is about, None where it is about none. `acceptance` is set if the configuration accepts it.
    """

    finding: Finding
    detail: str
    certificate: int | None = None
    acceptance: Acceptance | None = None


@dataclass(frozen=True, slots=True)
class Assessment:
    """One endpoint as it was seen, and what is wrong with it, the worst first; `accepted` is not in `findings`.

    `holds_until` is the Unix time at which the clock alone may change the findings.
    `reused`: nothing but times differs from the assessment before, so that what follows from it is the same.
    """

    observation: Observation
    findings: tuple[Found, ...] = ()
    accepted: tuple[Found, ...] = ()
    holds_until: float = float("inf")
    reused: bool = field(default=False, compare=False)


def assess(observation: Observation, rules: Sequence[Rule] = RULES) -> Assessment:
    """Return the observation with every finding that is present by these rules."""
    policy, now = observation.policy, observation.now
    found = []
    for rule in rules:
        detail = rule.detail(observation)
        if detail is not None:
            finding = with_severity(
                rule.finding, policy.severity_of(rule.finding.id, detail.severity or rule.finding.severity)
            )
            found.append(Found(finding, detail.text, detail.certificate, policy.acceptance(finding.id, now)))
    found.sort(key=lambda one: SEVERITIES.index(one.finding.severity))
    return Assessment(
        observation,
        tuple(one for one in found if one.acceptance is None),
        tuple(one for one in found if one.acceptance is not None),
        min(policy.next_change(now), next_boundary(observation)),
    )


def reassess(observation: Observation, before: Assessment) -> Assessment:
    """Assess an endpoint again. If nothing that a condition depends on has changed, no condition is evaluated."""
    if before.observation.now <= observation.now < before.holds_until and is_unchanged(observation, before.observation):
        return Assessment(observation, before.findings, before.accepted, before.holds_until, reused=True)
    return assess(observation)


def is_unchanged(one: Observation, other: Observation) -> bool:
    """Return whether two observations differ in nothing but times.

    A chain that was verified is equal to another only while the verdicts of both hold, so that no certificate began
    or ceased to be valid between the two. A chain that was not verified holds no such promise.
    """
    chain = one.chain
    return (
        chain is not None
        and chain.trust is not None
        and one.policy == other.policy
        and _what_is_known(one) == _what_is_known(other)
        and _what_was_seen(one.result) == _what_was_seen(other.result)
    )


def _fields_but(kind: type, *times: str) -> Callable[[object], tuple[object, ...]]:
    return attrgetter(*(one.name for one in fields(kind) if one.name not in times))


_what_is_known = _fields_but(Observation, "now", "result")
_what_was_seen = _fields_but(Result, "started_at", "total_seconds", "durations", "events")
