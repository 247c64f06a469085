"""vsftpd: FTP with AUTH TLS."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from support.programs import need
from support.servers.credential import Credential
from support.servers.process import free_port, serving


@contextlib.contextmanager
def vsftpd(folder: Path, credential: Credential, *, tls: bool = True) -> Iterator[int]:
    program = need("vsftpd")
    port, empty, config = free_port(), folder / "empty", folder / "vsftpd.conf"
    empty.mkdir()
    config.write_text(
        f"""listen=YES
listen_address=127.0.0.1
listen_port={port}
background=NO
run_as_launching_user={"NO" if os.geteuid() == 0 else "YES"}
nopriv_user=nobody
secure_chroot_dir={empty}
anonymous_enable=NO
local_enable=YES
vsftpd_log_file={folder}/vsftpd.log
seccomp_sandbox=NO
ssl_enable={"YES" if tls else "NO"}
rsa_cert_file={credential.certificate}
rsa_private_key_file={credential.key}
"""
    )
    config.chmod(0o600)
    with serving([program, str(config)], folder, port):
        yield port
