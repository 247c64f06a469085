"""From what is known of an endpoint to the findings that are present: every condition of every topic, once.

A condition returns a sentence when its finding is present, and None when it is not or cannot be known.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter

from exporter.findings import certificate, http, posture, revocation
from exporter.findings.catalogue import CATALOGUE
from exporter.findings.finding import SEVERITIES, Finding
from exporter.findings.observation import Observation
from exporter.probe.result import Result

Condition = Callable[[Observation], str | None]

CONDITIONS: Mapping[str, Condition] = {
    **certificate.CONDITIONS,
    **revocation.CONDITIONS,
    **posture.CONDITIONS,
    **http.CONDITIONS,
}


@dataclass(frozen=True, slots=True)
class Found:
    """A finding that is present, with what was seen. `detail` may hold a peer's words: escape it where it is shown."""

    finding: Finding
    detail: str


@dataclass(frozen=True, slots=True)
class Assessment:
    """One endpoint as it was seen, and what is wrong with it, the worst first.

    `carried_over`: nothing but times differs from the judgement before, so that what follows from it is the same.
    """

    observation: Observation
    findings: tuple[Found, ...] = ()
    reused: bool = field(default=False, compare=False)


def assess(observation: Observation) -> Assessment:
    """Return the observation with every finding that is present."""
    found = [
        Found(CATALOGUE[finding], detail)
        for finding, condition in CONDITIONS.items()
        if (detail := condition(observation)) is not None
    ]
    found.sort(key=lambda one: SEVERITIES.index(one.finding.severity))
    return Assessment(observation, tuple(found))


def reassess(observation: Observation, before: Assessment) -> Assessment:
    """Judge an endpoint that was judged before: if nothing has changed that a condition can see, nothing is asked."""
    if is_unchanged(observation, before.observation):
        return Assessment(observation, before.findings, reused=True)
    return assess(observation)


def is_unchanged(one: Observation, other: Observation) -> bool:
    """Tell whether two observations differ in nothing but times.

    A chain that was verified is equal to another only while the verdicts of both hold, so that no certificate began
    or ceased to be valid between the two. A chain that was not verified holds no such promise.
    """
    chain = one.chain
    return (
        chain is not None
        and chain.trust is not None
        and _what_is_known(one) == _what_is_known(other)
        and _what_was_seen(one.result) == _what_was_seen(other.result)
    )


def _fields_but(kind: type, *times: str) -> Callable[[object], tuple[object, ...]]:
    return attrgetter(*(one.name for one in fields(kind) if one.name not in times))


_what_is_known = _fields_but(Observation, "now", "result")
_what_was_seen = _fields_but(Result, "started_at", "total_seconds", "durations", "events")
