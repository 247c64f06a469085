"""A TLS server of a few lines, which can be an SMTP server with STARTTLS before."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator

from support.servers.credential import Credential

GREETING = b"220 server.example ESMTP\r\n"


@contextlib.contextmanager
def tls_speaker(credential: Credential, *, starttls: bool = False) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(credential.certificate, credential.key)
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
                client, _ = listener.accept()
                threads.append(threading.Thread(target=speak, args=(client,)))
                threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            acceptor.join()
            for thread in threads:
                thread.join()
