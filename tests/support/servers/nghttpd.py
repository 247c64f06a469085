"""nghttpd: a server that speaks HTTP/2 and nothing else. Without ALPN it hangs up on HTTP/1.1."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from support.programs import need
from support.servers.credential import Credential
from support.servers.process import free_port, serving


@contextlib.contextmanager
def nghttpd(folder: Path, credential: Credential) -> Iterator[int]:
    """Serve a folder with the file index.html."""
    program, port = need("nghttpd"), free_port()
    (folder / "index.html").write_text("hello")
    command = [program, "-a", "127.0.0.1", "-d", str(folder), str(port)]
    with serving([*command, str(credential.key), str(credential.certificate)], folder, port):
        yield port
