"""Peers that complete the handshake and turn hostile then. What they do to HTTP never makes the probe a failure."""

import contextlib
import socket
import ssl
import struct
import threading
from dataclasses import dataclass

from hostile.attack import COMPLETED

HOLD_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class TLSAttack:
    """What a server does with an established session, and the status that may be reported (None: none)."""

    name: str
    act: object
    status: int | None = None
    tickets: int = 2
    expected: tuple = (COMPLETED,)


class TLSPeer:
    """A TLS server that hands each session to a function; a thread for each connection."""

    def __init__(self, attack, certificate_file, address="127.0.0.1"):
        self._attack = attack
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate_file)
        self._context.num_tickets = attack.tickets
        self._listener = socket.create_server((address, 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(raw,), daemon=True).start()

    def _serve(self, raw):
        raw.settimeout(HOLD_SECONDS)
        with contextlib.suppress(OSError), self._context.wrap_socket(raw, server_side=True) as session:
            self._attack.act(session)
        raw.close()


def hold(session):
    while session.recv(65536):
        pass


def says(data):
    def act(session):
        session.recv(65536)
        session.sendall(data)
        hold(session)

    return act


def floods(data, first=b""):
    def act(session):
        session.recv(65536)
        session.sendall(first)
        while True:
            session.sendall(data)

    return act


def drips(data, seconds):
    def act(session):
        session.recv(65536)
        for value in data:
            session.sendall(bytes((value,)))
            threading.Event().wait(seconds)

    return act


def resets(session):
    session.recv(65536)
    session.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def ends(session):
    session.recv(65536)
    session.unwrap()


def breaks_the_record(session):
    session.recv(65536)
    with socket.socket(fileno=session.fileno()) as raw:
        raw.sendall(b"\x17\x03\x03\x00\x20" + bytes(32))
        raw.detach()
    hold(session)


OK = b"HTTP/1.1 200 OK\r\n"

AFTER_HANDSHAKE = (
    TLSAttack("http-silent", hold),
    TLSAttack("http-ends", ends),
    TLSAttack("http-resets", resets),
    TLSAttack("http-breaks-the-record", breaks_the_record),
    TLSAttack("http-nonsense", says(b"\x00\x01\x02 what\r\n\r\n")),
    TLSAttack("http-0.9", says(b"<html>hello</html>")),
    TLSAttack("http-speaks-ssh", says(b"SSH-2.0-x\r\n\r\n")),
    TLSAttack("http-status-line-only", says(OK)),
    TLSAttack("http-status-99999", says(b"HTTP/1.1 99999 X\r\n\r\n")),
    TLSAttack("http-status-of-letters", says(b"HTTP/1.1 abc X\r\n\r\n")),
    TLSAttack("http-version-9", says(b"HTTP/9.9 200 OK\r\n\r\n"), 200),
    TLSAttack("http-floods-its-status-line", floods(b"H" * 65536)),
    TLSAttack("http-floods-headers", floods(b"A: b\r\n" * 8000, OK)),
    TLSAttack("http-floods-one-header", floods(b"A" * 65536, OK + b"A: ")),
    TLSAttack("http-floods-interim-answers", floods(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 2000)),
    TLSAttack("http-floods-its-body", floods(b"A" * 65536, OK + b"\r\n"), 200),
    TLSAttack("http-lies-about-its-length", says(OK + b"Content-Length: 99999999999999999999\r\n\r\n"), 200),
    TLSAttack("http-nul-in-a-header", says(OK + b"A: b\x00c\r\n\r\n")),
    TLSAttack("http-escapes-in-a-header", says(OK + b"Strict-Transport-Security: \x1b[31m\r\n\r\n"), 200),
    TLSAttack("http-drips", drips(OK + b"A: b\r\n\r\n", 0.2)),
    TLSAttack(
        "http-hsts-of-1000-digits", says(OK + b"Strict-Transport-Security: max-age=" + b"9" * 1000 + b"\r\n\r\n"), 200
    ),
    TLSAttack("http-hsts-negative", says(OK + b"Strict-Transport-Security: max-age=-1\r\n\r\n"), 200),
    TLSAttack("http-hsts-of-nan", says(OK + b"Strict-Transport-Security: max-age=NaN\r\n\r\n"), 200),
    TLSAttack("http-hsts-50-times", says(OK + b"Strict-Transport-Security: max-age=1\r\n" * 50 + b"\r\n"), 200),
    TLSAttack("http-redirects-nowhere", says(b"HTTP/1.1 301 X\r\nLocation: javascript:alert(1)//\xff\r\n\r\n"), 301),
    TLSAttack("http-200-tickets", hold, tickets=200),
)
