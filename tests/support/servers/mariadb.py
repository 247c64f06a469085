"""MariaDB, without a single table unless accounts are asked for: it greets, and that is all that is asked of it."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from support.programs import need, run
from support.servers.credential import Credential
from support.servers.process import free_port, owned_by, serving


@contextlib.contextmanager
def mariadb(folder: Path, credential: Credential, *, tls: bool = True, accounts: bool = False) -> Iterator[int]:
    """Run a server. `accounts`: with default limits, root on its socket, and app@% whose password is pw."""
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
        "--skip-networking=0",
        *([] if accounts else ["--skip-grant-tables"]),
        "--performance-schema=ON",
        "--default-storage-engine=MyISAM",
        "--default-tmp-storage-engine=MyISAM",
        "--loose-skip-innodb",
    ]
    if tls:
        command += [f"--ssl-cert={certificate}", f"--ssl-key={key}"]
    if accounts:
        _make_accounts(folder, data, user)
        command += [f"--init-file={folder}/accounts.sql"]
    with serving(command, folder, port, user=user):
        yield port


def _make_accounts(folder: Path, data: Path, user: str | None) -> None:
    made_by = ["--user=nobody"] if user else []
    run(
        need("mariadb-install-db"),
        "--no-defaults",
        f"--datadir={data}",
        "--skip-test-db",
        *made_by,
        "--auth-root-authentication-method=normal",
    )
    (folder / "accounts.sql").write_text("create user if not exists app@'%' identified by 'pw';\n")
    owned_by("nobody", folder)
