"""A relay that reads each ClientHello and ends connections whose hello it does not like, as middleboxes do."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

RESET = struct.pack("ii", 1, 0)  # SO_LINGER of zero: close() sends a reset
DECODE_ERROR = bytes((21, 3, 1, 0, 2, 2, 50))


@dataclass(frozen=True)
class Hello:
    """What can be seen of a hello. `extensions` are (type, length) in their order."""

    length: int
    record_version: int
    version: int
    session_id: bytes
    suites: tuple[int, ...]
    extensions: tuple[tuple[int, int], ...]

    def has(self, extension: int) -> bool:
        return any(number == extension for number, _ in self.extensions)


def read_hello(peer: socket.socket) -> tuple[bytes, Hello | None]:
    """Return the bytes of the first record, and what is in it if it is a ClientHello."""
    data = b""
    while len(data) < 5 or len(data) < 5 + int.from_bytes(data[3:5]):
        more = peer.recv(65536)
        data += more
        if not more or data[0] != 22:
            return data, None
    body = data[9:]
    at = 35 + body[34]
    session_id = body[35:at]
    count = int.from_bytes(body[at : at + 2])
    suites = tuple(int.from_bytes(body[i : i + 2]) for i in range(at + 2, at + 2 + count, 2))
    at += 2 + count
    at += 3 + body[at]
    extensions = []
    while at + 4 <= len(body):
        length = int.from_bytes(body[at + 2 : at + 4])
        extensions.append((int.from_bytes(body[at : at + 2]), length))
        at += 4 + length
    version = int.from_bytes(body[:2])
    return data, Hello(len(data), int.from_bytes(data[1:3]), version, session_id, suites, tuple(extensions))


@contextlib.contextmanager
def picky_relay(to_port: int, dislikes: Callable[[Hello], bool], how: str = "close") -> Iterator[int]:
    """Forward to a port on loopback what it does not dislike; `how` it ends the rest: close, reset or decode_error."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def handle(peer: socket.socket) -> None:
        with peer, contextlib.suppress(OSError):
            peer.settimeout(20)
            data, hello = read_hello(peer)
            if hello is not None and dislikes(hello):
                if how == "reset":
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                if how == "decode_error":
                    peer.sendall(DECODE_ERROR)
                return
            with socket.create_connection(("127.0.0.1", to_port)) as behind:
                behind.sendall(data)
                back = threading.Thread(target=_pump, args=(behind, peer), daemon=True)
                back.start()
                _pump(peer, behind)
                back.join(20)

    def accept() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=handle, args=(peer,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
