"""The engine: probes targets under the configuration in force, and remembers each target's last report.

Several scrapes may ask for one target at once; they share one probe (`single_flight`). Everything kept here is bounded
by the number of configured targets or by a limit of its own. The engine starts no probe by itself: a scrape does.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from exporter.config.model import Config, Module
from exporter.log import get_logger
from exporter.net.limiter import KeyedLimiter, Limiter
from exporter.net.resolve import Address, Resolver
from exporter.probe.prober import Prober
from exporter.probe.result import Phase
from exporter.probe.runner import probe
from exporter.probe.trace import Progress
from exporter.scrape.assess import Assessor
from exporter.scrape.history import History
from exporter.scrape.memory_pressure import Memory, MemoryPressure
from exporter.scrape.report import TargetReport, internal_error_report, make_report, timed_out_report
from exporter.scrape.single_flight import SingleFlight
from exporter.scrape.stored_reports import Pass, StoredReports
from exporter.scrape.telemetry import ProbeTelemetry, Telemetry
from exporter.target import Target
from exporter.wire import memo

if TYPE_CHECKING:
    from exporter.metrics.self_metrics import SelfMetrics

log = get_logger("probe")
MAX_ADHOC_REPORTS = 1000  # last reports kept of targets that only /probe named
GRACE_SECONDS = 0.05  # between the end of a probe and that of the scrape that waits for it

AddressFilter = Callable[[Address], bool]


class Engine:
    """The state of the exporter. `clock` returns Unix seconds; `after_report` is called after each report.

    Without `metrics` nothing about the exporter itself is counted or logged.
    """

    def __init__(
        self,
        config: Config,
        metrics: "SelfMetrics | None" = None,
        clock: Callable[[], float] = time.time,
        after_report: Callable[[], None] = lambda: None,
    ) -> None:
        self.clock = clock
        self._after_report = after_report
        self.telemetry = ProbeTelemetry(metrics) if metrics is not None else Telemetry()
        self.assessor = Assessor(clock)
        self.resolver = Resolver(on_busy=self.telemetry.resolver_busy)
        self.single_flight: SingleFlight[TargetReport] = SingleFlight()
        self.last: OrderedDict[Target, TargetReport] = OrderedDict()
        self.history = History()
        self._progress: dict[Target, Progress] = {}
        self._memory_pressure = MemoryPressure(Memory().left, self._on_memory_pressure)
        self.prober = Prober(KeyedLimiter(1), Limiter(1), self.resolver)
        self.stored = StoredReports(self.assessor.chains, clock)
        self.apply(config)
        self.telemetry.cache("published", lambda: self.assessor.published_count)
        self.telemetry.series_limited(lambda: self.assessor.series.limited)
        self.telemetry.cache("series", lambda: len(self.assessor.series))
        self.telemetry.cache("messages", memo.entries)
        self.telemetry.cache("chains", lambda: len(self.assessor.chains))
        self.telemetry.cache("revocations", lambda: len(self.assessor.revocations))
        self.telemetry.cache("postures", lambda: len(self.assessor.postures))
        self.telemetry.cache("scan_paces", lambda: self.assessor.scan_paces)
        self.telemetry.cache("second_tries", lambda: len(self.prober.second_tries))
        self.telemetry.cache("reports", lambda: len(self.last))
        self.telemetry.cache("files", lambda: len(self.stored))
        self.telemetry.cache("contexts", lambda: len(self.prober.contexts))
        self.telemetry.cache("redirects", lambda: len(self.prober.redirects))
        self.telemetry.cache("http2_endpoints", lambda: len(self.prober.http2_endpoints))

    def apply(self, config: Config) -> None:
        """Put a configuration in force. Probes in flight end under the previous one; what was learned stays."""
        # Allocate first: if memory runs out here, the previous configuration is still whole.
        limits = config.global_
        slots, turns = KeyedLimiter(limits.per_address_concurrency), Limiter(limits.concurrency, self._memory_pressure)
        self.prober = replace(self.prober, slots=slots, turns=turns, resolver=self.resolver, fast_path=limits.fast_path)
        self.assessor.forget_roots()
        probed = tuple(target for target in config.targets if not target.endpoint.is_at_rest)
        self._written = replace(config, targets=probed)
        self.stored.apply(config)
        self._set_targets()

    def _set_targets(self) -> None:
        """Put the configured targets in force together with the files that there are now."""
        config = replace(self._written, targets=(*self._written.targets, *self.stored.targets))
        configured = set(config.targets)
        self.assessor.chains.resize(len(config.targets))
        memo.resize(len(config.targets))
        self.config = config
        for target in [target for target in self.last if target not in configured]:
            del self.last[target]
            self._forget(target)
        self.telemetry.apply(config)

    def timeout(self, module: Module) -> float:
        """Return how long one probe may take, in seconds."""
        return module.timeout or self.config.global_.timeout

    async def report(
        self, target: Target, module: Module, deadline: float, allowed: AddressFilter | None = None
    ) -> TargetReport:
        """Probe and assess a target before the deadline (loop time), or share a probe that is in flight."""
        if target.endpoint.is_at_rest:
            return (await self.stored_reports([target], await self.look_at_files(deadline), deadline))[0]
        task = self.acquire(target, module, deadline, allowed)
        try:
            async with asyncio.timeout_at(deadline):
                return await asyncio.shield(task)
        except TimeoutError:
            return finished(task) or self.timed_out(target, module)
        finally:
            self.release(target, module, task, allowed)

    def acquire(
        self, target: Target, module: Module, deadline: float, allowed: AddressFilter | None = None
    ) -> asyncio.Task[TargetReport]:
        """Start a probe, or share one that is in flight. Each acquire needs a `release`.

        A probe whose deadline comes before half of the caller's time is not shared: it could time out too early.
        """
        shared, now = self.single_flight.shared, asyncio.get_running_loop().time()
        at_least = now + min(deadline - now, self.timeout(module)) / 2
        task = self.single_flight.acquire(
            (target, module, allowed), lambda: self._probe(target, module, deadline, allowed), deadline, at_least
        )
        if self.single_flight.shared > shared:
            self.telemetry.shared()
        return task

    def release(
        self, target: Target, module: Module, task: asyncio.Task[TargetReport], allowed: AddressFilter | None = None
    ) -> None:
        """Stop waiting for a probe; the last one to release cancels it."""
        self.single_flight.release((target, module, allowed), task)

    async def look_at_files(self, deadline: float) -> Pass | None:
        """Find out which files there are and what those hold that serve an endpoint, without waiting long for it."""
        trusts = {name: self.assessor.trust(self._written.modules[name]) for name in self.stored.modules()}
        before = self.stored.targets
        looked = await self.stored.look(trusts, deadline)
        if self.stored.targets is not before:
            self._set_targets()
        return looked

    async def stored_reports(
        self, targets: Sequence[Target], looked: Pass | None, deadline: float
    ) -> list[TargetReport]:
        """Return the reports of files, of those that are not read when the deadline comes a failure."""
        if looked is not None and targets:
            await self.stored.wait(looked, deadline)
        reports = []
        for target in targets:
            report = self.stored.report(looked, target) if looked is not None else None
            if report is None:
                self.telemetry.timed_out()
                module = self._written.modules[target.module]
                report = timed_out_report(target, module, Phase.READ, 0.0, self.clock())
            elif self.last.get(target) is not report:
                self._remember(report)
            reports.append(report)
        return reports

    def timed_out(self, target: Target, module: Module) -> TargetReport:
        """Return the report of a target whose probe was not finished when the deadline came."""
        self.telemetry.timed_out()
        progress = self._progress.get(target)
        seconds = asyncio.get_running_loop().time() - progress.began if progress else 0.0
        phase = progress.phase if progress else Phase.RESOLVE
        report = timed_out_report(target, module, phase, seconds, self.clock())
        # What is known of the posture stays known.
        return report if module.posture is None else self.assess_again(report)

    def assess_again(self, report: TargetReport) -> TargetReport:
        """Return a report on the same results with what is known of posture and revocation by now."""
        target, module = report.target, report.module
        results = [assessment.observation.result for assessment in report.assessments]
        last = self.last.get(target)
        before = last.assessments if last is not None and last.module is module else ()
        timeout = self.timeout(module)
        return make_report(
            target,
            module,
            self.assessor.assess(
                self.prober, target, module, results, before, timeout=timeout, expected=self.stored.expected(target)
            ),
        )

    async def _probe(
        self, target: Target, module: Module, deadline: float, allowed: AddressFilter | None
    ) -> TargetReport:
        """Probe and assess one target, whatever happens: an internal error costs this target only."""
        progress = self._progress[target] = Progress(began=asyncio.get_running_loop().time())
        timeout = self.timeout(module)
        self.telemetry.started()
        try:
            results = await probe(
                self.prober, target, module, deadline - GRACE_SECONDS, allowed, progress, seconds=timeout
            )
            await self.assessor.verify(target, module, results)
            last = self.last.get(target)
            before = last.assessments if last is not None and last.module is module else ()
            assessments = self.assessor.assess(
                self.prober, target, module, results, before, timeout=timeout, expected=self.stored.expected(target)
            )
            report = make_report(target, module, assessments, last)
        except Exception as error:
            report = internal_error_report(target, module, progress.phase, error, self.clock())
            log.debug("internal error", target=target.name, exc_info=True)
        finally:
            self.telemetry.ended()
            if self._progress.get(target) is progress:
                del self._progress[target]
        self._remember(report)
        return report

    def _remember(self, report: TargetReport) -> None:
        self.telemetry.finished(self.last.get(report.target), report)
        self.last[report.target] = report
        self.last.move_to_end(report.target)
        self.history.record(report)
        while len(self.last) > len(self.config.targets) + MAX_ADHOC_REPORTS:
            self._forget(self.last.popitem(last=False)[0])
        self._after_report()

    def _forget(self, target: Target) -> None:
        self.history.forget(target)
        self.assessor.forget(target)

    def _on_memory_pressure(self) -> None:
        self.telemetry.memory_pressure()
        self.assessor.shed()
        memo.clear()

    def close(self) -> None:
        """Stop the refreshes in flight, and the resolver's threads."""
        self.assessor.close()
        self.prober.departures.close()
        self.resolver.close()
        self.stored.close()


def finished(task: asyncio.Task[TargetReport]) -> TargetReport | None:
    """Return the report of a task that has ended with one."""
    return task.result() if task.done() and not task.cancelled() and task.exception() is None else None
