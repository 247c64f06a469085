"""An SMTP server with STARTTLS that presents another chain for each server name: one server for a table of hosts."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.support.pki import Issued, key_pem


def context_of(chain: Sequence[Issued], folder: Path) -> ssl.SSLContext:
    """Return a server's context that presents a chain, leaf first."""
    file = folder / f"{id(chain)}.pem"
    file.write_bytes(key_pem(chain[0].key) + b"".join(one.pem for one in chain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@contextlib.contextmanager
def sni_smtp(chains: Mapping[str, Sequence[Issued]], folder: Path, port: int = 0) -> Iterator[int]:
    """Serve SMTP; the chain is that of the server name, or the first one. Yields the port."""
    contexts = {name: context_of(chain, folder) for name, chain in chains.items()}
    first = next(iter(contexts.values()))

    def choose(connection: ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
        connection.context = contexts.get(name or "", first)

    first.sni_callback = choose
    listener = socket.create_server(("127.0.0.1", port), backlog=64)

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=_session, args=(connection, first), daemon=True).start()

    accepting = threading.Thread(target=serve, daemon=True)
    accepting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        accepting.join()
        listener.close()


def _session(connection: socket.socket, context: ssl.SSLContext) -> None:
    connection.settimeout(20)
    try:
        _dialogue(connection, context)
    except OSError:
        pass
    finally:
        connection.close()


def _dialogue(connection: socket.socket, context: ssl.SSLContext) -> None:
    connection.sendall(b"220 mail.test ESMTP\r\n")
    with contextlib.ExitStack() as stack:
        while line := _line(connection):
            verb = line.strip().upper()
            if verb.startswith(b"EHLO"):
                connection.sendall(b"250-mail.test\r\n250 STARTTLS\r\n")
            elif verb == b"STARTTLS":
                connection.sendall(b"220 go ahead\r\n")
                connection = stack.enter_context(context.wrap_socket(connection, server_side=True))
            elif verb == b"QUIT":
                connection.sendall(b"221 bye\r\n")
                return
            else:
                connection.sendall(b"250 ok\r\n")


def _line(connection: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        byte = connection.recv(1)
        if not byte:
            return b""
        line += byte
    return line
