"""Targets from files in Prometheus' file_sd format: a list of `{targets: [...], labels: {...}}`, as JSON or YAML.

A file that is broken keeps the targets it last had, and is reported; a file that is gone takes its targets with it.
Of the labels that begin with `__`, `__param_module` chooses the module; the others are Prometheus' own, left out.
"""

import glob
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from exporter.config.document import DocumentError, plain, read_document
from exporter.config.model import Config, Module
from exporter.config.named_files import MissingFileError, NamedFileError, read_named
from exporter.config.problems import did_you_mean
from exporter.config.targets import make_target
from exporter.config.values import label_name, label_value
from exporter.config.watch import Checksums
from exporter.target import Target, TargetError

MODULE_LABEL = "__param_module"


class TargetFileError(ValueError):
    """A file of targets that cannot be used; the message says why, and where it can, with line and column."""


@dataclass(frozen=True, slots=True)
class TargetFile:
    """The facts of one file. `error` is "" when its bytes are in force, `loaded_at` (Unix seconds) when they were read.

    After an error `targets` are those of the bytes that were last good, and `loaded_at` tells how old they are.
    """

    path: str
    error: str = ""
    loaded_at: float | None = None
    targets: tuple[Target, ...] = ()
    checksum: str = ""  # of the bytes that were last seen, good or not
    data: bytes = b""  # the bytes that were last good


def read_targets(name: str, data: bytes, modules: Mapping[str, Module]) -> tuple[Target, ...]:
    """Read the bytes of one file; raise TargetFileError with its first mistake."""
    groups = _json(name, data) if name.endswith(".json") else _yaml(name, data)
    if groups is None:
        return ()
    if not isinstance(groups, list):
        raise TargetFileError(f"{name}: a list of {{targets, labels}} is wanted")
    return tuple(
        target for number, group in enumerate(groups) for target in _group(f"{name}: [{number}]", group, modules)
    )


def _json(name: str, data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise TargetFileError(f"{name}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from None
    except UnicodeDecodeError:
        raise TargetFileError(f"{name}: not UTF-8") from None
    except (RecursionError, ValueError):
        raise TargetFileError(f"{name}: not JSON that can be read: nested too deep, or a number too long") from None


def _yaml(name: str, data: bytes) -> Any:
    try:
        document = read_document(name, data)
    except DocumentError as error:
        raise TargetFileError(str(error.problems[0])) from None
    if document.problems:
        raise TargetFileError(str(document.problems[0]))
    return plain(document.root) if document.root is not None else None


def _group(where: str, group: Any, modules: Mapping[str, Module]) -> Iterator[Target]:
    if not isinstance(group, dict):
        raise TargetFileError(f"{where}: a mapping with 'targets' is wanted")
    unknown = sorted(set(group) - {"targets", "labels"})
    if unknown:
        hint = did_you_mean(unknown[0], ("targets", "labels"))
        raise TargetFileError(f"{where}: unknown key {unknown[0][:80]!r}{hint}")
    targets = group.get("targets")
    if not isinstance(targets, list) or not all(isinstance(target, str) for target in targets):
        raise TargetFileError(f"{where}.targets: a list of texts is wanted")
    labels, module = _labels(f"{where}.labels", group.get("labels"))
    if module is not None and module not in modules:
        hint = did_you_mean(module, modules)
        raise TargetFileError(f"{where}.labels.{MODULE_LABEL}: unknown module {module[:80]!r}{hint}")
    for number, target in enumerate(targets):
        try:
            yield make_target(str(target), module, modules, labels)
        except TargetError as error:
            raise TargetFileError(f"{where}.targets[{number}]: {error}") from None


def _labels(where: str, labels: Any) -> tuple[tuple[tuple[str, str], ...], str | None]:
    """Return the labels for the series, and the module that they choose."""
    if labels is None:
        return (), None
    if not isinstance(labels, dict) or not all(isinstance(value, str | None) for value in labels.values()):
        raise TargetFileError(f"{where}: a mapping of names to texts is wanted")
    kept = {str(name): str(value or "") for name, value in labels.items() if not name.startswith("__")}
    try:
        checked = tuple(sorted((label_name(name), label_value(value)) for name, value in kept.items() if value))
    except ValueError as error:
        raise TargetFileError(f"{where}: {error}") from None
    return checked, labels.get(MODULE_LABEL) or None


class FileTargets:
    """The targets of all files that a configuration names. `refresh()` looks at the files; call it before a scrape.

    At a reload give the previous one: what a broken file last held is then kept, read with the new modules.
    """

    def __init__(self, config: Config, clock: Callable[[], float], previous: "FileTargets | None" = None) -> None:
        self._config = config
        self._clock = clock
        self._checksums = Checksums()
        self._files: dict[str, TargetFile] = {}
        self._inherited = dict(previous._files) if previous is not None else {}  # noqa: SLF001 - of its own kind
        self.targets: tuple[Target, ...] = ()
        self.refresh()

    @property
    def files(self) -> tuple[TargetFile, ...]:
        """The facts of each file, in the order in which they are read."""
        return tuple(self._files.values())

    def refresh(self) -> bool:
        """Look at the files, read those that changed; tell whether targets or errors are other than before."""
        before = self._files
        self._files = {path: self._look(path) for path in self._paths()}
        self._checksums.keep(self._files)
        self._inherited = {}
        if self._files != before:
            self.targets = tuple(self._new_targets())
        return self._files != before

    def _paths(self) -> list[str]:
        """Return the files that are there, and those that should be: named without *, ? or [...]."""
        paths: dict[str, None] = {}
        for pattern in self._config.target_files:
            found = sorted(glob.glob(pattern)) if glob.has_magic(pattern) else [pattern]  # noqa: PTH207 - whole patterns
            paths.update(dict.fromkeys(found))
        return list(paths)

    def _look(self, path: str) -> TargetFile:
        known = self._files.get(path)
        checksum = self._checksums.of(path)
        if known is not None and known.checksum == checksum:
            return known
        if known is None:
            known = self._inherit(path)
        try:
            data = read_named(path)
            targets = read_targets(path, data, self._config.modules)
        except MissingFileError as error:
            return TargetFile(path, error=str(error), checksum=checksum)
        except (TargetFileError, NamedFileError) as error:
            return replace(known, error=str(error), checksum=checksum)
        return TargetFile(path, "", self._clock(), targets, checksum, data)

    def _inherit(self, path: str) -> TargetFile:
        """Return what a file last held before a reload, as far as it fits the modules of now."""
        previous = self._inherited.get(path)
        if previous is None or previous.loaded_at is None:
            return TargetFile(path)
        try:
            return replace(previous, targets=read_targets(path, previous.data, self._config.modules))
        except TargetFileError:
            return TargetFile(path)

    def _new_targets(self) -> Iterator[Target]:
        """Yield each target once, without those that the configuration has itself."""
        seen = {(target.name, target.module, target.labels) for target in self._config.targets}
        for file in self._files.values():
            for target in file.targets:
                key = (target.name, target.module, target.labels)
                if key not in seen:
                    seen.add(key)
                    yield target
