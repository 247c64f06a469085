"""What lives between scrapes: the configuration in force, what probes share, caches, each target's last reading.

Everything here is bounded by the number of configured targets or by a limit of its own. It starts no probe by itself.
"""

import asyncio
import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from exporter.certificates.chain_cache import ChainAssessor
from exporter.certificates.names import matches_name
from exporter.certificates.transparency import total
from exporter.certificates.trust_store import TrustError, load_trust
from exporter.certificates.verdict import TrustStore
from exporter.config.model import Config, Module, Transport
from exporter.findings.assessment import Assessment, assess, reassess
from exporter.findings.observation import Observation
from exporter.log import Throttle
from exporter.metrics.self_metrics import SelfMetrics
from exporter.net.http_fetch import fetch
from exporter.net.limiter import KeyedLimiter, Limiter
from exporter.net.reason import Reason
from exporter.net.resolve import Address, Resolver
from exporter.posture.facts import Posture
from exporter.posture.refresh import PostureRefresher
from exporter.posture.route import determine_route, scanned_route
from exporter.probe.result import Phase, Result
from exporter.probe.runner import Prober, plain_route, probe
from exporter.probe.trace import Progress
from exporter.revocation.checker import RevocationChecker
from exporter.revocation.status import STAPLE, Revocation
from exporter.scrape.history import History
from exporter.scrape.memory_pressure import Memory, MemoryPressure
from exporter.scrape.report import TargetReport, internal_error_report, make_report, timed_out_report
from exporter.scrape.single_flight import SingleFlight
from exporter.target import Target

log = structlog.get_logger("probe")
MAX_ADHOC_REPORTS = 1000  # last readings kept of targets that only /probe named


