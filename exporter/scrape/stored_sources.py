"""Where certificates at rest come from: the files of patterns, and the objects of Kubernetes clusters.

A source list belongs to one entry of `files` or `kubernetes` and outlives a reload that leaves its entry as it is.
"""

import asyncio
import fnmatch
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol
from urllib.parse import quote

from exporter.at_rest.files import FileState, is_current, read_file
from exporter.at_rest.kubernetes.cluster import Cluster
from exporter.at_rest.paths import files_of, is_folder
from exporter.at_rest.stored import Stored
from exporter.at_rest.urls import URLFiles
from exporter.config.model import Config, FileGroup, KubernetesGroup, Module
from exporter.net.reason import Reason
from exporter.probe.result import Failure, Phase
from exporter.target import FILE, KUBERNETES, Target, stored_target


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One place with certificates: how to read it, and how to find out whether that must be done again."""

    target: Target
    read: Callable[[], FileState]
    is_current: Callable[[FileState], bool]
    serves: tuple[str, ...] = ()  # targets, as they are written


class SourceList(Protocol):
    """The sources of one entry of the configuration."""

    @property
    def group(self) -> FileGroup | KubernetesGroup:
        """The entry of the configuration."""
        ...

    def sources(self) -> tuple[Source, ...]:
        """Return what was found at the last look."""
        ...

    async def begin(self) -> None:
        """Begin whatever must go on between scrapes; return when it is known what there is. On the event loop."""
        ...

    def look(self) -> Callable[[], Iterator[Source]]:
        """Return what lists the sources that there are now, on a thread. Called on the event loop."""
        ...

    def close(self) -> None:
        """End what `begin` has begun."""
        ...


class FileSources:
    """The files that the patterns of an entry match."""

    def __init__(self, group: FileGroup) -> None:
        self.group = group
        self._known: dict[str, Source] = {}

    def sources(self) -> tuple[Source, ...]:
        """Return what was found at the last look."""
        return tuple(self._known.copy().values())

    async def begin(self) -> None:
        """Return at once: files are listed at each look."""

    def look(self) -> Callable[[], Iterator[Source]]:
        """Return what lists the files."""
        return self._list

    def close(self) -> None:
        """Do nothing."""

    def _list(self) -> Iterator[Source]:
        """Yield the source of each file that there is now, the known ones as they are."""
        known, group = self._known, self.group
        paths = dict.fromkeys(path for pattern in group.paths for path in files_of(pattern))
        for pattern in group.exclude:
            for path in fnmatch.filter(paths, pattern):
                paths.pop(path, None)
        for path in [path for path in known if path not in paths]:
            del known[path]
        for path in paths:
            source = known.get(path)
            if source is None:
                if path not in group.paths and is_folder(path):
                    continue
                source = known[path] = self._source(path)
            yield source

    def _source(self, path: str) -> Source:
        password = self.group.password.reveal() if self.group.password is not None else None
        target = stored_target(FILE, path, self.group.module, self.group.labels)
        return Source(target, partial(read_file, path, password), is_current, self.group.serves)


class ClusterSources:
    """The objects that the watches of an entry have found."""

    def __init__(self, group: KubernetesGroup, cluster: Cluster | None = None) -> None:
        self.group = group
        self._cluster = cluster or Cluster(group)
        self._known: dict[str, Source] = {}
        self._stored: dict[str, Stored] = {}

    def sources(self) -> tuple[Source, ...]:
        """Return what was found at the last look."""
        return tuple(self._known.copy().values())

    async def begin(self) -> None:
        """Begin to watch; return when everything has been listed once, or could not be."""
        self._cluster.start()
        await self._cluster.listed()

    def look(self) -> Callable[[], Iterator[Source]]:
        """Take the objects of now; return what lists them."""
        self._stored = self._cluster.stored()
        return partial(self._list, self._stored)

    def close(self) -> None:
        """Stop watching."""
        self._cluster.close()

    def _list(self, stored: dict[str, Stored]) -> Iterator[Source]:
        for path in [path for path in self._known if path not in stored]:
            del self._known[path]
        for path in stored:
            source = self._known.get(path)
            if source is None:
                source = self._known[path] = self._source(path)
            yield source

    def _source(self, path: str) -> Source:
        def read() -> FileState:
            return FileState(self._stored.get(path, Stored()))

        def is_current_object(state: FileState) -> bool:
            return state.stored is self._stored.get(path)

        target = stored_target(KUBERNETES, path, self.group.module, self.group.labels)
        return Source(target, read, is_current_object, self.group.serves)


class URLSources:
    """The files at the URLs of an entry."""

    def __init__(self, group: FileGroup, module: Module) -> None:
        self.group = group
        self.module = module
        self._files = URLFiles(
            group.urls,
            group.refresh,
            group.password.reveal() if group.password is not None else None,
            module.tls_config.ca_file,
            _http_proxy(module),
        )
        self._known = {url: self._source(url) for url in group.urls}

    def sources(self) -> tuple[Source, ...]:
        """Return every URL."""
        return tuple(self._known.values())

    async def begin(self) -> None:
        """Download each once."""
        if tasks := self._files.renew():
            await asyncio.wait(tasks)

    def look(self) -> Callable[[], Iterator[Source]]:
        """Start the downloads that are due, and return what lists the URLs."""
        self._files.renew()
        return lambda: iter(self._known.values())

    def close(self) -> None:
        """Stop the downloads in flight."""
        self._files.close()

    def _source(self, url: str) -> Source:
        waiting = Stored(failure=Failure(Phase.READ, Reason.TIMEOUT, "it has not been downloaded yet"))

        def read() -> FileState:
            return FileState(self._files.stored.get(url, waiting))

        def is_current_url(state: FileState) -> bool:
            return state.stored is self._files.stored.get(url, waiting)

        target = stored_target(FILE, url, self.group.module, self.group.labels)
        return Source(target, read, is_current_url, self.group.serves)


def _http_proxy(module: Module) -> str | None:
    """Return the module's proxy as a URL, if it is one for HTTP."""
    proxy = module.proxy
    if proxy is None or proxy.scheme != "http":
        return None
    host = f"[{proxy.host}]" if ":" in proxy.host else proxy.host
    password = f":{quote(proxy.password.reveal(), safe='')}" if proxy.password is not None else ""
    user = f"{quote(proxy.username, safe='')}{password}@" if proxy.username is not None else ""
    return f"http://{user}{host}:{proxy.port}"


def source_lists(config: Config, kept: tuple[SourceList, ...]) -> list[SourceList]:
    """Return the lists of each entry, those that are kept as they are."""
    known = {(type(one), one.group): one for one in kept}
    made: list[SourceList] = []
    for group in config.file_groups:
        if group.paths:
            made.append(known.get((FileSources, group)) or FileSources(group))
        if group.urls:
            module, before = config.modules[group.module], known.get((URLSources, group))
            is_kept = isinstance(before, URLSources) and before.module == module
            made.append(before if before is not None and is_kept else URLSources(group, module))
    made += [known.get((ClusterSources, group)) or ClusterSources(group) for group in config.kubernetes]
    return made
