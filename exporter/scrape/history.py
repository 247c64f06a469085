"""What is kept of each target between scrapes: a summary of its last report, its last probes, its changes.

Bounded for each target: RECENT probes as plain numbers, CHANGES changes as short texts, about 1 KiB in all. It keeps
no certificate and no result; those are in the last report.
"""

import math
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from exporter.certificates.certificate import Certificate
from exporter.findings.assessment import Assessment
from exporter.findings.catalogue import SEVERITIES
from exporter.findings.state import UNKNOWN, Status, worst
from exporter.findings.trust import used
from exporter.policy import ExpiryThresholds
from exporter.scrape.report import TargetReport
from exporter.target import Target

RECENT = 32
CHANGES = 12
_NAMED_FINDINGS = 4

Counts = tuple[int, ...]
"""How many findings of each severity, in the order of SEVERITIES."""

_NO_FINDINGS: Counts = (0,) * len(SEVERITIES)


@dataclass(frozen=True, slots=True)
class Summary:
    """One report in short, all variants together: the worst of each. `accepted` findings are not among `findings`."""

    at: float  # Unix seconds
    seconds: float
    failure: str  # "phase: reason" or "" for none
    protocol: str
    not_before: int | None  # of the certificate with the least time left
    not_after: int | None
    counts: Counts
    findings: tuple[str, ...]  # ids, the worst first
    leaf: str  # SHA-256 of the first leaf, in hex
    status: Status = UNKNOWN
    accepted: tuple[str, ...] = ()
    expiry: ExpiryThresholds = field(default_factory=ExpiryThresholds)

    @property
    def worst(self) -> int:
        """Index into SEVERITIES of the worst finding; their number if there is none."""
        return next((index for index, count in enumerate(self.counts) if count), len(SEVERITIES))


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was otherwise at the probe before."""

    at: float
    text: str
    better: bool | None  # None where neither better nor worse
    leaf: str = ""  # SHA-256 of a new leaf, in hex


Probe = tuple[float, float, bool]
"""When a probe began, how long it took, and whether there was a handshake."""


@dataclass(slots=True)
class TargetHistory:
    """The history of one target. `recent` yields the last probes, oldest first."""

    _summary: Summary  # of the last report that differed from the one before it in more than times
    changes: tuple[Change, ...] = ()
    first: float = 0.0  # when it was first probed
    probes: int = 0
    _times: "array[float]" = field(default_factory=lambda: array("d"))
    _seconds: "array[float]" = field(default_factory=lambda: array("f"))  # negative: the probe failed

    @property
    def summary(self) -> Summary:
        """The last report in short."""
        return replace(self._summary, at=self.at, seconds=self.seconds)

    @property
    def unchanged(self) -> Summary:
        """The summary with the times of the first report that was so: what a list of thousands can afford."""
        return self._summary

    @property
    def at(self) -> float:
        """When the last probe began, in Unix seconds."""
        return self._times[-1]

    @property
    def seconds(self) -> float:
        """How long the last probe took."""
        return abs(self._seconds[-1])

    def add(self, summary: Summary) -> None:
        """Add a new summary."""
        if self.probes:
            self.changes = (*self.changes, *changes(self._summary, summary))[-CHANGES:]
        else:
            self.first = summary.at
        self._summary = summary
        self.add_unchanged(summary.at, summary.seconds)

    def add_unchanged(self, at: float, seconds: float) -> None:
        """Add a report that differs in nothing but times."""
        self.probes += 1
        self._times.append(at)
        self._seconds.append(-seconds if self._summary.failure else seconds)
        if len(self._times) > RECENT:
            del self._times[0], self._seconds[0]

    @property
    def recent(self) -> list[Probe]:
        """The last probes, oldest first."""
        probes = zip(self._times, self._seconds, strict=True)
        return [(at, abs(seconds), math.copysign(1.0, seconds) > 0) for at, seconds in probes]


class History:
    """The history of every target that was probed."""

    def __init__(self) -> None:
        self._histories: dict[Target, TargetHistory] = {}

    @property
    def histories(self) -> Mapping[Target, TargetHistory]:
        """The history of each target."""
        return MappingProxyType(self._histories)

    def record(self, report: TargetReport) -> None:
        """Add a report."""
        history = self._histories.get(report.target)
        if history is not None and report.reused:
            history.add_unchanged(*_times(report))
            return
        summary = summarize(report)
        if history is None:
            history = TargetHistory(summary)
        history.add(summary)
        self._histories[report.target] = history  # last: pages, made on threads, may look at any moment

    def forget(self, target: Target) -> None:
        """Drop a target that is not watched any more."""
        self._histories.pop(target, None)

    def __len__(self) -> int:
        return len(self._histories)


def summarize(report: TargetReport) -> Summary:
    """Return a report in short."""
    failure = report.failure
    at, seconds = _times(report)
    assessments = report.assessments
    results = [assessment.observation.result for assessment in assessments]
    ending = min(_expiring(assessments), key=lambda one: one.not_after or 0, default=None)
    leaves = (one.observation.certificates[0] for one in assessments if one.observation.certificates)
    found = {one.finding.id: one.finding.severity for assessment in assessments for one in assessment.findings}
    ordered = sorted(found, key=lambda name: SEVERITIES.index(found[name]))
    counts = tuple(sum(severity == one for one in found.values()) for severity in SEVERITIES)
    versions = [(result.session.version, result.session.protocol) for result in results if result.session]
    return Summary(
        at=at,
        seconds=seconds,
        failure=f"{failure.phase}: {failure.reason}" if failure is not None else "",
        protocol=min(versions)[1] if versions else "",
        not_before=ending.not_before if ending else None,
        not_after=ending.not_after if ending else None,
        counts=counts if found else _NO_FINDINGS,
        findings=tuple(ordered),
        leaf=next((leaf.fingerprint_sha256 for leaf in leaves), ""),
        status=worst(assessments),
        accepted=tuple(dict.fromkeys(one.finding.id for assessment in assessments for one in assessment.accepted)),
        expiry=assessments[0].observation.policy.expiry,
    )


def _times(report: TargetReport) -> tuple[float, float]:
    """Return when the last of a report's probes began, and how long the longest took."""
    at = seconds = 0.0
    for assessment in report.assessments:
        result = assessment.observation.result
        at, seconds = max(at, result.started_at), max(seconds, result.total_seconds)
    return at, seconds


