"""InspIRCd, with and without its STARTTLS module."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from support.programs import need
from support.servers.credential import Credential
from support.servers.process import free_port, owned_by, serving


@contextlib.contextmanager
def inspircd(folder: Path, credential: Credential, *, tls: bool = True) -> Iterator[int]:
    program, port, config = need("inspircd"), free_port(), folder / "inspircd.conf"
    key = shutil.copy(credential.key, folder / "server.key")
    certificate = shutil.copy(credential.certificate, folder / "server.crt")
    modules = ["cap", "ssl_gnutls", "starttls"] if tls else ["cap"]
    config.write_text(
        f"""
<server name="irc.server.example" description="test" network="test">
<admin name="test" nick="test" email="test@server.example">
<path configdir="{folder}" datadir="{folder}" logdir="{folder}" runtimedir="{folder}">
<bind address="127.0.0.1" port="{port}" type="clients">
<connect allow="*" resolvehostnames="no" useident="no">
<class name="none"><pid file="{folder}/inspircd.pid">
"""
        + "".join(f'<module name="{module}">\n' for module in modules)
        + f'<sslprofile name="Clients" provider="gnutls" certfile="{certificate}" keyfile="{key}">\n'
        + '<starttls sslprofile="Clients">\n'
    )
    user = owned_by("nobody", folder)
    command = [program, "--nofork", "--config", str(config), "--nopid"]
    with serving(command, folder, port, user=user):
        yield port
