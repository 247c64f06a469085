"""PostgreSQL with an empty cluster. It refuses to run as root."""

import contextlib
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

from support.programs import missing, run
from support.servers.credential import Credential
from support.servers.process import free_port, owned_by, serving


def _program(name: str) -> str:
    """Debian keeps them out of PATH, a folder for each version."""
    for path in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True):
        return str(path)
    return shutil.which(name) or missing(f"{name} (PostgreSQL) is not installed")


@contextlib.contextmanager
def postgres(folder: Path, credential: Credential, *, tls: bool = True) -> Iterator[int]:
    program, port, data = _program("postgres"), free_port(), folder / "data"
    key = shutil.copy(credential.key, folder / "server.key")
    certificate = shutil.copy(credential.certificate, folder / "server.crt")
    user = owned_by("nobody", folder)
    run(_program("initdb"), "-D", str(data), "--no-sync", "-A", "trust", "-U", "test", user=user, cwd=folder)
    settings = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "fsync": "off",
        "ssl": "on" if tls else "off",
        "ssl_cert_file": certificate,
        "ssl_key_file": key,
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    # SIGINT is the shutdown that does not wait for clients
    with serving([program, "-D", str(data), *options], folder, port, user=user, stop_signal=signal.SIGINT):
        yield port
