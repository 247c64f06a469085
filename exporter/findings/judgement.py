"""From what is known of an endpoint to the findings that are present: every condition of every topic, once.

A condition returns a sentence when its finding is present, and None when it is not or cannot be known.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from exporter.findings import certificate, http, posture, revocation
from exporter.findings.catalogue import CATALOGUE
from exporter.findings.finding import SEVERITIES, Finding
from exporter.findings.observation import Observation

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
class Judgement:
    """One endpoint as it was seen, and what is wrong with it, the worst first."""

    observation: Observation
    findings: tuple[Found, ...] = ()


def judge(observation: Observation) -> Judgement:
    """Return the observation with every finding that is present."""
    found = [
        Found(CATALOGUE[finding], detail)
        for finding, condition in CONDITIONS.items()
        if (detail := condition(observation)) is not None
    ]
    found.sort(key=lambda one: SEVERITIES.index(one.finding.severity))
    return Judgement(observation, tuple(found))
