"""tinyproxy, microsocks and Dante. Each has a hosts file of its own, for names that nobody else can resolve."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from support.programs import missing, need
from support.servers.process import free_port, serving

HIDDEN_NAME = "behind-the-proxy.example"
NSS_WRAPPER = "libnss_wrapper.so"


def hidden_names(folder: Path) -> dict[str, str]:
    """Return the environment in which HIDDEN_NAME is this machine."""
    if not any(Path("/usr/lib").glob(f"*/{NSS_WRAPPER}")):
        missing("libnss-wrapper is not installed")
    hosts = folder / "hosts"
    hosts.write_text(f"127.0.0.1 {HIDDEN_NAME}\n")
    return {"LD_PRELOAD": NSS_WRAPPER, "NSS_WRAPPER_HOSTS": str(hosts)}


@contextlib.contextmanager
def tinyproxy(folder: Path, user: str | None = None, password: str = "") -> Iterator[int]:
    """Run an HTTP proxy."""
    program, port, config = need("tinyproxy"), free_port(), folder / "tinyproxy.conf"
    lines = [f"Port {port}", "Listen 127.0.0.1", "Timeout 10", "MaxClients 20", f'LogFile "{folder}/proxy.log"']
    if user is not None:
        lines.append(f"BasicAuth {user} {password}")
    config.write_text("".join(f"{line}\n" for line in lines))
    with serving([program, "-d", "-c", str(config)], folder, port, environment=hidden_names(folder)):
        yield port


@contextlib.contextmanager
def microsocks(folder: Path, user: str | None = None, password: str = "") -> Iterator[int]:
    """Run a SOCKS5 proxy."""
    program, port = need("microsocks"), free_port()
    command = [program, "-i", "127.0.0.1", "-p", str(port)]
    if user is not None:
        command += ["-u", user, "-P", password]
    with serving(command, folder, port, environment=hidden_names(folder)):
        yield port


@contextlib.contextmanager
def dante(folder: Path, blocked_port: int) -> Iterator[int]:
    """Run a SOCKS5 proxy with a rule: nothing goes to one port."""
    program, port, config = need("danted", "sockd"), free_port(), folder / "danted.conf"
    privileged = "user.privileged: root\nuser.unprivileged: nobody\n" if os.geteuid() == 0 else ""
    config.write_text(
        f"""logoutput: stderr
internal: 127.0.0.1 port = {port}
external: 127.0.0.1
clientmethod: none
socksmethod: none
{privileged}client pass {{ from: 0/0 to: 0/0 }}
socks block {{ from: 0/0 to: 0/0 port = {blocked_port} }}
socks pass {{ from: 0/0 to: 0/0 }}
"""
    )
    with serving([program, "-f", str(config), "-p", str(folder / "danted.pid")], folder, port):
        yield port
