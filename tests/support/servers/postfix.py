"""Postfix's SMTP server. Its master must be started by root, who gives the rights away."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from support.programs import missing, need
from support.servers.credential import Credential
from support.servers.process import free_port, owned_by, serving

DAEMONS = Path("/usr/lib/postfix/sbin")
QUEUE = (
    "active bounce corrupt defer deferred flush hold incoming maildrop pid private public saved trace".split()  # noqa: SIM905
)


@contextlib.contextmanager
def postfix(folder: Path, credential: Credential, tls: str = "may") -> Iterator[int]:
    """Run an SMTP server; `tls` is its smtpd_tls_security_level."""
    need("postfix")
    if os.geteuid() != 0:
        missing("postfix must be started by root")
    port, queue, data, conf = free_port(), folder / "queue", folder / "data", folder / "conf"
    for name in QUEUE:
        (queue / name).mkdir(parents=True)
    for path in (queue, data):
        path.mkdir(exist_ok=True)
        owned_by("postfix", path)
    os.chown(queue, 0, 0)
    os.chown(queue / "pid", 0, 0)
    conf.mkdir()
    (conf / "main.cf").write_text(
        f"""
compatibility_level = 3.6
queue_directory = {queue}
data_directory = {data}
daemon_directory = {DAEMONS}
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = server.example
mydestination =
inet_interfaces = 127.0.0.1
alias_maps =
alias_database =
smtpd_tls_cert_file = {credential.certificate}
smtpd_tls_key_file = {credential.key}
smtpd_tls_security_level = {tls}
maillog_file_prefixes = {folder}
maillog_file = {folder}/mail.log
"""
    )
    (conf / "master.cf").write_text(
        f"""
127.0.0.1:{port} inet n - n - - smtpd
tlsmgr unix - - n 1000? 1 tlsmgr
anvil unix - - n - 1 anvil
rewrite unix - - n - - trivial-rewrite
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
"""
    )
    with serving([str(DAEMONS / "master"), "-c", str(conf), "-d"], folder, port):
        yield port
