"""What the exporter counts and logs about its own probes. It decides nothing and keeps no report."""

import structlog

from exporter.log import Throttle
from exporter.metrics.self_metrics import SelfMetrics
from exporter.net.reason import Reason
from exporter.probe.result import Failure
from exporter.scrape.report import TargetReport

log = structlog.get_logger("probe")


class ProbeTelemetry:
    """Counts each probe in the exporter's own metrics, and logs changes of state and faults, throttled by kind."""

    def __init__(self, metrics: SelfMetrics) -> None:
        self.metrics = metrics
        self._throttle = Throttle()

    def finished(self, before: TargetReport | None, report: TargetReport) -> None:
        """Count and log a finished probe. `before` is the target's previous report."""
        for assessment in report.assessments:
            self._count(assessment.observation.result.failure)
        if not report.reused:
            self._log(before, report)

    def _count(self, failure: Failure | None) -> None:
        if failure is None:
            self.metrics.probes_succeeded.inc()
            return
        self.metrics.probes.labels(failure.phase.value).inc()
        if failure.reason is Reason.INTERNAL_ERROR:
            self.metrics.troubles.probe_faults.inc()

    def _log(self, before: TargetReport | None, report: TargetReport) -> None:
        """Log a failed probe at debug, a change of state at info, an internal error at error."""
        failure = report.failure
        fields = {"target": report.target.name, "module": report.target.module}
        if failure is not None:
            fields |= {"phase": failure.phase.value, "reason": failure.reason.value, "detail": failure.detail}
            if failure.reason is Reason.INTERNAL_ERROR and self._throttle("fault"):
                log.error("probe failed because of an internal error", **fields)
            else:
                log.debug("probe failed", **fields)
        if before is not None and (before.failure is None) != (failure is None):
            log.info("target recovered" if failure is None else "target is failing", **fields)

    def memory_pressure(self) -> None:
        """Count and log that probing is throttled because memory is close to its limit."""
        self.metrics.troubles.memory_shortages.inc()
        if self._throttle("memory"):
            log.warning("memory is close to its limit, probing is throttled")

    def resolver_busy(self) -> None:
        """Count and log that a name was not resolved in time while every resolver thread was busy."""
        self.metrics.troubles.resolver_busy.inc()
        if self._throttle("resolver"):
            log.warning("all resolver threads are busy: the system's resolver hangs or is slow")
