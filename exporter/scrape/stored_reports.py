"""The reports of files and Kubernetes objects, kept from scrape to scrape: only what has changed is read again.

One pass looks at everything, on a thread of its own, since a file system may hang and reading may take longer than a
scrape. Scrapes that come meanwhile share the pass; what it has not reached when a scrape's deadline comes is
reported as a failure by timeout, and is there at the next scrape. What serves an endpoint is read first, so that the
endpoint is compared with what is there now.
"""

import asyncio
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from exporter.at_rest.files import FileState
from exporter.at_rest.stored import Expected
from exporter.certificates.chain_cache import ChainAssessor
from exporter.certificates.verdict import TrustStore
from exporter.config.model import Config, Module
from exporter.config.targets import served_key
from exporter.findings.serving import expected_of
from exporter.log import get_logger
from exporter.probe.result import Phase
from exporter.scrape.report import TargetReport, internal_error_report, make_report
from exporter.scrape.stored_assess import assess_stored, groups_of
from exporter.scrape.stored_sources import Source, SourceList, source_lists
from exporter.target import Target, parse_endpoint

log = get_logger("files")
MAX_SOURCES = 20_000  # of one configuration
BEGIN_SECONDS = 5.0  # how long the first scrape waits for clusters to be listed
LIST_SECONDS = 1.0  # how long the probes of a scrape wait for folders to be listed
SERVED_SECONDS = 2.0  # and for what serves an endpoint to be read
ServedKey = tuple[str, int, str | None]


@dataclass(frozen=True, slots=True)
class Known:
    """What was read of a source, the report on it, and what that report depends on. `until` is in Unix seconds."""

    state: FileState
    module: Module
    trust: TrustStore | None
    report: TargetReport
    until: float
    expected: tuple[Expected, ...] = ()


@dataclass(eq=False)
class Pass:
    """One look at all sources of a configuration. `pending` are those that it has found changed and not yet read."""

    began: float  # loop time
    modules: Mapping[str, Module]
    trusts: Mapping[str, TrustStore | None]
    listed: asyncio.Event = field(default_factory=asyncio.Event)
    served: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    sources: tuple[Source, ...] = ()
    pending: set[Target] = field(default_factory=set)


