"""GnuTLS' gnutls-serv. It binds all addresses: run it in a network of its own."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.support.programs import need
from tests.support.servers.credential import Credential
from tests.support.servers.process import free_port, serving

LEGACY = (
    "LEGACY:+VERS-TLS1.0:+VERS-TLS1.1:+ARCFOUR-128:+3DES-CBC:+NULL:+ANON-DH:+ANON-ECDH:+MD5:+SHA1"
    ":%DISABLE_SAFE_RENEGOTIATION"
)


@contextlib.contextmanager
def gnutls_serv(
    folder: Path, credential: Credential, priority: str = "NORMAL", *, heartbeat: bool = False
) -> Iterator[int]:
    """Run gnutls-serv with a priority string; yield its port."""
    port = free_port()
    command = [need("gnutls-serv"), "-p", str(port), "--http", "--disable-client-cert", "--priority", priority]
    command += ["--x509keyfile", str(credential.key), "--x509certfile", str(credential.certificate)]
    with serving([*command, *(["-b"] if heartbeat else [])], folder, port):
        yield port
