"""NSS' selfserv, which still speaks SSL 3.0 and every old suite. It binds all addresses."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.support.programs import need, run
from tests.support.servers.credential import Credential
from tests.support.servers.process import free_port, serving

SUITES = ":0004:0005:000A:0009:0001:0002:002F:003B:C010:C007:C011:C013:C014:C02F"


@contextlib.contextmanager
def selfserv(folder: Path, credential: Credential, versions: str, suites: str = SUITES) -> Iterator[int]:
    """Run selfserv for a range of versions, as `ssl3:tls1.2`; yield its port."""
    certutil, pk12util, openssl = need("certutil"), need("pk12util"), need("openssl")
    database, bundle, port = f"sql:{folder / 'nss'}", folder / "server.p12", free_port()
    (folder / "nss").mkdir()
    run(certutil, "-N", "-d", database, "--empty-password")
    export = ["-export", "-passout", "pass:", "-name", "server", "-out", str(bundle)]
    run(openssl, "pkcs12", *export, "-in", str(credential.certificate), "-inkey", str(credential.key))
    run(pk12util, "-i", str(bundle), "-d", database, "-W", "")
    command = [need("selfserv"), "-d", database, "-n", "server", "-p", str(port), "-V", versions, "-c", suites, "-v"]
    with serving(command, folder, port):
        yield port
