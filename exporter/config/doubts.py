"""What is valid in a configuration but probably not intended: it is logged as a warning, and the configuration is used.

An endpoint in two spellings is probed twice, a pattern that matches no file monitors nothing, and neither does a
configuration without targets.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from exporter.config import schema
from exporter.config.files import matching
from exporter.config.model import Config, Module
from exporter.config.problems import Problem
from exporter.config.source import Source, Steps
from exporter.target import Target

FileSource = Source[schema.File]
Place = tuple[FileSource, Steps]


def doubts(sources: Sequence[FileSource], config: Config, places: Mapping[Target, Place], now: float) -> list[Problem]:
    """Return what is doubtful in a valid configuration. `places` says where each target is written; `now` is Unix time.

    It is the same at a reload, so that a configuration does not become invalid by the day.
    """
    found = [*_no_targets(sources, config), *_spellings(config, places), *_ended(sources, now)]
    return [replace(one, is_warning=True) for one in found]


def _no_targets(sources: Sequence[FileSource], config: Config) -> Iterator[Problem]:
    nothing = not (config.targets or config.target_files or config.probe_endpoint.allow)
    if nothing and sources and not any(_watches_files(source) for source in sources):
        message = "there are no targets: write 'targets', 'target_files', or 'probe_endpoint' with 'allow'"
        yield Problem(sources[0].name, 1, 1, "", message)


def _watches_files(source: FileSource) -> bool:
    """Return whether a source has something else to watch than endpoints, as certificates at rest."""
    return bool(set(source.shape.written) - {"global", "modules", "targets", "target_files", "probe_endpoint"})


def missing_files(source: FileSource, path: Steps, pattern: str, whole: str) -> Iterator[Problem]:
    """Yield a problem for a pattern of files of targets that matches none; a single file may come later."""
    if not matching(whole):
        message = f"no file matches {pattern[:80]!r} yet: is the pattern right? It is relative to this file"
        yield replace(source.problem(path, message), is_warning=True)


def _spellings(config: Config, places: Mapping[Target, Place]) -> Iterator[Problem]:
    """Yield a problem for each target that is another spelling of one before it, with the same module and labels."""
    first: dict[object, Target] = {}
    for target, (source, path) in places.items():
        same = first.setdefault(_meaning(target, config.modules[target.module]), target)
        if same is not target:
            there = places[same][0].problem(places[same][1], "")
            where = f"{same.name[:80]!r} at {there.file}:{there.line}:{there.column}"
            yield source.problem(path, f"it is the same endpoint as {where}, and probed twice")


def _meaning(target: Target, module: Module) -> object:
    """Return what two spellings of one target have in common; a path counts only where it is asked for."""
    endpoint = target.endpoint
    path = endpoint.path or "/" if module.http is not None else ""
    return (replace(endpoint, scheme="", path=path), target.module, target.labels)


def _ended(sources: Sequence[FileSource], now: float) -> Iterator[Problem]:
    """Yield a problem for each acceptance whose last day has passed."""
    for source in sources:
        for place, shape in _policies(source):
            for number, entry in (shape.accept or {}).items():
                if entry.until is not None and entry.until <= now:
                    message = "its last day has passed: the finding is reported again"
                    yield source.problem((*place, "accept", number, "until"), message)


def _policies(source: FileSource) -> Iterator[tuple[Steps, schema.Policied]]:
    if source.shape.global_ is not None:
        yield ("global",), source.shape.global_
    for name, module in (source.shape.modules or {}).items():
        yield ("modules", name), module
    for number, group in (source.shape.targets or {}).items():
        yield ("targets", number), group
