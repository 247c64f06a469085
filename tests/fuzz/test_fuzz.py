"""Each fuzz target with its seeds, with what was once a fault, and with a hundred changes of them.

The same changes each time. `python -m tests.fuzz --seconds 60` looks further, guided by coverage.
"""

import ast
import itertools
import os
import random
import sys
from pathlib import Path

import pytest

import exporter
from tests.fuzz.changing import changed
from tests.fuzz.targets import REGRESSIONS, TARGETS, regressions

EXECUTIONS = int(os.environ.get("FUZZ_EXECUTIONS", "100"))


@pytest.mark.parametrize("name", TARGETS)
def test_no_change_of_the_seeds_is_a_fault(name):
    target = TARGETS[name]
    seeds = target.seeds()
    for data in (b"", *seeds):
        target.run(data)
    for data in itertools.islice(changed(seeds, random.Random(name)), EXECUTIONS):
        try:
            target.run(data)
        except BaseException as error:
            error.add_note(f"input: {data!r}")
            raise


@pytest.mark.parametrize(
    ("name", "file"),
    [pytest.param(name, file, id=f"{name}/{file.name}") for name in TARGETS for file in regressions(name)],
)
def test_what_was_a_fault_is_none_any_more(name, file):
    TARGETS[name].run(file.read_bytes())


def readers_of_foreign_bytes():
    """Return (file, line) of every function that is called `_untrusted`, by its name."""
    for file in Path(exporter.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.endswith("_untrusted"):
                if any(getattr(one, "id", "") == "abstractmethod" for one in node.decorator_list):
                    continue  # those that stand in for it are read
                yield (str(file), min(one.lineno for one in (node, *node.decorator_list))), node.name


def test_every_reader_of_foreign_bytes_is_run_through():
    """The seeds of the targets reach each of them, and so do their changes. What is remembered would not be read."""
    for name, module in [*sys.modules.items()]:
        for value in vars(module).values() if name.startswith("exporter.") else ():
            for cell in getattr(value, "__closure__", None) or ():
                getattr(cell.cell_contents, "cache_clear", bool)()
            getattr(value, "cache_clear", bool)()
    reached = set()

    def trace(frame, event, _argument):
        if event == "call":
            reached.add((frame.f_code.co_filename, frame.f_code.co_firstlineno))

    for target in TARGETS.values():
        for data in target.seeds():
            before = sys.getprofile()
            sys.setprofile(trace)
            try:
                target.run(data)
            finally:
                sys.setprofile(before)
    readers = dict(readers_of_foreign_bytes())
    assert len(readers) > 60
    assert [name for place, name in readers.items() if place not in reached] == []


def test_every_regression_has_its_target():
    assert {folder.name for folder in REGRESSIONS.iterdir() if folder.is_dir()} <= set(TARGETS)