class StoredReports:
    """The reports of all sources that a configuration names. Called from the event loop, except for `_run`."""

    def __init__(self, chains: ChainAssessor, clock: Callable[[], float]) -> None:
        self._chains = chains
        self._clock = clock
        self._worker: ThreadPoolExecutor | None = None
        self._beginnings: dict[SourceList, asyncio.Task[None]] = {}
        self._lists: list[SourceList] = []
        self._modules: Mapping[str, Module] = {}
        self._keys: Mapping[str, ServedKey] = {}
        self._known: dict[Target, Known] = {}
        self._expected: dict[ServedKey, tuple[Expected, ...]] = {}
        self._pass: Pass | None = None
        self.targets: tuple[Target, ...] = ()

    def apply(self, config: Config) -> None:
        """Follow a configuration. What its entries have found under the one before is not looked for again."""
        before = self._lists
        self._lists = source_lists(config, tuple(before))
        for one in before:
            if one not in self._lists:
                self._end(one)
        self._modules = config.modules
        self._keys = {target.name: served_key(target.endpoint) for target in config.targets}
        self._pass = None  # one that is in flight follows the configuration before
        self._set_sources(source for one in self._lists for source in one.sources())

    def __len__(self) -> int:
        return len(self._known)

    def modules(self) -> set[str]:
        """Return the names of the modules whose roots a pass needs."""
        return {one.group.module for one in self._lists}

    async def look(self, trusts: Mapping[str, TrustStore | None], deadline: float) -> Pass | None:
        """Begin a pass, or join the one in flight; return it once it is known what there is, but wait for that briefly.

        None where nothing is configured. `targets` may be others afterwards.
        """
        if not self._lists:
            return None
        loop = asyncio.get_running_loop()
        await self._begin(min(loop.time() + BEGIN_SECONDS, (loop.time() + deadline) / 2))
        if self._pass is None or self._pass.done.is_set():
            self._pass = Pass(loop.time(), self._modules, trusts)
            self._worker = self._worker or ThreadPoolExecutor(1, thread_name_prefix="files")
            self._worker.submit(self._run, loop, self._pass, [one.look() for one in self._lists])
        one = self._pass
        patience = min(one.began + LIST_SECONDS, (loop.time() + deadline) / 2)
        if await _within(one.listed, patience) and self._pass is one:
            self._set_sources(one.sources)
        await _within(one.served, min(patience + SERVED_SECONDS, (loop.time() + deadline) / 2))
        self._set_expected(one)
        return one

    async def _begin(self, until: float) -> None:
        """Begin what goes on between scrapes; the first scrape waits for it, until a time (loop time)."""
        for one in self._lists:
            if one not in self._beginnings:
                self._beginnings[one] = asyncio.create_task(one.begin())
        if pending := [task for task in self._beginnings.values() if not task.done()]:
            await asyncio.wait(pending, timeout=until - asyncio.get_running_loop().time())

    def _end(self, one: SourceList) -> None:
        task = self._beginnings.pop(one, None)
        if task is not None:
            task.cancel()
            one.close()

    async def wait(self, one: Pass, deadline: float) -> None:
        """Wait until a pass has read all that it found changed, or until the deadline (loop time)."""
        await _within(one.done, deadline)
        self._set_expected(one)

    def report(self, one: Pass, target: Target) -> TargetReport | None:
        """Return the report of a target as a pass has found it; None if the pass has not got so far."""
        known = self._known.get(target)
        return known.report if known is not None and one.listed.is_set() and target not in one.pending else None

    def expected(self, target: Target) -> tuple[Expected, ...]:
        """Return what an endpoint must present, by what there is at rest."""
        return self._expected.get(served_key(target.endpoint), ()) if self._expected else ()

    def close(self) -> None:
        """Stop watching, and give the thread back without waiting for it."""
        for one in self._lists:
            self._end(one)
        if self._worker is not None:
            self._worker.shutdown(wait=False, cancel_futures=True)

    def _set_sources(self, sources: Iterable[Source]) -> None:
        targets = tuple(dict.fromkeys(source.target for source in sources))
        if targets == self.targets:
            return
        self.targets = targets
        wanted = set(targets)
        for target in [target for target in self._known if target not in wanted]:
            del self._known[target]

    def _set_expected(self, one: Pass) -> None:
        found: dict[ServedKey, list[Expected]] = {}
        for source in one.sources if self._pass is one else ():
            known = self._known.get(source.target) if source.serves else None
            if known is not None:
                for name in source.serves:
                    key = self._keys.get(name) or served_key(parse_endpoint(name))
                    found.setdefault(key, []).extend(known.expected)
        self._expected = {key: tuple(expected) for key, expected in found.items() if expected}

    # What follows runs on the thread.

    def _run(self, loop: asyncio.AbstractEventLoop, one: Pass, listings: list[Callable[[], Iterator[Source]]]) -> None:
        def publish(event: asyncio.Event) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

        try:
            one.sources = tuple(_at_most(MAX_SOURCES, (source for listing in listings for source in listing())))
            now = self._clock()
            due = [source for source in one.sources if not self._is_current(source, one, now)]
            due.sort(key=lambda source: not source.serves)
            one.pending = {source.target for source in due}
            publish(one.listed)
            serving = sum(bool(source.serves) for source in due)
            for number, source in enumerate(due):
                if number == serving:
                    publish(one.served)
                self._known[source.target] = self._read(source, one)
                one.pending.discard(source.target)
        except Exception as error:  # noqa: BLE001 - as MemoryError: the next scrape looks again
            log.warning("cannot check files for changes", error=f"{type(error).__name__}: {error}")
        finally:
            for event in (one.served, one.done):
                publish(event)

    def _is_current(self, source: Source, one: Pass, now: float) -> bool:
        known = self._known.get(source.target)
        return (
            known is not None
            and now < known.until
            and known.module == one.modules.get(source.target.module)
            and known.trust is one.trusts.get(source.target.module)
            and source.is_current(known.state)
        )

    def _read(self, source: Source, one: Pass) -> Known:
        """Read and assess a source. An unchanged one is assessed again, too, because validity depends on the clock."""
        target, now = source.target, self._clock()
        module, trust = one.modules[target.module], one.trusts.get(target.module)
        state = source.read()
        try:
            assessment, until = assess_stored(target, module, state.stored, now, trust, self._chains)
            report, expected = make_report(target, module, (assessment,)), tuple(self._expectations(source, state))
        except Exception as error:
            log.debug("internal error", target=target.name, exc_info=True)
            report, until, expected = internal_error_report(target, module, Phase.READ, error, now), math.inf, ()
        return Known(state, module, trust, report, until, expected)

    def _expectations(self, source: Source, state: FileState) -> Iterator[Expected]:
        if not source.serves:
            return
        stored = state.stored.certificates
        certificates = [self._chains.certificate(one.der) for one in stored]
        for group in groups_of(stored, certificates):
            if group.is_presented:
                yield expected_of(group.certificates[0], source.target.name, state.stored.modified_at)


def _at_most(most: int, sources: Iterator[Source]) -> Iterator[Source]:
    for number, source in enumerate(sources):
        if number >= most:
            log.warning("too many files and objects match, the rest is ignored", most=most)
            return
        yield source


async def _within(event: asyncio.Event, until: float) -> bool:
    """Wait for an event until a time (loop time); return whether it has come."""
    if event.is_set():
        return True
    try:
        async with asyncio.timeout_at(until):
            await event.wait()
    except TimeoutError:
        return False
    return True