def _expiring(assessments: tuple[Assessment, ...]) -> Iterator[Certificate]:
    """Yield the certificates that clients use: what the target's expiry depends on."""
    for assessment in assessments:
        yield from (one for one in used(assessment.observation) if one.not_after is not None)


def changes(before: Summary, after: Summary) -> Iterator[Change]:
    """Yield what differs between two reports on a target."""
    at = after.at
    if before.failure != after.failure:
        if after.failure:
            yield Change(at, f"fails: {after.failure}", False)
        else:
            yield Change(at, f"answers again, after {before.failure}", True)
    if before.leaf and after.leaf and before.leaf != after.leaf:
        yield Change(at, f"new certificate {after.leaf[:16]}", None, after.leaf)
    if before.protocol and after.protocol and before.protocol != after.protocol:
        yield Change(at, f"{after.protocol} instead of {before.protocol}", after.protocol > before.protocol)
    if not before.failure and not after.failure:
        appeared, gone = set(after.findings) - set(before.findings), set(before.findings) - set(after.findings)
        if appeared:
            yield Change(at, f"found {_some(after.findings, appeared)}", False)
        if gone:
            yield Change(at, f"no longer {_some(before.findings, gone)}", True)


def _some(ordered: tuple[str, ...], wanted: set[str]) -> str:
    names = [name for name in ordered if name in wanted]
    more = f" and {len(names) - _NAMED_FINDINGS} more" if len(names) > _NAMED_FINDINGS else ""
    return ", ".join(names[:_NAMED_FINDINGS]) + more
