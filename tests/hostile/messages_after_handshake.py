"""Peers that go on with handshake messages once the handshake is over: renegotiation, key updates, tickets, requests.

OpenSSL completes the handshake. The records after it are written here, under the session's keys: OpenSSL would not
write them.
"""

import contextlib
import itertools
import select
from hashlib import sha256
from hmac import digest

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hostile.after_handshake import HOLD_SECONDS, OK, TLSAttack, TLSPeer
from OpenSSL import SSL

from exporter.demo import flights
from exporter.wire.tls13 import schedule
from exporter.wire.tls13.protection import Protection

HANDSHAKE, DATA = 22, 23
AES_128_GCM_SHA256 = schedule.SUITES[0x1301]
ANSWER = OK + b"Content-Length: 0\r\n\r\n"
TICKETS = 2  # that OpenSSL has sent in records of their own, which count


def expanded(secret, seed, length):
    """Return P_SHA256 of RFC 5246 section 5."""
    found, block = b"", seed
    while len(found) < length:
        block = digest(secret, block, sha256)
        found += digest(secret, block + seed, sha256)
    return found[:length]


class TLS12:
    """A server's records of TLS 1.2 with AES-128-GCM (RFC 5288), from the first after its Finished on."""

    version, cipher = SSL.TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256"

    def __init__(self, connection, _secrets):
        seed = b"key expansion" + connection.server_random() + connection.client_random()
        keys = expanded(connection.master_key(), seed, 2 * 16 + 2 * 4)
        self._aead, self._salt = AESGCM(keys[16:32]), keys[36:40]
        self._numbers = itertools.count(1)

    def seal(self, content_type, content):
        number = next(self._numbers).to_bytes(8)
        about = number + bytes((content_type, 3, 3)) + len(content).to_bytes(2)
        sealed = number + self._aead.encrypt(self._salt + number, content, about)
        return flights.record(content_type, sealed)


class TLS13:
    """A server's records of TLS 1.3, after its tickets."""

    version, cipher = SSL.TLS1_3_VERSION, "ECDHE"

    def __init__(self, _connection, secrets):
        self._secret = secrets["SERVER_TRAFFIC_SECRET_0"]
        self._protection = Protection(AES_128_GCM_SHA256, self._secret)
        for _ in range(TICKETS):
            self.seal(DATA, b"")

    def seal(self, content_type, content):
        return self._protection.seal(content_type, content)

    def update_key(self):
        """Change the key as after a KeyUpdate (RFC 8446 section 7.2)."""
        self._secret = schedule.expand(AES_128_GCM_SHA256, self._secret, "traffic upd", len(self._secret))
        self._protection = Protection(AES_128_GCM_SHA256, self._secret)


class Session:
    """What an attack has of a session: what the client says, and records of its own."""

    def __init__(self, connection, raw, records):
        self.connection, self.raw, self._records = connection, raw, records

    def hear(self):
        return self.connection.recv(65536)

    def send(self, *contents, content_type=HANDSHAKE):
        self.raw.sendall(b"".join(self._records.seal(content_type, content) for content in contents))

    def send_updates(self, count, request):
        """Send KeyUpdates, each under the key that the one before it announced."""
        updates = b""
        for _ in range(count):
            updates += self._records.seal(HANDSHAKE, flights.handshake(24, bytes((request,))))
            self._records.update_key()
        self.raw.sendall(updates)

    def answer(self):
        self.send(ANSWER, content_type=DATA)
        while True:
            self.hear()


class MessagingPeer(TLSPeer):
    """A TLS server that hands each session to a function which writes its own records."""

    def __init__(self, attack, certificate_file, records):
        self._certificate_file, self._records = certificate_file, records
        super().__init__(attack, certificate_file)

    def _serve(self, raw):
        secrets = {}
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(self._records.version)
        context.set_max_proto_version(self._records.version)
        context.set_cipher_list(self._records.cipher.encode())
        context.set_tls13_ciphersuites(b"TLS_AES_128_GCM_SHA256")
        context.use_certificate_chain_file(str(self._certificate_file))
        context.use_privatekey_file(str(self._certificate_file))
        context.set_keylog_callback(lambda _, line: secrets.update(read_secret(line)))
        connection = SSL.Connection(context, raw)
        connection.set_accept_state()
        with contextlib.suppress(OSError, SSL.Error):
            connection.do_handshake()
            self._attack.act(Session(connection, raw, self._records(connection, secrets)))
        raw.close()


def read_secret(line):
    label, _, secret = line.decode().split()
    return {label: bytes.fromhex(secret)}


def sends(*contents, heard=True):
    """Send messages, and an answer after them."""

    def act(session):
        if heard:
            session.hear()
        session.send(*contents)
        session.answer()

    return act


