"""An HTTPS server that presents a chain, speaks protocols and answers by server name: one server for many hosts."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.pki import Issued
from tests.support.servers.sni_smtp import context_of


@dataclass
class Site:
    """What is served for one server name. `answer` is the whole HTTP response, or makes it of the request's path."""

    chain: Sequence[Issued]
    answer: bytes | Callable[[str], bytes] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    alpn: Sequence[str] = ()
    silent: bool = False  # takes the connection and says nothing


def response(body: bytes, content_type: str = "text/plain", status: str = "200 OK", *fields: str) -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}", *fields]
    return "\r\n".join([*head, "Connection: close", "", ""]).encode() + body


@contextlib.contextmanager
def sni_https(sites: Mapping[str, Site], folder: Path, port: int = 443, address: str = "") -> Iterator[int]:
    """Serve the sites; yields the port. A name that is not known gets the first one's chain."""
    contexts = {}
    for name, site in sites.items():
        contexts[name] = context_of(site.chain, folder)
        if site.alpn:
            contexts[name].set_alpn_protocols(list(site.alpn))
    names: dict[int, str] = {}
    first = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    first.load_cert_chain(folder / f"{id(next(iter(sites.values())).chain)}.pem")

    def choose(connection: ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
        names[id(connection)] = name or ""
        if name in contexts:
            connection.context = contexts[name]

    first.sni_callback = choose
    listener = socket.create_server((address or "127.0.0.1", port), backlog=64)

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=session, args=(connection,), daemon=True).start()

    def session(connection: socket.socket) -> None:
        connection.settimeout(20)
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            stack.enter_context(connection)
            tls = stack.enter_context(first.wrap_socket(connection, server_side=True))
            site = sites.get(names.get(id(tls), ""))
            request = b""
            while b"\r\n\r\n" not in request:
                data = tls.recv(4096)
                if not data:
                    return
                request += data
            if site is not None and site.silent:
                tls.recv(1)
            elif site is not None:
                path = request.split(b" ")[1].decode("latin-1")
                tls.sendall(site.answer if isinstance(site.answer, bytes) else site.answer(path))

    accepting = threading.Thread(target=serve, daemon=True)
    accepting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        accepting.join()
        listener.close()
