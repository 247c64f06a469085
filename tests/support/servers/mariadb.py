"""MariaDB without a single table: it greets, and that is all that is asked of it."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from support.programs import need
from support.servers.credential import Credential
from support.servers.process import free_port, owned_by, serving


@contextlib.contextmanager
def mariadb(folder: Path, credential: Credential, *, tls: bool = True) -> Iterator[int]:
    program, port, data = need("mariadbd", "mysqld"), free_port(), folder / "data"
    data.mkdir()
    key = shutil.copy(credential.key, folder / "server.key")
    certificate = shutil.copy(credential.certificate, folder / "server.crt")
    user = owned_by("nobody", folder)
    command = [
        program,
        "--no-defaults",
        f"--datadir={data}",
        "--bind-address=127.0.0.1",
        f"--port={port}",
        f"--socket={folder}/mariadb.sock",
        "--skip-grant-tables",
        "--skip-networking=0",
        "--default-storage-engine=MyISAM",
        "--default-tmp-storage-engine=MyISAM",
        "--loose-skip-innodb",
    ]
    if tls:
        command += [f"--ssl-cert={certificate}", f"--ssl-key={key}"]
    with serving(command, folder, port, user=user):
        yield port
