"""The report of one target: its assessments and their lines. It probes nothing and keeps nothing."""

from dataclasses import dataclass

from exporter.config.model import Module
from exporter.findings.assessment import Assessment
from exporter.findings.observation import Observation
from exporter.metrics.collect import DURATIONS, Lines, collect, duration_lines
from exporter.net.reason import Reason
from exporter.probe.result import BEYOND_CONNECTION, Failure, Handshake, Phase, Result
from exporter.target import Target
from exporter.text import printable


@dataclass(frozen=True, slots=True)
class TargetReport:
    """The result of one target: an assessment for each variant, and their lines for the exposition.

    `reused`: only times differ from the target's previous report.
    """

    target: Target
    module: Module
    assessments: tuple[Assessment, ...]
    lines: Lines
    reused: bool = False

    @property
    def failure(self) -> Failure | None:
        """The first failure among the variants."""
        results = (assessment.observation.result for assessment in self.assessments)
        return next((result.failure for result in results if result.failure is not None), None)


def make_report(
    target: Target, module: Module, assessments: tuple[Assessment, ...], before: TargetReport | None = None
) -> TargetReport:
    """Write assessments as lines. If only times have changed since `before`, only those lines are written again."""
    lines: Lines = {}
    if before is not None and all(assessment.reused for assessment in assessments):
        lines.update(before.lines)
        lines[DURATIONS] = "".join(map(duration_lines, assessments))
        return TargetReport(target, module, assessments, lines, reused=True)
    for assessment in assessments:
        for name, text in collect(assessment).items():
            lines[name] = lines.get(name, "") + text
    return TargetReport(target, module, assessments, lines)


def timed_out_report(target: Target, module: Module, phase: Phase, seconds: float, now: float) -> TargetReport:
    """Return the report of a target whose probe was not finished at the scrape's deadline."""
    failure = Failure(phase, Reason.TIMEOUT, "the scrape's deadline came first")
    return _unseen(target, module, failure, seconds, now)


def internal_error_report(target: Target, module: Module, phase: Phase, error: Exception, now: float) -> TargetReport:
    """Return the report of a target whose probe or assessment failed because of a bug of the exporter."""
    detail = printable(f"internal error, please report it: {type(error).__name__}: {error}")
    return _unseen(target, module, Failure(phase, Reason.INTERNAL_ERROR, detail), 0.0, now)


def _unseen(target: Target, module: Module, failure: Failure, seconds: float, now: float) -> TargetReport:
    reachable = failure.phase in BEYOND_CONNECTION
    result = Result(
        started_at=now - seconds, total_seconds=seconds, reachable=reachable, handshake=Handshake(failure=failure)
    )
    return make_report(target, module, (Assessment(Observation(target, module, result, now)),))
