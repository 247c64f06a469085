"""Targets from files in Prometheus' file_sd format: a list of `{targets: [...], labels: {...}}`, as JSON or YAML.

A file that is broken keeps the targets it last had, and is reported; a file that is gone takes its targets with it.
Of the labels that begin with `__`, `__param_module` chooses the module; the others are Prometheus' own, left out.
Module and labels of the entry in `target_files` hold where the file says nothing else.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from exporter.config.file_watcher import Checksums
from exporter.config.files import MissingFileError, NamedFileError, matching, read_named
from exporter.config.model import Config, TargetFiles
from exporter.config.parsers import distinct_labels, label_name, label_value
from exporter.config.problems import Problem, did_you_mean, dotted
from exporter.config.source import Steps
from exporter.config.targets import make_target
from exporter.config.vocabulary import Vocabulary
from exporter.config.yaml_document import DocumentError, plain, read_document
from exporter.target import Target, TargetError

EMPTIED = "the file is empty, its last targets stay in force: write '[]' where there are to be none"
MODULE_LABEL = "__param_module"


class TargetFileError(ValueError):
    """A file of targets that cannot be used, and its first problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class _WrongError(Exception):
    def __init__(self, steps: Steps, message: str) -> None:
        super().__init__(message)
        self.steps = steps


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


def read_targets(name: str, data: bytes, config: Config, entry: TargetFiles | None = None) -> tuple[Target, ...]:
    """Read the bytes of one file that an entry names; raise TargetFileError with its first mistake."""
    groups = _json(name, data) if name.endswith(".json") else _yaml(name, data)
    if groups is None:
        return ()
    try:
        return tuple(_targets(groups, config, entry or TargetFiles(name)))
    except _WrongError as error:
        line, column = _place(name, data, error.steps)
        raise TargetFileError(Problem(name, line, column, dotted(error.steps), str(error))) from None


def check_target_files(config: Config) -> tuple[Problem, ...]:
    """Return the first problem of each existing file of targets."""
    problems = []
    for entry in _files(config):
        path = entry.pattern
        try:
            read_targets(path, read_named(path), config, entry)
        except MissingFileError:
            pass  # it may come
        except NamedFileError as error:
            problems.append(Problem(path, 1, 1, "", str(error)))
        except TargetFileError as error:
            problems.append(error.problem)
    return tuple(problems)


