"""The reports of files, kept from scrape to scrape: a file is read again only when it has changed.

One pass looks at all files, on a thread of its own, since a file system may hang and reading may take longer than a
scrape. Scrapes that come meanwhile share the pass; what it has not reached when a scrape's deadline comes is
reported as a failure by timeout, and is there at the next scrape. The files that serve an endpoint are read first,
so that the endpoint is compared with what lies on disk now.
"""

import asyncio
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from exporter.at_rest.files import FileState, is_current, read_file
from exporter.at_rest.paths import files_of, is_folder
from exporter.at_rest.stored import Expected
from exporter.certificates.chain_cache import ChainAssessor
from exporter.certificates.verdict import TrustStore
from exporter.config.model import Config, FileGroup, Module
from exporter.config.targets import served_key
from exporter.findings.serving import expected_of
from exporter.log import get_logger
from exporter.probe.result import Phase
from exporter.scrape.report import TargetReport, internal_error_report, make_report
from exporter.scrape.stored_assess import assess_stored, groups_of
from exporter.target import FILE, Target, parse_endpoint, stored_target

log = get_logger("files")
MAX_FILES = 20_000  # of one configuration
LIST_SECONDS = 1.0  # how long the probes of a scrape wait for folders to be listed
SERVED_SECONDS = 2.0  # and for the files that serve an endpoint to be read
ServedKey = tuple[str, int, str | None]


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One place with certificates: how to read it, and how to find out whether that must be done again."""

    target: Target
    read: Callable[[], FileState]
    is_current: Callable[[FileState], bool] = is_current
    serves: tuple[ServedKey, ...] = ()


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
    """One look at all files of a configuration. `pending` are those that it has found changed and not yet read."""

    began: float  # loop time
    groups: tuple[FileGroup, ...]
    modules: Mapping[str, Module]
    trusts: Mapping[str, TrustStore | None]
    listed: asyncio.Event = field(default_factory=asyncio.Event)
    served: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    sources: tuple[Source, ...] = ()
    pending: set[Target] = field(default_factory=set)


class StoredReports:
    """The reports of all files that a configuration names. Called from the event loop, but for what `_run` does."""

    def __init__(self, chains: ChainAssessor, clock: Callable[[], float]) -> None:
        self._chains = chains
        self._clock = clock
        self._worker: ThreadPoolExecutor | None = None
        self._groups: tuple[FileGroup, ...] = ()
        self._modules: Mapping[str, Module] = {}
        self._keys: Mapping[str, ServedKey] = {}
        self._sources: list[dict[str, Source]] = []
        self._known: dict[Target, Known] = {}
        self._expected: dict[ServedKey, tuple[Expected, ...]] = {}
        self._pass: Pass | None = None
        self.targets: tuple[Target, ...] = ()

    def apply(self, config: Config) -> None:
        """Follow a configuration. Files of groups that it still has are not listed anew, nor read."""
        kept = dict(zip(self._groups, self._sources, strict=True)) if self._modules else {}
        self._groups, self._modules = config.file_groups, config.modules
        self._keys = {target.name: served_key(target.endpoint) for target in config.targets}
        self._sources = [dict(kept.get(group, {})) for group in self._groups]
        self._pass = None  # one that is in flight follows the configuration before
        self._set_sources(source for sources in self._sources for source in sources.values())

    def __len__(self) -> int:
        return len(self._known)

    def modules(self) -> set[str]:
        """Return the names of the modules whose roots a pass needs."""
        return {group.module for group in self._groups}

    async def look(self, trusts: Mapping[str, TrustStore | None], deadline: float) -> Pass | None:
        """Begin a pass, or join the one in flight; return it once it is known what there is, but wait for that briefly.

        None where no files are configured. `targets` may be others afterwards.
        """
        if not self._groups:
            return None
        loop = asyncio.get_running_loop()
        if self._pass is None or self._pass.done.is_set():
            self._pass = Pass(loop.time(), self._groups, self._modules, trusts)
            self._worker = self._worker or ThreadPoolExecutor(1, thread_name_prefix="files")
            self._worker.submit(self._run, loop, self._pass, self._sources)
        one = self._pass
        patience = min(one.began + LIST_SECONDS, (loop.time() + deadline) / 2)
        if await _within(one.listed, patience) and self._pass is one:
            self._set_sources(one.sources)
        await _within(one.served, min(patience + SERVED_SECONDS, (loop.time() + deadline) / 2))
        self._set_expected(one)
        return one

    async def wait(self, one: Pass, deadline: float) -> None:
        """Wait until a pass has read all that it found changed, or until the deadline (loop time)."""
        await _within(one.done, deadline)
        self._set_expected(one)

    def report(self, one: Pass, target: Target) -> TargetReport | None:
        """Return the report of a target as a pass has found it; None if the pass has not got so far."""
        known = self._known.get(target)
        return known.report if known is not None and one.listed.is_set() and target not in one.pending else None

    def expected(self, target: Target) -> tuple[Expected, ...]:
        """Return what files hold that an endpoint must present."""
        return self._expected.get(served_key(target.endpoint), ()) if self._expected else ()

    def close(self) -> None:
        """Give the thread back, without waiting for it."""
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
            for key in source.serves if known is not None else ():
                found.setdefault(key, []).extend(known.expected if known is not None else ())
        self._expected = {key: tuple(expected) for key, expected in found.items() if expected}

    # What follows runs on the thread of files.

    def _run(self, loop: asyncio.AbstractEventLoop, one: Pass, sources: Sequence[dict[str, Source]]) -> None:
        def publish(event: asyncio.Event) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

        try:
            one.sources = tuple(self._list(one.groups, sources))
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
            log.warning("files cannot be looked at", error=f"{type(error).__name__}: {error}")
        finally:
            for event in (one.served, one.done):
                publish(event)

    def _list(self, groups: Sequence[FileGroup], sources: Sequence[dict[str, Source]]) -> Iterator[Source]:
        """Yield the source of each file that there is now, the known ones as they are."""
        left = MAX_FILES
        for group, known in zip(groups, sources, strict=True):
            paths = dict.fromkeys(path for pattern in group.paths for path in files_of(pattern))
            for path in [path for path in known if path not in paths]:
                del known[path]
            for path in paths:
                source = known.get(path)
                if source is None:
                    if path not in group.paths and is_folder(path):
                        continue
                    source = known[path] = self._source(group, path)
                left -= 1
                if left < 0:
                    log.warning("more files are configured than are looked at", most=MAX_FILES)
                    return
                yield source

    def _source(self, group: FileGroup, path: str) -> Source:
        return Source(
            stored_target(FILE, path, group.module, group.labels),
            partial(read_file, path, group.password.reveal() if group.password is not None else None),
            serves=tuple(self._keys.get(name) or served_key(parse_endpoint(name)) for name in group.serves),
        )

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
        """Read and judge a source. A file whose bytes are as before is judged again all the same: the clock went on."""
        target, now = source.target, self._clock()
        module, trust = one.modules[target.module], one.trusts.get(target.module)
        state = source.read()
        try:
            assessment, until = assess_stored(target, module, state.stored, now, trust, self._chains)
            report, expected = make_report(target, module, (assessment,)), tuple(self._expectations(source, state))
        except Exception as error:
            log.debug("fault", target=target.name, exc_info=True)
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
