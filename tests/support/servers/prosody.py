"""Prosody: XMPP between client and server, and between servers."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from support.programs import need
from support.servers.credential import NAME, Credential
from support.servers.process import free_port, owned_by, serving


@contextlib.contextmanager
def prosody(folder: Path, credential: Credential, *, tls: bool = True) -> Iterator[dict[str, int]]:
    """Run a server for the name NAME; gives the ports of `xmpp` and `xmpp-server`."""
    program = need("prosody")
    ports = {"xmpp": free_port(), "xmpp-server": free_port()}
    key = shutil.copy(credential.key, folder / "server.key")
    certificate = shutil.copy(credential.certificate, folder / "server.crt")
    config = folder / "prosody.cfg.lua"
    modules = '"tls", "saslauth", "disco"' if tls else '"saslauth", "disco"'
    config.write_text(
        f"""
data_path = "{folder}"
pidfile = "{folder}/prosody.pid"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {ports["xmpp"]} }}
s2s_ports = {{ {ports["xmpp-server"]} }}
modules_enabled = {{ {modules}, "dialback" }}
modules_disabled = {{ "admin_shell" }}
c2s_require_encryption = false
log = {{ info = "*console" }}
ssl = {{ key = "{key}", certificate = "{certificate}" }}
VirtualHost "{NAME}"
"""
    )
    user = owned_by("nobody", folder)
    with serving([program, "--config", str(config), "-F"], folder, *ports.values(), user=user):
        yield ports
