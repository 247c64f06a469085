"""xrdp: Remote Desktop with TLS, or with RDP's own security. Nobody can log in: there is no session manager."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from support.programs import missing, need
from support.servers.credential import Credential
from support.servers.process import free_port, serving


@contextlib.contextmanager
def xrdp(folder: Path, credential: Credential, *, tls: bool = True) -> Iterator[int]:
    program, port, config = need("xrdp"), free_port(), folder / "xrdp.ini"
    if os.geteuid() != 0:
        missing("xrdp writes its process id below /var/run: that takes root")
    config.write_text(
        f"""[Globals]
ini_version=1
fork=true
port=tcp://127.0.0.1:{port}
security_layer={"tls" if tls else "rdp"}
certificate={credential.certificate}
key_file={credential.key}
ssl_protocols=TLSv1.2, TLSv1.3
crypt_level=low
[Logging]
LogFile={folder}/xrdp.log
LogLevel=INFO
EnableSyslog=false
[Xorg]
name=Xorg
lib=libxup.so
"""
    )
    with serving([program, "--nodaemon", "--config", str(config)], folder, port):
        yield port
