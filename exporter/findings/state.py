"""The state of an endpoint in one word: the worst that is true of it. Every page, command and format shows this one.

A failed handshake is the worst, because nothing else is then known for sure. Otherwise the most severe finding decides,
and among findings of one severity the one whose state comes first in `State`. Accepted findings do not count.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from exporter.findings import posture, protocol
from exporter.findings.assessment import Assessment, Found
from exporter.findings.failure import explain
from exporter.findings.finding import SEVERITIES
from exporter.probe.result import Phase


class State(StrEnum):
    """From worst to best. The value is for programs, `label` for people."""

    DOWN = "down"
    NO_HANDSHAKE = "no_handshake"
    UNREADABLE = "unreadable"
    REVOKED = "revoked"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    WRONG_KEY = "wrong_key"
    UNTRUSTED = "untrusted"
    WRONG_NAME = "wrong_name"
    EXPIRING = "expiring"
    VULNERABLE = "vulnerable"
    AT_RISK = "at_risk"
    WARNING = "warning"
    HEALTHY = "healthy"
    UNKNOWN = "unknown"

    @property
    def label(self) -> str:
        """The word that people read."""
        return _LABELS.get(self, self.value.replace("_", " ").capitalize())


FAILED = (State.DOWN, State.NO_HANDSHAKE, State.UNREADABLE)
_LABELS = {State.NO_HANDSHAKE: "No handshake", State.UNKNOWN: "Not probed yet"}

_OF_FINDING: Mapping[str, State] = {
    "certificate_revoked": State.REVOKED,
    "certificate_expired": State.EXPIRED,
    "certificate_not_yet_valid": State.NOT_YET_VALID,
    "certificate_pin_mismatch": State.WRONG_KEY,
    "certificate_self_signed": State.UNTRUSTED,
    "certificate_untrusted_issuer": State.UNTRUSTED,
    "certificate_chain_incomplete": State.UNTRUSTED,
    "certificate_partial_chain": State.UNTRUSTED,
    "certificate_refused": State.UNTRUSTED,
    "root_distrusted": State.UNTRUSTED,
    "certificate_name_mismatch": State.WRONG_NAME,
    "certificate_expiry_imminent": State.EXPIRING,
    "certificate_expiring_soon": State.EXPIRING,
}
_OF_SEVERITY: Mapping[str, State] = {
    "critical": State.AT_RISK,
    "high": State.AT_RISK,
    "medium": State.WARNING,
    "low": State.HEALTHY,
}
_OF_PROTOCOL = frozenset(rule.finding.id for rule in (*protocol.RULES, *posture.RULES))
_ORDER = tuple(State)
WORRYING = ("critical", "high")
"""Severities with which an endpoint is not healthy: `probe` exits with 3."""


@dataclass(frozen=True, slots=True)
class Status:
    """The state with its reason. `severity` is None for a healthy or unknown endpoint, "critical" for a failure.

    `summary` is a title of the catalogue, `detail` what was seen: it may hold a peer's words, escape it where it is
    shown. `certificate` is the position in the chain of the certificate that it is about, None where it is about none.
    """

    state: State
    severity: str | None = None
    summary: str = ""
    detail: str = ""
    finding: str | None = None
    certificate: int | None = None
    reachable: bool = False
    success: bool = False

    @property
    def order(self) -> tuple[int, int, int]:
        """Sorts the worst first."""
        failed = self.state in FAILED
        severity = SEVERITIES.index(self.severity) if self.severity is not None else len(SEVERITIES)
        return (0 if failed else 1, severity, _ORDER.index(self.state))

    @property
    def worrying(self) -> bool:
        """Return whether something of severity high or worse is wrong, or no handshake completed."""
        return self.severity in WORRYING


UNKNOWN = Status(State.UNKNOWN)


def state_of(found: Found) -> State:
    """Return the state that one finding alone would give."""
    finding = found.finding
    if finding.id in _OF_PROTOCOL and finding.severity in WORRYING:
        return State.VULNERABLE
    return _OF_FINDING.get(finding.id, _OF_SEVERITY[finding.severity])


def status(assessment: Assessment) -> Status:
    """Return the worst that is true of one endpoint."""
    result = assessment.observation.result
    failure = result.failure
    if failure is not None:
        state = State.NO_HANDSHAKE if result.reachable else State.DOWN
        if failure.phase is Phase.READ:
            state = State.UNREADABLE
        title = explain(failure, assessment.observation.module, assessment.observation.target.endpoint).title
        return Status(state, "critical", title, failure.detail, reachable=result.reachable)
    statuses = (_of_found(found, reachable=result.reachable) for found in assessment.findings)
    healthy = Status(State.HEALTHY, reachable=result.reachable, success=True)
    return min(statuses, key=lambda one: one.order, default=healthy)


def _of_found(found: Found, *, reachable: bool) -> Status:
    return Status(
        state_of(found),
        found.finding.severity,
        found.finding.title,
        found.detail,
        found.finding.id,
        found.certificate,
        reachable=reachable,
        success=True,
    )


def worst(assessments: Iterable[Assessment]) -> Status:
    """Return the worst that is true of a target, all its variants together; UNKNOWN if there are none."""
    return min(map(status, assessments), key=lambda one: one.order, default=UNKNOWN)
