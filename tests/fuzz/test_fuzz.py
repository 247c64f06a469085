"""Each fuzz target with its seeds, with what was once a fault, and with a hundred changes of them.

The same changes each time. `python -m tests.fuzz --seconds 60` looks further, guided by coverage.
"""

import itertools
import os
import random

import pytest

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


def test_every_regression_has_its_target():
    assert {folder.name for folder in REGRESSIONS.iterdir() if folder.is_dir()} <= set(TARGETS)
