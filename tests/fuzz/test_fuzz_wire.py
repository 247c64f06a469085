"""The entry of the fuzzer runs and finds nothing; CI and people run it for longer (tests/fuzz/fuzz_wire.py)."""

import importlib.util
import os
import sys
from pathlib import Path

from tests.support.programs import missing, run

HERE = Path(__file__).parent
RUNS = os.environ.get("FUZZ_RUNS", "20000")


def test_only_the_one_error_comes_out(tmp_path):
    if importlib.util.find_spec("atheris") is None:
        missing("atheris is not installed")
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
    said = run(
        *(sys.executable, str(HERE / "fuzz_wire.py"), f"-runs={RUNS}", "-max_len=2048", str(tmp_path)),
        timeout=7200,
        env=environment,
        cwd=tmp_path,
    )
    assert f"Done {RUNS} runs" in said
