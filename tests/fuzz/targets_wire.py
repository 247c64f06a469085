"""Bytes of peers before and in TLS: flights, the TLS 1.3 client in plaintext and under its keys, STARTTLS, proxies."""

# ruff: noqa: D401 - a target says what it proves

import asyncio
import contextlib
import os

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from support.pki import ec_key, leaf, root
from support.scripted import TIMEOUT, ScriptedStream
from support.tls13_server import Server
from support.transcripts import all_scenes

from exporter.config.model import TLSConfig
from exporter.net.reason import Reason
from exporter.probe.fast_path import Offers
from exporter.probe.handshake import handshake
from exporter.probe.openssl_contexts import make_context
from exporter.probe.quic import _alpn_untrusted as read_quic_alpn_untrusted
from exporter.wire import heartbeat, records, sslv2
from exporter.wire.dialogue import DialogueError, DialogueReason, Steps
from exporter.wire.http_connect import http_connect
from exporter.wire.records import WireError
from exporter.wire.server_flight import ServerFlightReader, read_server_flight_untrusted
from exporter.wire.socks5 import socks5
from exporter.wire.starttls import PROTOCOLS
from exporter.wire.tls13 import schedule
from exporter.wire.tls13.client import Client
from exporter.wire.tls13.key_shares import X25519
from exporter.wire.tls13.protection import Protection
from tests.fuzz.target import FuzzTarget, parts, whole

CONTEXT = make_context(TLSConfig(), ("http/1.1",), None)
OFFER = Offers().get(CONTEXT, 0.0)
NAMES = tuple(sorted(PROTOCOLS))
_LEAF = leaf(root(), key=ec_key())
_CERTIFICATE = _LEAF.der


def flight(data: bytes) -> None:
    """A flight is read the same however it is cut, and the small readers never raise."""
    at_once = read_server_flight_untrusted(data)
    in_parts = ServerFlightReader()
    for start in range(0, len(data), 5):
        in_parts.feed_untrusted(data[start : start + 5])
    assert in_parts.flight.certificates == at_once.certificates
    assert in_parts.flight.not_tls == at_once.not_tls
    sslv2.read_answer_untrusted(data)
    heartbeat.read_echo_untrusted((data,))


def _flight_seeds() -> list[bytes]:
    hello = b"\x03\x03" + bytes(32) + b"\x00\xc0\x2f\x00"
    alpn = b"\x00\x10\x00\x0b\x00\x09\x08http/1.1"
    certificate = len(_CERTIFICATE).to_bytes(3) + _CERTIFICATE
    messages = [
        (2, hello + len(alpn).to_bytes(2) + alpn),
        (11, len(certificate).to_bytes(3) + certificate),
        (22, b"\x01\x00\x00\x03abc"),
        (12, b"\x03\x00\x1d\x20" + bytes(32) + b"\x04\x03\x00\x04abcd"),
        (14, b""),
    ]
    written = [records.record(22, 0x0303, records.handshake_message(*message)) for message in messages]
    alert = records.alert(2, 40, 0x0303)
    return [b"".join(written), b"".join(written[:2]) + alert, alert, sslv2.write_client_hello(bytes(16)), b"HTTP/1.1 "]


def openssl_handshake(data: bytes) -> None:
    """Whatever a peer answers to a ClientHello, the probe has a failure with a reason, never an internal error."""
    done, tls = asyncio.run(handshake(ScriptedStream([*parts(data), TIMEOUT]), CONTEXT, "a.example"))
    assert tls is None
    assert done.failure is not None
    assert done.failure.reason is not Reason.INTERNAL_ERROR
    assert done.failure.detail.isprintable()


def _drive(dialogue: Steps[bytes], pieces: list[bytes]) -> None:
    error = _outcome(dialogue, pieces)
    if error is not None:
        assert isinstance(error.reason, DialogueReason)
        assert error.detail.isprintable()
        Reason(error.reason)


def _outcome(dialogue: Steps[bytes], pieces: list[bytes]) -> DialogueError | None:
    waiting = iter(pieces)
    try:
        said = next(dialogue)
        while True:
            said = dialogue.send(b"" if said else next(waiting, b""))
    except StopIteration:
        return None
    except DialogueError as error:
        return error


def dialogue(data: bytes) -> None:
    """A STARTTLS dialogue ends with an outcome of its list, whatever the server says, in whatever pieces."""
    if data:
        _drive(PROTOCOLS[NAMES[data[0] % len(NAMES)]]("a.example"), parts(data[1:]))


def _dialogue_seeds() -> list[bytes]:
    return [bytes((NAMES.index(scene.protocol),)) + whole(scene.hears) for scene in all_scenes() if scene.hears]


def proxy(data: bytes) -> None:
    """A proxy's answers give a tunnel or one of the outcomes of the list."""
    if data:
        user = "user" if data[0] & 2 else None
        begin = socks5 if data[0] & 1 else http_connect
        _drive(begin("a.example", 443, user, "secret"), parts(data[1:]))


def _proxy_seeds() -> list[bytes]:
    http = b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n"
    bound = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"
    return [
        b"\x00" + whole(http),
        b"\x02" + whole(b"HTTP/1.1 407 Who?\r\n\r\n"),
        b"\x01" + whole(b"\x05\x00" + bound),
        b"\x03" + whole(b"\x05\x02\x01\x00" + bound),
        b"\x01" + whole(b"\x05\x00\x05\x00\x00\x03\x03abc\x01\xbb"),
    ]


def tls13_in_clear(data: bytes) -> None:
    """The TLS 1.3 client takes any bytes or raises its one error; nobody completes a handshake with it by chance."""
    client = Client(OFFER.hello("a.example"))
    with contextlib.suppress(WireError):
        for piece in parts(data):
            client.receive_untrusted(piece)
    assert not client.completed


