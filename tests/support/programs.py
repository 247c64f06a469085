"""Programs that a test needs: their path, or a skip that says which one is missing. In CI a missing one fails."""

import os
import shutil
import subprocess

import pytest


def need(*names: str) -> str:
    """Return the path of the first of these programs that is installed."""
    for name in names:
        if path := shutil.which(name):
            return path
    return missing(f"{' or '.join(names)} is not installed")


def missing(reason: str) -> str:
    """Skip the test, or fail it in CI, where everything must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"in CI this must be there: {reason}")
    pytest.skip(reason)


def run(*command: str, timeout: float = 120, **options: object) -> str:
    """Run a program to its end and return what it printed; fail with that if it does not exit with 0."""
    done = subprocess.run(  # type: ignore[call-overload]
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout, check=False, **options
    )
    assert done.returncode == 0, f"{' '.join(command)} exited with {done.returncode}:\n{done.stdout}"
    return done.stdout
