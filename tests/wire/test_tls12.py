"""The TLS 1.2 client: with OpenSSL as its server it completes; whatever a server does otherwise is its one error."""

import contextlib

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given, settings
from hypothesis import strategies as st
from OpenSSL import SSL

from exporter.config.model import TLSConfig
from exporter.probe.fast_path import Offers
from exporter.probe.openssl_contexts import make_context
from exporter.wire.records import MAX_HANDSHAKE, WireError
from exporter.wire.tls12 import messages
from exporter.wire.tls12.client import Client
from exporter.wire.tls12.key_schedule import SUITES, prf
from tests.support.pki import ec_key, intermediate, leaf, root, rsa_key

TOP = root()
MIDDLE = intermediate(TOP)
LEAVES = {"ECDSA": leaf(MIDDLE, key=ec_key()), "RSA": leaf(MIDDLE, key=rsa_key())}
OFFER = Offers().get(make_context(TLSConfig(), ("h2", "http/1.1"), None), 0.0)
CIPHERS = {  # OpenSSL's names
    0xC02B: b"ECDHE-ECDSA-AES128-GCM-SHA256",
    0xC02C: b"ECDHE-ECDSA-AES256-GCM-SHA384",
    0xC02F: b"ECDHE-RSA-AES128-GCM-SHA256",
    0xC030: b"ECDHE-RSA-AES256-GCM-SHA384",
    0xCCA8: b"ECDHE-RSA-CHACHA20-POLY1305",
    0xCCA9: b"ECDHE-ECDSA-CHACHA20-POLY1305",
}
CURVES = {b"X25519": 0x001D, b"P-256": 0x0017, b"P-384": 0x0018}
SSL_OP_NO_EXTENDED_MASTER_SECRET = 0x1
SSL_OP_NO_TICKET = 0x4000


def server(cipher=CIPHERS[0xC02B], curve=None, *, alpn=None, staple=None, options=0, asks=False):
    issued = LEAVES["ECDSA" if b"ECDSA" in cipher else "RSA"]
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    context.use_privatekey(issued.key)
    context.use_certificate(issued.parsed)
    context.add_extra_chain_cert(MIDDLE.parsed)
    context.set_cipher_list(cipher + b":@SECLEVEL=0")
    context.set_options(options)
    if curve:
        assert SSL._lib.SSL_CTX_set1_curves_list(context._context, curve) == 1
    if alpn:
        context.set_alpn_select_callback(lambda _connection, _offered: alpn)
    if staple:
        context.set_ocsp_server_callback(lambda _connection, _data: staple)
    if asks:
        context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
    connection = SSL.Connection(context, None)
    connection.set_accept_state()
    return connection


def sent(connection):
    try:
        return connection.bio_read(1 << 20)
    except SSL.WantReadError:
        return b""


def shake(connection, change=lambda number, data: data):
    """Go through a handshake with OpenSSL; `change` gets each flight of the server. Return the client."""
    hello = OFFER.hello("a.example")
    client = Client(hello)
    connection.bio_write(hello.record)
    for number in range(2):
        with contextlib.suppress(SSL.WantReadError):
            connection.do_handshake()
        answer = client.receive_untrusted(change(number, sent(connection)))
        if answer:
            connection.bio_write(answer)
    return client


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("suite", SUITES)
def test_every_suite_and_curve_completes(suite, curve):
    client = shake(server(CIPHERS[suite], curve))
    assert client.completed
    assert (client.cipher_suite, client.group) == (suite, CURVES[curve])
    assert client.presented.certificates == (
        LEAVES["ECDSA" if suite in (0xC02B, 0xC02C, 0xCCA9) else "RSA"].der,
        MIDDLE.der,
    )


