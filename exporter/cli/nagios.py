"""Probes as a monitoring plugin reports them: a status line with performance data, a line for each target, 0 to 3.

The format is that of the Monitoring Plugins' development guidelines: what follows a `|` is data, so that no text may
have one.
"""

from collections.abc import Sequence

from exporter.errors import NAGIOS_CRITICAL, NAGIOS_OK, NAGIOS_WARNING
from exporter.findings.state import Status, worst
from exporter.findings.trust import leaf_of
from exporter.metrics.labels import clean
from exporter.scrape.report import TargetReport

_WORDS = {NAGIOS_OK: "OK", NAGIOS_WARNING: "WARNING", NAGIOS_CRITICAL: "CRITICAL"}
_DAY = 86_400.0
_LONGEST = 300


def nagios_status(status: Status) -> int:
    """Return 2 for a failure or something of severity high or worse, 1 for medium, else 0."""
    if status.worrying:
        return NAGIOS_CRITICAL
    return NAGIOS_WARNING if status.severity == "medium" else NAGIOS_OK


def as_nagios(reports: Sequence[TargetReport]) -> tuple[str, int]:
    """Return what a plugin prints, and its exit status: that of the worst target."""
    lines = [_line(report) for report in reports]
    number = max(nagios_status(worst(report.assessments)) for report in reports)
    if len(reports) == 1:
        return f"TLS {_WORDS[number]} - {lines[0]} | {_data(reports[0], '')}\n", number
    bad = sum(nagios_status(worst(report.assessments)) != NAGIOS_OK for report in reports)
    data = " ".join(_data(report, f"{index}_") for index, report in enumerate(reports, 1))
    first = f"TLS {_WORDS[number]} - {bad} of {len(reports)} targets have problems | {data}"
    rest = [
        f"[{_WORDS[nagios_status(worst(report.assessments))]}] {line}"
        for report, line in zip(reports, lines, strict=True)
    ]
    return "\n".join([first, *rest]) + "\n", number


def _line(report: TargetReport) -> str:
    status = worst(report.assessments)
    detail = f", {status.detail}" if status.detail else ""
    text = f"{report.target.name} {status.state.label}" + (f": {status.summary}{detail}" if status.summary else "")
    return clean(text, _LONGEST).replace("|", "/")


def _data(report: TargetReport, prefix: str) -> str:
    """Return performance data: days left (with the thresholds in force) and seconds of the probe."""
    parts = []
    ends = []
    for assessment in report.assessments:
        leaf = leaf_of(assessment.observation)
        if leaf is not None and leaf.not_after is not None and leaf.not_before is not None:
            thresholds, lifetime = assessment.observation.policy.expiry, leaf.not_after - leaf.not_before
            bounds = (thresholds.warn_seconds(lifetime), thresholds.critical_seconds(lifetime))
            ends.append((leaf.not_after - assessment.observation.now, *bounds))
    if ends:
        left, warn, critical = (seconds / _DAY for seconds in min(ends))
        parts.append(f"'{prefix}days_left'={left:.2f};{warn:.2f}:;{critical:.2f}:")
    seconds = max((one.observation.result.total_seconds for one in report.assessments), default=0.0)
    return " ".join([*parts, f"'{prefix}time'={seconds:.3f}s;;;0"])
