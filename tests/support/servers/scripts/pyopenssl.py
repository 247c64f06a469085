"""OpenSSL 4, as cryptography's wheel has it, with its default settings."""

import socket
import sys
import threading

from OpenSSL import SSL


def serve(context: SSL.Context, peer: socket.socket) -> None:
    connection = SSL.Connection(context, peer)
    connection.set_accept_state()
    try:
        connection.do_handshake()
        connection.recv(1)
    except (SSL.Error, OSError):
        pass
    finally:
        peer.close()


def main(port: str, certificate: str, key: str, ciphers: str = "") -> None:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate_file(certificate)
    context.use_privatekey_file(key)
    if ciphers:
        context.set_cipher_list(ciphers.encode())
    listener = socket.create_server(("127.0.0.1", int(port)))
    while True:
        peer, _ = listener.accept()
        threading.Thread(target=serve, args=(context, peer), daemon=True).start()


main(*sys.argv[1:])
