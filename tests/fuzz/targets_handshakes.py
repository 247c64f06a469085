"""Bytes of peers around a handshake: DTLS datagrams, TDS packets, groups, and refusals in plaintext."""

import asyncio
import contextlib

from OpenSSL import SSL
from support.pki import ec_key, leaf, root
from support.scripted import TIMEOUT

from exporter.config.model import TLSConfig
from exporter.net.reason import NetworkError, Reason
from exporter.posture.finite_fields import judge_dh_untrusted
from exporter.probe import dtls
from exporter.probe.handshake_failure import flight_failure
from exporter.probe.openssl_contexts import make_context
from exporter.wire import records
from exporter.wire.iana import TLS_1_2
from exporter.wire.records import WireError
from exporter.wire.server_flight import read_server_flight_untrusted
from exporter.wire.serverhello import read_key_exchange_untrusted
from exporter.wire.starttls.tds import Unframer, frame
from tests.fuzz.target import FuzzTarget, parts

CONTEXT = make_context(TLSConfig(), (), None, dtls=True)
_LEAF = leaf(root(), key=ec_key())
_SMALL_MTU = 256  # so that each record is one piece of an input
_DHE, _SUITE = 0x009E, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"
_REASONS = (Reason.PROTOCOL_ERROR, Reason.CLOSED, Reason.TIMEOUT, Reason.TOO_MUCH_DATA)


class _NoSocket:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send(self, data: bytes) -> int:
        self.sent.append(data)
        return len(data)

    def close(self) -> None:
        """Do nothing."""


class _ScriptedEndpoint(dtls.Endpoint):
    """Receives the datagrams of a list; then its deadline passes."""

    def __init__(self, datagrams: list[bytes]) -> None:
        self.socket = _NoSocket()
        super().__init__(CONTEXT, "a.example", self.socket)
        self._datagrams = iter(datagrams)

    async def _datagram(self) -> bytes:
        if found := next(self._datagrams, b""):
            return found
        raise TIMEOUT


async def _dtls(datagrams: list[bytes]) -> list[bytes]:
    endpoint = _ScriptedEndpoint(datagrams)
    try:
        with contextlib.suppress(NetworkError):
            await endpoint.answer()
            done = await endpoint.handshake()
            assert done.failure is not None
            assert done.failure.reason is not Reason.INTERNAL_ERROR
            assert done.failure.detail.isprintable()
    finally:
        endpoint.close()
    return endpoint.socket.sent


def dtls_handshake(data: bytes) -> None:
    """Whatever datagrams a peer answers to a ClientHello, there is a failure with a reason, never a fault."""
    asyncio.run(_dtls(parts(data)))


def _dtls_seeds() -> list[bytes]:
    """Return the first flight of OpenSSL's server, and alerts and other protocols in its place."""
    context = SSL.Context(SSL.DTLS_SERVER_METHOD)
    context.use_privatekey(_LEAF.key)
    context.use_certificate(_LEAF.parsed)
    server = SSL.Connection(context, None)
    server.set_ciphertext_mtu(_SMALL_MTU)
    server.set_accept_state()
    for datagram in asyncio.run(_dtls([])):
        server.bio_write(datagram)
    with contextlib.suppress(SSL.WantReadError):
        server.do_handshake()
    flight = [*dtls.records_of(server.bio_read(1 << 16))]
    alert = b"\x15\xfe\xfd" + bytes(8) + b"\x00\x02\x02\x28"
    ways = (flight, flight[:1], [flight[0], alert], [alert], [b"HTTP/1.1 400 Bad Request"], flight[::-1])
    return [b"".join(bytes((len(one) - 1,)) + one for one in way) for way in ways]


def tds_packets(data: bytes) -> None:
    """Packets are unwrapped to the same records however they are cut, or are the one error."""
    assert _unframed([data] if data else []) == _unframed([data[at : at + 3] for at in range(0, len(data), 3)])


def _unframed(pieces: list[bytes]) -> bytes | None:
    unframer = Unframer()
    try:
        return b"".join(unframer.receive_untrusted(piece) for piece in pieces)
    except WireError:
        return None


def _tds_seeds() -> list[bytes]:
    alert = records.alert(2, 40, TLS_1_2)
    return [frame(alert), frame(bytes(4096)), frame(alert[:3]) + alert, b"\x04\x01\x00\x07" + bytes(4)]


def dh_group(data: bytes) -> None:
    """Any numbers of a ServerKeyExchange are a group, judged in printable words."""
    with contextlib.suppress(WireError):
        found = read_key_exchange_untrusted(data, TLS_1_2, _DHE).dh
        assert found is not None
        judged = judge_dh_untrusted(found, _SUITE)
        assert judged.bits == found.bits
        assert (judged.label + judged.weakness).isprintable()


def _dh_seeds() -> list[bytes]:
    primes = (b"\x17", b"\xff" * 128, b"\xff" * 256, b"\xff" * 600, b"\xc0" + bytes(254) + b"\x01")
    return [_vector(prime) + _vector(b"\x02") + _vector(b"\x05") + b"\x04\x01" for prime in primes]


def _vector(content: bytes) -> bytes:
    return len(content).to_bytes(2) + content


def refusal(data: bytes) -> None:
    """However a handshake ends and whatever was received before, the failure has a printable reason."""
    flight = read_server_flight_untrusted(data)
    for reason in _REASONS:
        for upgraded in (True, False):
            failure = flight_failure(flight, data, NetworkError(reason, "why"), upgraded=upgraded)
            assert failure.reason is not Reason.INTERNAL_ERROR
            assert failure.detail.isprintable()


def _refusal_seeds() -> list[bytes]:
    alert = records.alert(2, 40, TLS_1_2)
    return [alert, alert + b"ERR no TLS here\r\n", b"-ERR \xff\x1b[2J", b"\x16\x03\x03\xff\xff\x02", alert[:6]]


TARGETS = {
    "dtls_handshake": FuzzTarget(dtls_handshake, _dtls_seeds),
    "tds_packets": FuzzTarget(tds_packets, _tds_seeds),
    "dh_group": FuzzTarget(dh_group, _dh_seeds),
    "refusal": FuzzTarget(refusal, _refusal_seeds),
}