class Engine:
    """The state of the exporter. `clock` gives Unix seconds; `tidy` is called after each reading."""

    def __init__(
        self,
        config: Config,
        own: SelfMetrics,
        clock: Callable[[], float] = time.time,
        tidy: Callable[[], None] = lambda: None,
    ) -> None:
        self.own = own
        self.clock = clock
        self._tidy = tidy
        self.chains = ChainAssessor()
        self.revocations = RevocationChecker(fetch, clock)
        self.postures = PostureRefresher()
        self.resolver = Resolver(on_busy=self._on_busy_resolver)
        self.single_flight: SingleFlight[TargetReport] = SingleFlight()
        self.last: OrderedDict[Target, TargetReport] = OrderedDict()
        self.history = History()
        self._progress: dict[Target, Progress] = {}
        self._throttle = Throttle()
        self._roots: dict[tuple[object, ...], tuple[float, TrustStore | None]] = {}
        self._memory_pressure = MemoryPressure(Memory().left, self._on_memory_pressure)
        self.prober = Prober(KeyedLimiter(1), Limiter(1), self.resolver)
        self.apply(config)
        own.caches.add("chains", lambda: len(self.chains))
        own.caches.add("revocations", lambda: len(self.revocations))
        own.caches.add("postures", lambda: len(self.postures))
        own.caches.add("readings", lambda: len(self.last))
        own.caches.add("contexts", lambda: len(self.prober.contexts))
        own.caches.add("redirects", lambda: len(self.prober.redirects))

    def apply(self, config: Config) -> None:
        """Put a configuration in force. Probes under way end under the old one; what was learned stays."""
        limits, configured = config.global_, set(config.targets)  # first, should memory end here
        numbers = Counter(target.module for target in config.targets)
        slots, turns = KeyedLimiter(limits.per_address_concurrency), Limiter(limits.concurrency, self._memory_pressure)
        self.prober = replace(self.prober, slots=slots, turns=turns, resolver=self.resolver)
        self._roots.clear()
        self.config = config
        for target in [target for target in self.last if target not in configured]:
            del self.last[target]
            self.history.forget(target)
        self.own.targets.clear()
        for name in config.modules:
            self.own.targets.labels(name).set(numbers[name])

    async def read(
        self,
        target: Target,
        module: Module,
        deadline: float,
        allowed: Callable[[Address], bool] | None = None,
    ) -> TargetReport:
        """Probe and judge a target before the deadline (loop time), or take part in a reading under way."""
        task = self.begin(target, module, deadline, allowed)
        try:
            async with asyncio.timeout_at(deadline):
                return await asyncio.shield(task)
        except TimeoutError:
            return finished(task) or self.cut(target, module)
        finally:
            self.leave(target, module, task, allowed)

    def begin(
        self,
        target: Target,
        module: Module,
        deadline: float,
        allowed: Callable[[Address], bool] | None = None,
    ) -> asyncio.Task[TargetReport]:
        """Begin to read a target, or take part in a reading under way. Whoever begins must `leave`.

        A reading that must end before half of our own time is over is left to those in such haste.
        """
        joined, now = self.single_flight.joined, asyncio.get_running_loop().time()
        at_least = now + min(deadline - now, module.timeout or self.config.global_.timeout) / 2
        task = self.single_flight.join(
            (target, module, allowed), lambda: self._read(target, module, deadline, allowed), deadline, at_least
        )
        if self.single_flight.joined > joined:
            self.own.probes_shared.inc()
        return task

    def leave(
        self,
        target: Target,
        module: Module,
        task: asyncio.Task[TargetReport],
        allowed: Callable[[Address], bool] | None = None,
    ) -> None:
        """Wait no more for a reading that was begun."""
        self.single_flight.leave((target, module, allowed), task)

    def cut(self, target: Target, module: Module) -> TargetReport:
        """Return the reading of a target that nobody can wait for any longer."""
        self.own.scrape_targets_cut.inc()
        progress = self._progress.get(target)
        seconds = asyncio.get_running_loop().time() - progress.began if progress else 0.0
        done = timed_out_report(target, module, progress.phase if progress else Phase.RESOLVE, seconds, self.clock())
        if module.posture is None:
            return done
        results = [assessment.observation.result for assessment in done.assessments]
        return make_report(
            target, module, self.assess(target, module, results)
        )  # what is known of its posture stays known

    async def _read(
        self, target: Target, module: Module, deadline: float, allowed: Callable[[Address], bool] | None
    ) -> TargetReport:
        progress = self._progress[target] = Progress(began=asyncio.get_running_loop().time())
        self.own.in_flight.inc()
        try:
            timeout = module.timeout or self.config.global_.timeout
            results = await probe(
                self.prober, target, module, deadline - GRACE_SECONDS, allowed, progress, seconds=timeout
            )
            done = make_report(target, module, self.assess(target, module, results), self.last.get(target))
        except Exception as error:
            done = internal_error_report(target, module, progress.phase, error, self.clock())
            log.debug("fault", target=target.name, exc_info=True)
        finally:
            self.own.in_flight.dec()
            if self._progress.get(target) is progress:
                del self._progress[target]
        self._remember(done)
        return done

    def _on_memory_pressure(self) -> None:
        self.own.troubles.memory_shortages.inc()
        if self._throttle("memory"):
            log.warning("memory is near its limit: few probes are made at once")

    def _on_busy_resolver(self) -> None:
        self.own.troubles.resolver_busy.inc()
        if self._throttle("resolver"):
            log.warning("all threads that look names up are busy: the system's resolver hangs or is slow")

    def close(self) -> None:
        """Give the resolver's threads back."""
        self.revocations.close()
        self.postures.close()
        self.resolver.close()

    def assess(self, target: Target, module: Module, results: Sequence[Result]) -> tuple[Assessment, ...]:
        """Judge what was seen of a target, all variants together."""
        trust = self._trust(module)
        last = self.last.get(target)
        before = last.assessments if last is not None and last.module is module else ()
        if len(before) != len(results):
            return tuple(map(assess, compared([self._observe(target, module, result, trust) for result in results])))
        observations = [
            self._observe(target, module, result, trust, one.observation)
            for result, one in zip(results, before, strict=True)
        ]
        return tuple(map(reassess, compared(observations), before))

    def _trust(self, module: Module) -> TrustStore | None:
        """Return a module's roots. Their files are looked at from time to time: a directory of them costs 5 ms."""
        trust = module.trust
        key = (module.tls_config.ca_file, trust.ca_directory, trust.system_roots)
        looked_at, store = self._roots.get(key, (-math.inf, None))
        now = time.monotonic()
        if now - looked_at >= ROOTS_SECONDS:
            store = self._load_trust(module)
            self._roots[key] = (now, store)
        return store

    def _load_trust(self, module: Module) -> TrustStore | None:
        trust = module.trust
        try:
            return load_trust(module.tls_config.ca_file, trust.ca_directory, trust.system_roots)
        except TrustError as error:
            log.warning("the trusted roots cannot be loaded, nothing is judged", module=module.name, error=str(error))
            return None

    def _observe(
        self,
        target: Target,
        module: Module,
        result: Result,
        trust: TrustStore | None,
        before: Observation | None = None,
    ) -> Observation:
        posture, now = self._posture(target, module, result), self.clock()
        if not result.chain:
            return Observation(target, module, result, now, posture=posture)
        chain = self.chains.assess_chain(result.chain, trust, now)
        revocations: tuple[Revocation, ...] = ()
        if result.staple is not None or module.revocation is not None:
            revocations = self.revocations.known(chain, result.staple, module.revocation, result.endpoint_address)
        in_staple = sum(one.sct_count for one in revocations if one.source == STAPLE)
        if before is not None and before.chain is chain and before.result.variant == result.variant:
            name_match = before.name_match
        else:
            name = reference_name(target, module, result)
            name_match = matches_name(chain.certificates[0], name) if name else None
        return Observation(
            target,
            module,
            result,
            now,
            certificates=chain.certificates,
            verdicts=chain.verdicts,
            chain=chain,
            name_match=name_match,
            sct_count=total(chain.certificates[0].sct_count, result.tls_scts, in_staple),
            revocations=revocations,
            posture=posture,
        )

    def _posture(self, target: Target, module: Module, result: Result) -> Posture | None:
        """Return what is known of the posture; let it be renewed beside the probe if it is due and can be."""
        settings = module.posture
        if settings is None or module.transport is not Transport.TCP:
            return None
        key = (target, module, result.variant)
        posture, is_due = self.postures.consult(key, settings.refresh)
        if is_due and result.reachable:
            route = scanned_route(result, replace(plain_route(target, module), variant=result.variant))
            prober, seconds = self.prober, module.timeout or self.config.global_.timeout
            self.postures.renew(
                key,
                lambda skip: determine_route(prober, route, seconds=seconds, active=settings.active_checks, skip=skip),
                settings.refresh,
            )
        return posture

    def _remember(self, done: TargetReport) -> None:
        self._count(done)
        if not done.reused:
            self._tell(self.last.get(done.target), done)
        self.last[done.target] = done
        self.last.move_to_end(done.target)
        self.history.record(done)
        while len(self.last) > len(self.config.targets) + MAX_ADHOC_REPORTS:
            self.history.forget(self.last.popitem(last=False)[0])
        self._tidy()

    def _count(self, done: TargetReport) -> None:
        for assessment in done.assessments:
            failure = assessment.observation.result.failure
            if failure is None:
                self.own.probes_succeeded.inc()
                continue
            self.own.probes.labels(failure.phase.value).inc()
            if failure.reason is Reason.INTERNAL_ERROR:
                self.own.troubles.probe_faults.inc()

    def _tell(self, before: TargetReport | None, done: TargetReport) -> None:
        """Log a failed probe at debug, a change of state at info, a fault of ours at error, but not each of many."""
        failure = done.failure
        where = {"target": done.target.name, "module": done.target.module}
        if failure is not None:
            where |= {"phase": failure.phase.value, "reason": failure.reason.value, "detail": failure.detail}
            if failure.reason is Reason.INTERNAL_ERROR and self._throttle("fault"):
                log.error("probe failed by a fault of the exporter", **where)
            else:
                log.debug("probe failed", **where)
        if before is not None and (before.failure is None) != (failure is None):
            log.info("target recovered" if failure is None else "target fails", **where)


