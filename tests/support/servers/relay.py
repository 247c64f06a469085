"""A TCP relay on the loopback that counts connections: what a probe costs a server, seen from the server's side."""

import contextlib
import socket
import threading


class Relay:
    """Forwards 127.0.0.1:`port` to another local port. `connections` counts what was accepted."""

    def __init__(self, to_port):
        self._to_port = to_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            server = socket.create_connection(("127.0.0.1", self._to_port))
            ends = threading.Barrier(2, action=lambda a=client, b=server: (a.close(), b.close()))
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=_copy, args=(source, sink, ends), daemon=True).start()


def _copy(source, sink, ends):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
    ends.wait()