@pytest.mark.parametrize("options", [0, SSL_OP_NO_EXTENDED_MASTER_SECRET, SSL_OP_NO_TICKET])
@pytest.mark.parametrize("suite", [0xC02B, 0xC030, 0xCCA8])
def test_with_and_without_extended_master_secret_and_tickets_data_passes(suite, options):
    connection = server(CIPHERS[suite], options=options, alpn=b"http/1.1")
    client = shake(connection)
    assert client.completed
    assert client.alpn == b"http/1.1"
    client.begin_data()
    connection.bio_write(client.send(b"x" * 20_000))  # two records
    received = b""
    with contextlib.suppress(SSL.WantReadError):
        while True:
            received += connection.recv(1 << 16)
    assert received == b"x" * 20_000
    connection.send(b"y" * 10_000)
    client.receive_untrusted(sent(connection))
    assert client.take() == b"y" * 10_000
    connection.bio_write(client.close_notify())
    with pytest.raises(SSL.ZeroReturnError):
        connection.recv(1)
    connection.shutdown()
    client.receive_untrusted(sent(connection))
    assert client.closed


STAPLE = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(Encoding.DER)


def test_a_staple_comes_with_the_certificate():
    assert shake(server(staple=STAPLE)).presented.staple == STAPLE
    assert shake(server()).presented.staple is None


@pytest.mark.parametrize(
    "connection",
    [
        lambda: server(asks=True),
        lambda: server(b"ECDHE-ECDSA-AES128-SHA"),
        lambda: server(b"AES128-GCM-SHA256"),
        lambda: server(b"DHE-RSA-AES128-GCM-SHA256"),
        lambda: server(curve=b"P-521"),
        lambda: server(alpn=b"other"),
    ],
    ids=["CertificateRequest", "CBC", "static RSA", "DHE", "a curve that is not known here", "ALPN not offered"],
)
def test_whatever_else_a_server_does_is_a_wire_error(connection):
    with pytest.raises(WireError):
        shake(connection())


def minor_versions(flight):
    """Return where the second byte of the version stands in each record's header: it decides nothing."""
    places, at = set(), 0
    while at < len(flight):
        places.add(at + 2)
        at += 5 + int.from_bytes(flight[at + 3 : at + 5])
    return places


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 1), st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_a_changed_byte_never_completes_a_handshake(flight, where, flip):
    """Each byte is signed, hashed or encrypted. The client raises its one error, or waits for what never comes."""
    decides_nothing = False

    def change(number, data):
        nonlocal decides_nothing
        if number != flight or not data:
            return data
        at = int(where * len(data))
        decides_nothing = at in minor_versions(data)
        return data[:at] + bytes((data[at] ^ flip,)) + data[at + 1 :]

    with contextlib.suppress(WireError, SSL.Error):  # OpenSSL's, when our Finished tells it of the change
        assert not shake(server(), change).completed or decides_nothing


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_readers_let_out_one_exception(body):
    for reader in (
        messages.read_server_hello_untrusted,
        messages.read_certificate_untrusted,
        messages.read_status_untrusted,
        messages.read_key_exchange_untrusted,
    ):
        with contextlib.suppress(WireError):
            reader(body)


def test_too_much_handshake_is_refused():
    client = Client(OFFER.hello("a.example"))
    record = b"\x16\x03\x03\x40\x00" + b"\x0b\xff\xff\xff" + bytes(0x3FFC)
    for _ in range(MAX_HANDSHAKE // len(record)):
        with contextlib.suppress(WireError):  # a Certificate before the ServerHello
            client.receive_untrusted(record)
    with pytest.raises(WireError, match="more than"):
        client.receive_untrusted(record)


def test_a_server_that_marks_a_downgrade_is_left_to_openssl():
    """RFC 8446 section 4.1.3: our hello offers TLS 1.3."""
    body = b"\x03\x03" + bytes(24) + b"DOWNGRD\x01" + b"\x00" + b"\xc0\x2b" + b"\x00"
    with pytest.raises(WireError, match="downgrade"):
        messages.read_server_hello_untrusted(body)


def test_the_pseudorandom_function_gives_what_openssl_gives():
    """Keying material is exported by the same function: what OpenSSL exports for a session must be the same."""
    connection = server()
    client = shake(connection)
    randoms = connection.client_random() + connection.server_random()
    ours = prf(client._suite, connection.master_key(), b"EXPORTER-test", randoms, 100)
    assert ours == connection.export_keying_material(b"EXPORTER-test", 100)
    assert client._master == connection.master_key()
