"""What is valid in a configuration and probably not meant: it is reported as a warning, and the configuration is used.

An endpoint in two spellings is probed twice, a pattern that matches nothing watches nothing, and a configuration
without a target says nothing of anything.
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


def doubts(sources: Sequence[FileSource], config: Config, places: Mapping[Target, Place]) -> list[Problem]:
    """Return what is doubtful in a valid configuration. `places` says where each target is written."""
    found = [*_no_targets(sources, config), *_spellings(config, places)]
    return [replace(one, is_warning=True) for one in found]


def _no_targets(sources: Sequence[FileSource], config: Config) -> Iterator[Problem]:
    nothing = not (config.targets or config.target_files or config.probe_endpoint.allow)
    if nothing and sources and not any(_watches_files(source) for source in sources):
        message = "there are no targets: write 'targets', 'target_files', or 'probe_endpoint' with 'allow'"
        yield Problem(sources[0].name, 1, 1, "", message)


def _watches_files(source: FileSource) -> bool:
    """Tell whether a source has something else to watch than endpoints, as certificates at rest."""
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