def floods(*contents, heard=True):
    def act(session):
        if heard:
            session.hear()
        while True:
            session.send(*contents)

    return act


def updates(count, request=0, heard=True):
    def act(session):
        if heard:
            session.hear()
        session.send_updates(count, request)
        session.answer()

    return act


def floods_updates(request):
    def act(session):
        session.hear()
        while True:
            session.send_updates(100, request)

    return act


def renegotiates(session):
    """Renegotiate in earnest, again and again."""
    session.hear()
    session.raw.setblocking(False)
    while session.connection.renegotiate():
        session.connection.do_handshake()
        while session.connection.renegotiate_pending():
            select.select((session.raw,), (), (), HOLD_SECONDS)
            with contextlib.suppress(SSL.WantReadError):
                session.connection.recv(1)


REQUEST = flights.handshake(0, b"")
TICKET12 = flights.handshake(4, bytes(4) + b"\x00\x40" + bytes(64))
TICKET13 = flights.handshake(4, bytes(8) + b"\x01\x00" + b"\x00\x40" + bytes(64) + b"\x00\x00")
CERTIFICATE_REQUEST = flights.handshake(13, b"\x01\x00" + b"\x00\x08" + bytes.fromhex("000d000400020403"))

TLS12_MESSAGES = (
    TLSAttack("hello-request", sends(REQUEST), 200),
    TLSAttack("hello-request-at-once", sends(REQUEST, heard=False), 200),
    TLSAttack("hello-request-4000-times", sends(*[REQUEST] * 4000), 200),
    TLSAttack("hello-request-4000-times-in-a-record", sends(REQUEST * 4000), 200),
    TLSAttack("floods-hello-requests-at-once", floods(*[REQUEST] * 1000, heard=False)),
    TLSAttack("floods-hello-requests-after-it", floods(*[REQUEST] * 1000)),
    TLSAttack("floods-hello-requests-by-the-record", floods(*[REQUEST * 4000] * 10)),
    TLSAttack("floods-tickets-of-tls12", floods(*[TICKET12] * 100)),
    TLSAttack("renegotiates-for-ever", renegotiates),
    TLSAttack("server-hello-after-it", sends(flights.server_hello())),
    TLSAttack("finished-after-it", sends(flights.handshake(20, bytes(12)))),
    TLSAttack("message-of-16-mb-after-it", floods(REQUEST, flights.handshake(11, bytes(16000), 0xFFFFFF))),
)
TLS13_MESSAGES = (
    TLSAttack("floods-key-updates", floods_updates(0)),
    TLSAttack("floods-key-updates-requested", floods_updates(1)),
    TLSAttack("key-update-of-nonsense", updates(1, request=9)),
    TLSAttack("ticket-1000-times", sends(*[TICKET13] * 1000), 200),
    TLSAttack("floods-tickets-at-once", floods(*[TICKET13] * 100, heard=False)),
    TLSAttack("floods-tickets-of-tls13", floods(*[TICKET13] * 100)),
    TLSAttack("floods-tickets-of-16-kb", floods(flights.handshake(4, bytes(16000)))),
    TLSAttack("ticket-of-16-mb", floods(flights.handshake(4, bytes(16000), 0xFFFFFF))),
    TLSAttack("certificate-request-after-it", sends(CERTIFICATE_REQUEST)),
    TLSAttack("floods-certificate-requests", floods(*[CERTIFICATE_REQUEST] * 100)),
    TLSAttack("server-hello-after-tls13", sends(flights.server_hello())),
    TLSAttack("floods-empty-messages", floods(*[b""] * 100)),
)
# in good order, but without end
FLOODS = tuple(
    one
    for one in (*TLS12_MESSAGES, *TLS13_MESSAGES)
    if one.name.startswith(
        ("floods-hello", "floods-key", "floods-tickets-at", "floods-tickets-of-tls13", "renegotiates")
    )
)
# in order, and answered
KEY_UPDATES = (
    TLSAttack("key-update", updates(1), 200),
    TLSAttack("key-update-requested", updates(1, request=1), 200),
    TLSAttack("key-update-at-once", updates(1, heard=False), 200),
    TLSAttack("key-update-2000-times", updates(2000), 200),
    TLSAttack("key-update-requested-2000-times", updates(2000, request=1), 200),
)


def peers(certificate_file):
    """Start a peer for each; return them by name."""
    kinds = ((TLS12, TLS12_MESSAGES), (TLS13, TLS13_MESSAGES + KEY_UPDATES))
    return {one.name: MessagingPeer(one, certificate_file, records) for records, table in kinds for one in table}
