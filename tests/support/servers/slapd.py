"""OpenLDAP's slapd without a directory."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from support.programs import need
from support.servers.credential import Credential
from support.servers.process import free_port, serving


@contextlib.contextmanager
def slapd(folder: Path, credential: Credential, *, tls: bool = True) -> Iterator[int]:
    program, port, config = need("slapd"), free_port(), folder / "slapd.conf"
    lines = [f"pidfile {folder}/slapd.pid", f"argsfile {folder}/slapd.args"]
    if tls:
        lines += [f"TLSCertificateFile {credential.certificate}", f"TLSCertificateKeyFile {credential.key}"]
    config.write_text("".join(f"{line}\n" for line in lines))
    with serving([program, "-d", "0", "-h", f"ldap://127.0.0.1:{port}", "-f", str(config)], folder, port):
        yield port
