"""Servers written in Python, each in a process of its own, so that nothing of theirs is loaded into the tests."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.support.servers.credential import Credential
from tests.support.servers.process import free_port, serving

SCRIPTS = Path(__file__).parent / "scripts"


@contextlib.contextmanager
def python_server(folder: Path, credential: Credential, script: str, *options: str) -> Iterator[int]:
    """Run scripts/SCRIPT.py with a port, the certificate, its key and the options; yield the port."""
    port = free_port()
    files = [str(credential.certificate), str(credential.key)]
    with serving(
        [sys.executable, "-W", "ignore", str(SCRIPTS / f"{script}.py"), str(port), *files, *options], folder, port
    ):
        yield port