def _json(name: str, data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise TargetFileError(Problem(name, error.lineno, error.colno, "", f"not JSON: {error.msg}")) from None
    except UnicodeDecodeError:
        raise TargetFileError(Problem(name, 1, 1, "", "not UTF-8")) from None
    except (RecursionError, ValueError):
        message = "not JSON that can be read: nested too deep, or a number too long"
        raise TargetFileError(Problem(name, 1, 1, "", message)) from None


def _yaml(name: str, data: bytes) -> Any:
    try:
        document = read_document(name, data)
    except DocumentError as error:
        raise TargetFileError(error.problems[0]) from None
    if document.problems:
        raise TargetFileError(document.problems[0])
    return plain(document.root) if document.root is not None else None


def _is_empty(name: str, data: bytes) -> bool:
    """Return whether nothing is written in a file that could be read: JSON that is empty cannot."""
    return not name.endswith(".json") and _yaml(name, data) is None


def _place(name: str, data: bytes, steps: Steps) -> tuple[int, int]:
    """Return line and column of the problem, or of what encloses it; JSON is YAML, except for tabs."""
    with suppress(DocumentError):
        node = read_document(name, data).root
        for entry in node.below(steps) if node is not None else ():
            node = entry.value
        if node is not None:
            return node.line, node.column
    return 1, 1


def _targets(groups: Any, config: Config, entry: TargetFiles) -> Iterator[Target]:
    if not isinstance(groups, list):
        raise _WrongError((), "a list of {targets, labels} is wanted")
    for number, group in enumerate(groups):
        yield from _group((number,), group, config, entry)


def _group(where: Steps, group: Any, config: Config, entry: TargetFiles) -> Iterator[Target]:
    if not isinstance(group, dict):
        raise _WrongError(where, "a mapping with 'targets' is wanted")
    unknown = sorted(set(group) - {"targets", "labels"})
    if unknown:
        hint = did_you_mean(unknown[0], ("targets", "labels"))
        raise _WrongError(where, f"unknown key {unknown[0][:80]!r}{hint}")
    targets = group.get("targets")
    if not isinstance(targets, list) or not all(isinstance(target, str) for target in targets):
        raise _WrongError((*where, "targets"), "a list of texts is wanted")
    modules = config.modules
    labels, module = _labels((*where, "labels"), group.get("labels"), config.vocabulary)
    if module is not None and module not in modules:
        hint = did_you_mean(module, modules)
        raise _WrongError((*where, "labels", MODULE_LABEL), f"unknown module {module[:80]!r}{hint}")
    labels = tuple(sorted((dict(entry.labels) | dict(labels)).items()))
    try:
        distinct_labels(name for name, _ in labels)
    except ValueError as error:
        raise _WrongError((*where, "labels"), str(error)) from None
    for number, target in enumerate(targets):
        try:
            yield make_target(str(target), module or entry.module, modules, labels)
        except TargetError as error:
            raise _WrongError((*where, "targets", number), str(error)) from None


def _labels(where: Steps, labels: Any, vocabulary: Vocabulary) -> tuple[tuple[tuple[str, str], ...], str | None]:
    """Return the labels for the series, and the module that they choose."""
    if labels is None:
        return (), None
    if not isinstance(labels, dict) or not all(isinstance(value, str | None) for value in labels.values()):
        raise _WrongError(where, "a mapping of names to texts is wanted")
    kept = {str(name): str(value or "") for name, value in labels.items() if not name.startswith("__")}
    try:
        checked = tuple(
            sorted((label_name(name, vocabulary), label_value(value)) for name, value in kept.items() if value)
        )
    except ValueError as error:
        raise _WrongError(where, str(error)) from None
    return checked, labels.get(MODULE_LABEL) or None


def _files(config: Config) -> list[TargetFiles]:
    """Return the files that are there, and those that should be (named without *, ? or [...]), each with its entry."""
    files: dict[TargetFiles, None] = {}
    for entry in config.target_files:
        files.update(dict.fromkeys(replace(entry, pattern=path) for path in matching(entry.pattern)))
    return list(files)


class FileTargets:
    """The targets of all files that a configuration names. `refresh()` looks at the files; call it before a scrape.

    At a reload give the previous one: what a broken file last held is then kept, read with the new modules.
    """

    def __init__(self, config: Config, clock: Callable[[], float], previous: "FileTargets | None" = None) -> None:
        self._config = config
        self._clock = clock
        self._checksums = Checksums()
        self._files: dict[TargetFiles, TargetFile] = {}
        self._inherited = dict(previous._files) if previous is not None else {}  # noqa: SLF001 - of its own kind
        self.targets: tuple[Target, ...] = ()
        self.refresh()

    @property
    def files(self) -> tuple[TargetFile, ...]:
        """The facts of each file, in the order in which they are read."""
        return tuple(self._files.values())

    def refresh(self) -> bool:
        """Look at the files, read those that changed; return whether targets or errors are other than before."""
        before = self._files
        self._files = {entry: self._look(entry) for entry in _files(self._config)}
        self._checksums.keep([entry.pattern for entry in self._files])
        self._inherited = {}
        if self._files != before:
            self.targets = tuple(self._new_targets())
        return self._files != before

    def _look(self, entry: TargetFiles) -> TargetFile:
        known, path = self._files.get(entry), entry.pattern
        checksum = self._checksums.of(path)
        if known is not None and known.checksum == checksum:
            return known
        if known is None:
            known = self._inherit(entry)
        try:
            data = read_named(path)
            targets = read_targets(path, data, self._config, entry)
        except MissingFileError as error:
            return TargetFile(path, error=str(error), checksum=checksum)
        except (TargetFileError, NamedFileError) as error:
            return replace(known, error=str(error), checksum=checksum)
        if known.targets and not targets and _is_empty(path, data):
            return replace(known, error=str(Problem(path, 1, 1, "", EMPTIED)), checksum=checksum)
        return TargetFile(path, "", self._clock(), targets, checksum, data)

    def _inherit(self, entry: TargetFiles) -> TargetFile:
        """Return what a file last held before a reload, as far as it fits the modules of now."""
        previous, empty = self._inherited.get(entry), TargetFile(entry.pattern)
        if previous is None or previous.loaded_at is None:
            return empty
        try:
            return replace(previous, targets=read_targets(entry.pattern, previous.data, self._config, entry))
        except TargetFileError:
            return empty

    def _new_targets(self) -> Iterator[Target]:
        """Yield each target once, without those that the configuration has itself."""
        seen = {(target.name, target.module, target.labels) for target in self._config.targets}
        for file in self._files.values():
            for target in file.targets:
                key = (target.name, target.module, target.labels)
                if key not in seen:
                    seen.add(key)
                    yield target
