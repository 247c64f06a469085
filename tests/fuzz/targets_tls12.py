"""Bytes of peers in the TLS 1.2 client, up to and beyond the end of a handshake."""

# ruff: noqa: D401 - a target says what it proves

import contextlib

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from OpenSSL import SSL
from support.pki import ec_key, leaf, root

from exporter.config.model import TLSConfig
from exporter.probe.fast_path import Offers
from exporter.probe.openssl_contexts import make_context
from exporter.wire import memo
from exporter.wire.records import WireError
from exporter.wire.tls12.client import Client
from tests.fuzz.target import FuzzTarget

# One hello and one set of keys, so that what a server once answered stays the right answer.
HELLO = Offers().get(make_context(TLSConfig(), ("http/1.1",), None), 0.0).hello("a.example")
_LEAF = leaf(root(), key=ec_key())
_STAPLE = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(Encoding.DER)


def tls12(data: bytes) -> None:
    """The TLS 1.2 client takes any bytes or raises its one error, in one piece as in many."""
    for step in (len(data) or 1, 61):
        client = Client(HELLO)
        with contextlib.suppress(WireError):
            for start in range(0, len(data), step):
                client.receive_untrusted(data[start : start + step])
                client.take()


def _seeds() -> list[bytes]:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    context.use_privatekey(_LEAF.key)
    context.use_certificate(_LEAF.parsed)
    context.set_ocsp_server_callback(lambda _connection, _data: _STAPLE)
    context.set_alpn_select_callback(lambda _connection, offered: offered[0])
    connection = SSL.Connection(context, None)
    connection.set_accept_state()
    connection.bio_write(HELLO.record)
    with contextlib.suppress(SSL.WantReadError):
        connection.do_handshake()
    flight, client = connection.bio_read(1 << 16), Client(HELLO)
    connection.bio_write(client.receive_untrusted(flight))
    connection.do_handshake()
    end = connection.bio_read(1 << 16)
    connection.send(b"HTTP/1.1 204 No Content\r\n\r\n")
    connection.shutdown()
    memo.clear()  # what was remembered here would not be read from the seeds
    return [flight, flight + end, flight + end + connection.bio_read(1 << 16)]


TARGETS = {"tls12": FuzzTarget(tls12, _seeds)}
