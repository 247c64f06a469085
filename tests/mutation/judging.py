"""Runs the tests of a room against mutants, each in a forked process of its own.

The first run is without a fault: it tells which tests run through which line, and how long each takes. Then the tests
are collected once. For a mutant within a function, a fork gets the changed code put into the living function, and runs
the tests that reach it: that costs what these tests cost. Only a mutant outside of functions needs everything afresh.
"""

import contextlib
import gc
import importlib.abc
import importlib.util
import json
import multiprocessing
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import CodeType, FunctionType

import coverage
import hypothesis
import pytest

from tests.mutation.mutants import Mutant

LONGEST_SECONDS = 60.0
_OPTIONS = ["-q", "-x", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
_NEEDS_IMPORT = 71  # exit status: no function differs, the module must be imported afresh


@dataclass(frozen=True)
class Case:
    """A mutant, and the tests that may notice it, the quickest first."""

    path: Path
    mutant: Mutant
    tests: tuple[str, ...]
    seconds: float  # for these tests

    @property
    def patience(self) -> float:
        return min(LONGEST_SECONDS, 15 + 10 * self.seconds)


class Room:
    """The tests of a room, and what is known of them."""

    def __init__(self, tests: list[str], directory: Path) -> None:
        self._tests = tests
        hypothesis.settings.register_profile("mutation", derandomize=True, database=None)
        hypothesis.settings.load_profile("mutation")
        data_file, times_file = directory / "coverage", directory / "times"
        status = forked(lambda: _observed(tests, data_file, times_file), 1800)
        assert status == 0, "the tests fail without a fault"
        self.seconds: dict[str, float] = json.loads(times_file.read_text(encoding="utf-8"))
        self._data = coverage.CoverageData(str(data_file))
        self._data.read()

    def judge_all(self, chosen: list[tuple[Path, Mutant]], jobs: int) -> list[str]:
        """Return the fate of each mutant: killed, survived, too slow, or not reached by any test."""
        cases = [self._case(path, mutant) for path, mutant in chosen]
        reached = [number for number, case in enumerate(cases) if case.tests]
        fates = dict.fromkeys(set(range(len(cases))) - set(reached), "not reached")
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe(duplex=False)
        work = _Loop(cases, reached, jobs, theirs)
        process = context.Process(target=lambda: pytest.main([*_OPTIONS, *self._tests], plugins=[work]))
        process.start()
        theirs.close()
        fates |= _received([ours])
        process.join()
        afresh = [number for number in reached if fates.get(number) == "import"]
        fates |= _in_parallel(afresh, jobs, lambda number: _judged_afresh(self._tests, cases[number]))
        return [fates[number] for number in range(len(cases))]

    def _case(self, path: Path, mutant: Mutant) -> Case:
        names = sorted(self._through(path, mutant.line), key=lambda name: self.seconds[name])
        return Case(path, mutant, tuple(names), sum(self.seconds[name] for name in names))

    def _through(self, path: Path, line: int) -> set[str]:
        """Return the tests that run through a line; for one that runs at import, those of the file, or else all."""
        lines = self._data.contexts_by_lineno(str(path.resolve()))
        found = set(lines.get(line, ())) - {""}
        if not found:
            found = {name for names in lines.values() for name in names} - {""}
        return found & self.seconds.keys() or (set(self.seconds) if lines else set())


def forked(work: Callable[[], int], seconds: float) -> int | None:
    """Do work in a process of its own; return its exit status, None when it took too long."""
    child = os.fork()
    if child == 0:
        status = 70
        try:
            if not os.environ.get("MUTATION_DEBUG"):
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, 1)
                os.dup2(null, 2)
            status = work()
        except BaseException:  # noqa: BLE001 - printed, and the process ends
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(status)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _fate(status: int | None) -> str:
    return {0: "survived", None: "too slow", _NEEDS_IMPORT: "import"}.get(status, "killed")


def _in_parallel(numbers: list[int], jobs: int, assess: Callable[[int], str]) -> dict[int, str]:
    """Judge in some processes at once, each of which forks for one mutant after another."""

    def worker(first: int, pipe: Connection) -> None:
        for number in numbers[first::jobs]:
            pipe.send((number, assess(number)))
        pipe.close()

    context = multiprocessing.get_context("fork")
    workers, pipes = [], []
    for first in range(jobs):
        ours, theirs = context.Pipe(duplex=False)
        workers.append(context.Process(target=worker, args=(first, theirs)))
        workers[-1].start()
        theirs.close()
        pipes.append(ours)
    fates = _received(pipes)
    for one in workers:
        one.join()
    return fates


