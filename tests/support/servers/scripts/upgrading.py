"""A SQL Server's, or a telnet server's, way to TLS: PORT CERTIFICATE KEY tds|telnet tls|none|refuse [ONLY_TLS_1_2].

No package has such a server. TDS is as [MS-TDS] sections 2.2.6.5 and 3.3.5.2 write it: the handshake inside packets,
the rest not. Telnet is as draft-altman-telnet-starttls-02 writes it.
"""

import socket
import ssl
import sys
import threading

PORT, CERTIFICATE, KEY, PROTOCOL, SETTING = int(sys.argv[1]), *sys.argv[2:6]
CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
CONTEXT.load_cert_chain(CERTIFICATE, KEY)
if sys.argv[6:]:
    CONTEXT.maximum_version = ssl.TLSVersion.TLSv1_2


def exactly(peer: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        more = peer.recv(length - len(data))
        if not more:
            raise OSError("the client has gone")
        data += more
    return data


def packet(peer: socket.socket) -> bytes:
    head = exactly(peer, 8)
    assert head[0] == 0x12, head
    return exactly(peer, int.from_bytes(head[2:4]) - 8)


def framed(data: bytes) -> bytes:
    pieces = [data[at : at + 1000] for at in range(0, len(data), 1000)]  # smaller than a flight, as 512 may be
    heads = [b"\4" + bytes([piece is pieces[-1]]) + (len(piece) + 8).to_bytes(2) + bytes(4) for piece in pieces]
    return b"".join(head + piece for head, piece in zip(heads, pieces, strict=True))


def tds(peer: socket.socket) -> None:
    packet(peer)
    peer.sendall(framed(b"\1\0\6\0\1\xff" + {"tls": b"\1", "none": b"\2", "refuse": b"\1"}[SETTING]))
    if SETTING != "tls":
        return
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session, done = CONTEXT.wrap_bio(incoming, outgoing, server_side=True), False
    while not done:
        try:
            session.do_handshake()
            done = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            peer.sendall(framed(outgoing.read()))
            return
        if outgoing.pending:
            peer.sendall(framed(outgoing.read()))
        if not done:
            incoming.write(packet(peer))
    while True:
        try:
            if not session.read(1000):
                break
        except ssl.SSLWantReadError:
            data = peer.recv(4096)  # records as they are: a packet here is a fault of the client's
            if not data:
                print("no close_notify", flush=True)
                return
            incoming.write(data)
        except ssl.SSLError as error:
            print("after the handshake:", error, flush=True)
            return
    print("close_notify", flush=True)


def telnet(peer: socket.socket) -> None:
    peer.sendall(b"\xff\xfd\x18Welcome\r\n")
    heard = exactly(peer, 6)
    assert heard == b"\xff\xfb\x2e\xff\xfc\x18", heard
    if SETTING == "none":
        peer.sendall(b"\xff\xfe\x2e")
        return
    peer.sendall(b"\xff\xfd\x2e")
    assert exactly(peer, 6) == b"\xff\xfa\x2e\1\xff\xf0"
    peer.sendall(b"\xff\xfa\x2e\1\xff\xf0")
    with CONTEXT.wrap_socket(peer, server_side=True) as session:
        print("close_notify" if session.recv(100) == b"" else "data", flush=True)


def serve(peer: socket.socket) -> None:
    with peer:
        try:
            peer.settimeout(20)
            {"tds": tds, "telnet": telnet}[PROTOCOL](peer)
        except (OSError, AssertionError) as error:
            print(error, flush=True)


with socket.create_server(("127.0.0.1", PORT)) as listener:
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
