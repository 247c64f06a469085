"""A TLS server of a few lines, which can be an SMTP server with STARTTLS before."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from support.servers.credential import Credential

GREETING = b"220 server.example ESMTP\r\n"


@dataclass(slots=True)
class Callers:
    """Who called, and which names they asked for."""

    addresses: list[object] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)


@contextlib.contextmanager
def tls_speaker(
    credential: Credential, *, starttls: bool = False, host: str = "127.0.0.1", callers: Callers | None = None
) -> Iterator[int]:
    """Serve on a free port of a host, or at a path for a Unix socket (the port is 0 then)."""
    callers = callers or Callers()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(credential.certificate, credential.key)
    context.sni_callback = lambda _, name, __: callers.names.append(name)
    threads: list[threading.Thread] = []

    def speak(client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            client.settimeout(10)
            if starttls:
                client.sendall(GREETING)
                if not client.recv(4096).startswith(b"EHLO "):
                    return
                client.sendall(b"250-server.example\r\n250 STARTTLS\r\n")
                client.recv(4096)
                client.sendall(b"220 go\r\n")
            with context.wrap_socket(client, server_side=True) as tls:
                while tls.recv(4096):
                    pass

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, address = listener.accept()
                callers.addresses.append(address)
                threads.append(threading.Thread(target=speak, args=(client,)))
                threads[-1].start()

    with _listener(host) as listener:
        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            yield 0 if listener.family == socket.AF_UNIX else listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            acceptor.join()
            for thread in threads:
                thread.join()


def _listener(host: str) -> socket.socket:
    if host.startswith("/"):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(host)
    else:
        family, *_, address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family)
        listener.bind(address)
    listener.listen()
    return listener