def tls13_under_keys(data: bytes) -> None:
    """Messages under the right handshake keys, in any order and any shape: the client raises its one error."""
    hello = OFFER.hello("a.example")
    client = Client(hello)
    answer, protection = _answered(hello)
    client.receive_untrusted(answer)
    with contextlib.suppress(WireError):
        for piece in parts(data):
            client.receive_untrusted(protection.seal(piece[0], piece[1:]))
    assert not client.completed


def tls13_at_its_end(data: bytes) -> None:
    """A server that holds its key says anything in place of its Finished, or after it: an answer or the one error."""
    hello = OFFER.hello("a.example")
    client, server = Client(hello), Server(_LEAF)
    client.receive_untrusted(server.hello(hello))
    *signed, last = server.messages()
    for message in signed:
        client.receive_untrusted(server.write.seal(22, message))
    if completed := data[:1] == b"\x01":
        client.receive_untrusted(server.write.seal(22, last))
        server.begin_data()
        client.begin_data()
    with contextlib.suppress(WireError):
        for piece in parts(data[1:]):
            client.receive_untrusted(server.write.seal(piece[0], piece[1:]))
    client.take()
    assert client.completed is completed


def _end_seeds() -> list[bytes]:
    waiter = b"\x16" + records.handshake_message(4, bytes(40))
    after = [waiter, b"\x17HTTP/1.1 200 OK\r\n\r\n", b"\x15\x01\x00"]
    said = b"".join(bytes((len(one) - 1,)) + one for one in after)
    return [b"\x01" + said, b"\x00" + whole(b"\x16" + records.handshake_message(20, bytes(32)))]


def quic_alpn(data: bytes) -> None:
    """The EncryptedExtensions of a QUIC server name a protocol or none, or are the one error."""
    with contextlib.suppress(WireError):
        assert read_quic_alpn_untrusted(data).isascii()


def _answered(hello):
    """Return a ServerHello to a hello, and the server's handshake keys."""
    key = X25519PrivateKey.from_private_bytes(bytes(31) + b"\x01")
    share = b"\x00\x1d\x00\x20" + key.public_key().public_bytes_raw()
    extensions = b"\x00\x2b\x00\x02\x03\x04" + b"\x00\x33" + len(share).to_bytes(2) + share
    body = b"\x03\x03" + bytes(range(32)) + b"\x20" + hello.session_id + b"\x13\x01\x00"
    message = records.handshake_message(2, body + len(extensions).to_bytes(2) + extensions)
    suite = schedule.SUITES[0x1301]
    secret = schedule.handshake_secret(
        suite, key.exchange(X25519PublicKey.from_public_bytes(hello.shares.public[X25519]))
    )
    transcript = suite.hash(hello.message + message).digest()
    protection = Protection(suite, schedule.derive(suite, secret, "s hs traffic", transcript))
    return records.record(22, 0x0303, message), protection


def _under_keys_seeds() -> list[bytes]:
    certificate = b"\x00" + _vector(3, _vector(3, _CERTIFICATE) + b"\x00\x00")
    staple = b"\x00\x05\x00\x08\x01\x00\x00\x04abcd"
    stapled = b"\x00" + _vector(3, _vector(3, b"short") + _vector(2, staple))
    messages = [(8, b"\x00\x00"), (8, b"\x00\x0f\x00\x10\x00\x0b\x00\x09\x08http/1.1"), (11, stapled)]
    messages += [(15, b"\x04\x03\x00\x04abcd"), (20, bytes(32)), (4, os.urandom(8)), (11, certificate)]
    sealed = [b"\x16" + records.handshake_message(*message) for message in messages]
    every = b"".join(bytes((len(one) - 1,)) + one for one in sealed if len(one) < 256)
    in_order = [messages[1], messages[6], messages[3], messages[4]]
    staple = (11, b"\x00" + _vector(3, _vector(3, _CERTIFICATE) + _vector(2, staple)))
    flights = [_in_pieces(in_order), _in_pieces([messages[0], staple]), _in_pieces([messages[0], (11, stapled)])]
    return [every, *flights, *(whole(one) for one in sealed if len(one) < 256), whole(b"\x15\x02\x28")]


def _in_pieces(messages) -> bytes:
    """Return messages one after another, in records that `parts` can give."""
    written = b"".join(records.handshake_message(*message) for message in messages)
    pieces = [b"\x16" + written[start : start + 200] for start in range(0, len(written), 200)]
    return b"".join(bytes((len(piece) - 1,)) + piece for piece in pieces)


def _vector(width: int, content: bytes) -> bytes:
    return len(content).to_bytes(width) + content


TARGETS = {
    "flight": FuzzTarget(flight, _flight_seeds),
    "openssl_handshake": FuzzTarget(openssl_handshake, lambda: [whole(seed) for seed in _flight_seeds()]),
    "dialogue": FuzzTarget(dialogue, _dialogue_seeds),
    "proxy": FuzzTarget(proxy, _proxy_seeds),
    "tls13_in_clear": FuzzTarget(tls13_in_clear, lambda: [whole(seed) for seed in _flight_seeds()]),
    "tls13_under_keys": FuzzTarget(tls13_under_keys, _under_keys_seeds),
    "tls13_at_its_end": FuzzTarget(tls13_at_its_end, _end_seeds),
    "quic_alpn": FuzzTarget(quic_alpn, lambda: [b"\x00\x09\x00\x10\x00\x05\x00\x03\x02h3", b"\x00\x00"]),
}
