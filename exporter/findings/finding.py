"""What a finding is: its texts, and the condition under which it is present. One `Rule` holds both.

A condition returns what was seen when its finding is present, and None when it is not, or when that cannot be known.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from exporter.findings.observation import Observation
from exporter.policy import SEVERITIES
from exporter.text import date

__all__ = ["SEVERITIES", "Condition", "Detail", "Finding", "Rule", "utc", "with_severity"]


@dataclass(frozen=True, slots=True)
class Finding:
    """The texts of one finding. `meaning` says who is affected and how, `fix` what the server's operator can do."""

    id: str
    severity: str
    title: str
    meaning: str
    fix: str


@lru_cache(maxsize=1024)
def with_severity(finding: Finding, severity: str) -> Finding:
    """Return a finding with the severity that it has for some target."""
    return finding if finding.severity == severity else replace(finding, severity=severity)


@dataclass(frozen=True, slots=True)
class Detail:
    """What was seen, and of which certificate of the chain as presented where it is about one.

    `text` may hold a peer's words: escape it where it is shown. The leaf's `certificate` is 0. `severity` is set where
    it is another here than in the catalogue; what the configuration says of the finding counts more.
    """

    text: str
    certificate: int | None = None
    severity: str | None = None


Condition = Callable[[Observation], Detail | str | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """A finding and the condition under which it is present."""

    finding: Finding
    condition: Condition

    def detail(self, observation: Observation) -> Detail | None:
        """Return what was seen; None where the finding is not present."""
        seen = self.condition(observation)
        return Detail(seen) if isinstance(seen, str) else seen


def utc(seconds: float) -> str:
    """Write a Unix time for a sentence, to the second."""
    return f"{date(seconds)} UTC"
