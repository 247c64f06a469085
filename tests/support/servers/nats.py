"""NATS' own server, with and without TLS."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from support.programs import need
from support.servers.credential import Credential
from support.servers.process import free_port, serving


@contextlib.contextmanager
def nats(folder: Path, credential: Credential, *, tls: bool = True) -> Iterator[int]:
    program, port = need("nats-server"), free_port()
    options = ["--tls", f"--tlscert={credential.certificate}", f"--tlskey={credential.key}"] if tls else []
    with serving([program, "-DV", "--addr=127.0.0.1", f"--port={port}", *options], folder, port):
        yield port
