"""Dovecot: IMAP, POP3, LMTP and ManageSieve from one process."""

import contextlib
import getpass
import os
from collections.abc import Iterator
from pathlib import Path

from support.programs import need
from support.servers.credential import Credential
from support.servers.process import free_port, serving

SERVICES = {"imap": "imap-login", "pop3": "pop3-login", "lmtp": "lmtp", "sieve": "managesieve-login"}


@contextlib.contextmanager
def dovecot(folder: Path, credential: Credential, ssl: str = "yes") -> Iterator[dict[str, int]]:
    """Run a mail store that nobody can log in to; gives the port of each protocol. `ssl` is its setting."""
    program = need("dovecot")
    ports = {protocol: free_port() for protocol in SERVICES}
    users = "" if os.geteuid() == 0 else _unprivileged(getpass.getuser())
    listeners = "".join(
        f"service {service} {{\n  chroot =\n  inet_listener {protocol} {{\n    port = {ports[protocol]}\n  }}\n"
        + ("".join(f"  inet_listener {protocol}s {{\n    port = 0\n  }}\n") if protocol in ("imap", "pop3") else "")
        + "}\n"
        for protocol, service in SERVICES.items()
    )
    config = folder / "dovecot.conf"
    config.write_text(
        f"""
protocols = imap pop3 lmtp sieve
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
ssl = {ssl}
ssl_cert = <{credential.certificate}
ssl_key = <{credential.key}
mail_location = maildir:{folder}/mail/%u
passdb {{
  driver = static
  args = nopassword=y
}}
{users}{listeners}"""
    )
    with serving([program, "-F", "-c", str(config)], folder, *ports.values()):
        yield ports


def _unprivileged(user: str) -> str:
    return f"default_internal_user = {user}\ndefault_login_user = {user}\ndefault_internal_group = {user}\n"