ROOTS_SECONDS = 10.0  # how long changed files of trusted roots may go unnoticed
GRACE_SECONDS = 0.05  # between the end of a probe and that of whoever waits for it


def finished(task: asyncio.Task[TargetReport]) -> TargetReport | None:
    """Return the reading of a task that has ended with one."""
    return task.result() if task.done() and not task.cancelled() and task.exception() is None else None


def reference_name(target: Target, module: Module, result: Result) -> str:
    """Return the name that the certificate must be valid for: the variant's, the module's, or the host; or ""."""
    name = result.variant.server_name or module.tls_config.server_name or target.endpoint.host
    return name.partition("%")[0]


def compared(observations: list[Observation]) -> list[Observation]:
    """Note on each observation whether the addresses of one name present different certificates."""
    if len(observations) == 1:
        return observations
    leaves: dict[tuple[str | None, str | None], set[bytes]] = {}
    for one in observations:
        variant = one.result.variant
        if variant.address is not None and one.result.chain:
            leaves.setdefault((variant.server_name, variant.certificate_type), set()).add(one.result.chain[0])
    if not leaves:
        return observations
    return [
        replace(one, addresses_disagree=len(leaves[key]) > 1) if key in leaves else one
        for one in observations
        for key in [(one.result.variant.server_name, one.result.variant.certificate_type)]
    ]