def _received(pipes: list[Connection]) -> dict[int, str]:
    fates = {}
    for pipe in pipes:
        with contextlib.suppress(EOFError):
            while True:
                number, fate = pipe.recv()
                fates[number] = fate
    return fates


# without a fault


class _Observer:
    def __init__(self, measured: coverage.Coverage) -> None:
        self.seconds: dict[str, float] = {}
        self._measured = measured

    def pytest_runtest_logreport(self, report):
        if not report.skipped:
            self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        self._measured.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self._measured.switch_context("")


def _observed(tests: list[str], data_file: Path, times_file: Path) -> int:
    measured = coverage.Coverage(data_file=str(data_file), branch=False, source=["exporter"], context="")
    observer = _Observer(measured)
    measured.start()
    status = pytest.main([*_OPTIONS, *tests], plugins=[observer])
    measured.stop()
    measured.save()
    times_file.write_text(json.dumps(observer.seconds), encoding="utf-8")
    return int(status)


# within functions: the tests are collected once


class _Loop:
    """Takes the place of pytest's loop over the tests: for each mutant, the tests that reach it, in a fork."""

    def __init__(self, cases: list[Case], numbers: list[int], jobs: int, pipe: Connection) -> None:
        self._cases, self._numbers, self._jobs, self._pipe = cases, numbers, jobs, pipe

    def pytest_runtestloop(self, session):
        items = {item.nodeid: item for item in session.items}
        functions = _functions()

        def assess(number: int) -> str:
            case = self._cases[number]
            return _fate(forked(lambda: self._judged(session, items, functions, case), case.patience))

        for fate in _in_parallel(self._numbers, self._jobs, assess).items():
            self._pipe.send(fate)
        return True

    @staticmethod
    def _judged(session, items, functions: list[FunctionType], case: Case) -> int:
        if not _put_in(case, functions):
            return _NEEDS_IMPORT
        chosen = [items[name] for name in case.tests]
        for item, following in zip(chosen, [*chosen[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.testsfailed:
                return 1
        return 0


def _put_in(case: Case, functions: list[FunctionType]) -> bool:
    """Put the changed code into the living functions of a file; False if no function differs, or not one alone."""
    file = str(case.path.resolve())
    old = _by_place(compile(case.mutant.source, file, "exec"))
    new = _by_place(compile(case.mutant.tree(), file, "exec"))
    changed = {place: codes[0] for place, codes in new.items() if codes != old.get(place) and len(codes) == 1}
    if not changed or any(len(codes) > 1 and codes != old.get(place) for place, codes in new.items()):
        return False
    found = False
    for function in functions:
        if Path(function.__code__.co_filename).resolve() != case.path.resolve():
            continue
        code = changed.get((function.__code__.co_qualname, function.__code__.co_firstlineno))
        if code is not None:
            function.__code__ = code
            found = True
    return found


def _functions() -> list[FunctionType]:
    """Return every living function of the exporter, whatever refers to it."""
    return [one for one in gc.get_objects() if isinstance(one, FunctionType) and "exporter" in one.__code__.co_filename]


def _by_place(code: CodeType) -> dict[tuple[str, int], list[CodeType]]:
    """Return the code of every function in a module (not of classes or the module itself)."""
    found: dict[tuple[str, int], list[CodeType]] = {}
    for one in _within(code):
        if one.co_flags & 0x1:  # CO_OPTIMIZED: a function's, not a class's
            found.setdefault((one.co_qualname, one.co_firstlineno), []).append(one)
    return found


def _within(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _within(constant)


# outside of functions: everything is imported afresh


class _Chosen:
    """Keeps the chosen tests alone, the quickest first."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._places = {name: place for place, name in enumerate(names)}

    def pytest_collection_modifyitems(self, items):
        kept = [item for item in items if item.nodeid in self._places]
        items[:] = sorted(kept, key=lambda item: self._places[item.nodeid])


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.ConfigLoader):
    """Gives the mutant in place of its module."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._module = ".".join(case.path.with_suffix("").parts).removesuffix(".__init__")

    def find_spec(self, name, path=None, target=None):
        if name != self._module:
            return None
        file = self._case.path
        places = [str(file.parent)] if file.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(name, file, loader=self, submodule_search_locations=places)

    def exec_module(self, module):
        exec(compile(self._case.mutant.tree(), str(self._case.path), "exec"), module.__dict__)


def _judged_afresh(tests: list[str], case: Case) -> str:
    def run() -> int:
        sys.meta_path.insert(0, _Finder(case))
        files = sorted({name.partition("::")[0] for name in case.tests})
        return int(pytest.main([*_OPTIONS, *files], plugins=[_Chosen(case.tests)]))

    return _fate(forked(run, case.patience))
