"""What the exporter counts and logs about its own probes. It decides nothing and keeps no report.

`Telemetry` does nothing: one probe from the command line needs no metrics, and importing the library for them would
cost it more than the probe. `ProbeTelemetry` is the daemon's.
"""

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from exporter.config.model import Config
from exporter.log import Throttle, get_logger
from exporter.net.reason import Reason
from exporter.probe.result import Failure
from exporter.scrape.report import TargetReport

if TYPE_CHECKING:
    from exporter.metrics.self_metrics import SelfMetrics

log = get_logger("probe")


class Telemetry:
    """Takes note of nothing."""

    def apply(self, config: Config) -> None:
        """Record that a configuration was applied."""

    def cache(self, name: str, size: Callable[[], int]) -> None:
        """Note a cache, whose `size` can be asked at any time."""

    def series_limited(self, targets: Callable[[], int]) -> None:
        """Note how to find out how many targets have reached their limit of new series."""

    def started(self) -> None:
        """Note that a probe has started."""

    def ended(self) -> None:
        """Note that a probe has ended, whatever its outcome."""

    def shared(self) -> None:
        """Note that a probe in flight serves one more caller."""

    def timed_out(self) -> None:
        """Note a target whose probe was not finished at the scrape's deadline."""

    def finished(self, before: TargetReport | None, report: TargetReport) -> None:
        """Note a finished probe. `before` is the target's previous report."""

    def memory_pressure(self) -> None:
        """Note that probing is throttled because memory is close to its limit."""

    def resolver_busy(self) -> None:
        """Note that a name was not resolved in time while every resolver thread was busy."""


class ProbeTelemetry(Telemetry):
    """Counts each probe in the exporter's own metrics, and logs changes of state and faults, throttled by kind."""

    def __init__(self, metrics: "SelfMetrics") -> None:
        self._metrics = metrics
        self._throttle = Throttle()
        self.started = metrics.in_flight.inc  # type: ignore[method-assign] # on the hot path: one call less
        self.ended = metrics.in_flight.dec  # type: ignore[method-assign]

    def apply(self, config: Config) -> None:
        """Set the gauge of configured targets."""
        numbers = Counter(target.module for target in config.targets)
        self._metrics.targets.clear()
        for name in config.modules:
            self._metrics.targets.labels(name).set(numbers[name])

    def cache(self, name: str, size: Callable[[], int]) -> None:
        """Expose the size of a cache."""
        self._metrics.caches.add(name, size)

    def series_limited(self, targets: Callable[[], int]) -> None:
        """Expose how many targets have reached their limit of new series."""
        self._metrics.series_limited.set_function(targets)

    def shared(self) -> None:
        """Count a shared probe."""
        self._metrics.probes_shared.inc()

    def timed_out(self) -> None:
        """Count a target that the deadline came first for."""
        self._metrics.scrape_targets_cut.inc()

    def finished(self, before: TargetReport | None, report: TargetReport) -> None:
        """Count and log a finished probe. `before` is the target's previous report."""
        for assessment in report.assessments:
            self._count(assessment.observation.result.failure)
        if not report.reused:
            self._log(before, report)

    def _count(self, failure: Failure | None) -> None:
        if failure is None:
            self._metrics.probes_succeeded.inc()
            return
        self._metrics.probes.labels(failure.phase.value).inc()
        if failure.reason is Reason.INTERNAL_ERROR:
            self._metrics.troubles.probe_faults.inc()

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
        self._metrics.troubles.memory_shortages.inc()
        if self._throttle("memory"):
            log.warning("memory is close to its limit, probing is throttled")

    def resolver_busy(self) -> None:
        """Count and log that a name was not resolved in time while every resolver thread was busy."""
        self._metrics.troubles.resolver_busy.inc()
        if self._throttle("resolver"):
            log.warning("all resolver threads are busy: the system's resolver hangs or is slow")
