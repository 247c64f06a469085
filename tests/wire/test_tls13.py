"""The TLS 1.3 client: with OpenSSL as its server it completes; whatever a server does otherwise is its one error."""

import contextlib
import tracemalloc

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from OpenSSL import SSL

from exporter.config.model import TLSConfig
from exporter.probe.fast_path import Offers
from exporter.probe.openssl_contexts import make_context
from exporter.wire import records
from exporter.wire.records import MAX_HANDSHAKE, MAX_RECORD, WireError
from exporter.wire.serverhello import HELLO_RETRY_RANDOM
from exporter.wire.tls13.client import Client
from exporter.wire.tls13.hello import read_offer
from exporter.wire.tls13.key_shares import X25519, X25519MLKEM768, KeyShares
from exporter.wire.tls13.messages import read_certificate_untrusted, read_encrypted_extensions_untrusted
from tests.support.pki import ec_key, intermediate, leaf, root, rsa_key
from tests.support.tls13_server import Server, certificate_message, extension, hello_of, shares_of, vector

TOP = root()
MIDDLE = intermediate(TOP)
LEAF = leaf(MIDDLE, key=ec_key())
OFFER = Offers().get(make_context(TLSConfig(), ("h2", "http/1.1"), None), 0.0)
WITHOUT_ALPN = Offers().get(make_context(TLSConfig(), (), None), 0.0)
SUITES = {0x1301: b"TLS_AES_128_GCM_SHA256", 0x1302: b"TLS_AES_256_GCM_SHA384", 0x1303: b"TLS_CHACHA20_POLY1305_SHA256"}


def openssl_server(issued=LEAF, *, suite=None, curve=None, alpn=None, version=None, asks=False):
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_privatekey(issued.key)
    context.use_certificate(issued.parsed)
    context.add_extra_chain_cert(MIDDLE.parsed)
    context.set_cipher_list(b"ALL:@SECLEVEL=0")
    if suite:
        context.set_tls13_ciphersuites(suite)
    if curve:
        context.set_tmp_ecdh(curve)
    if alpn:
        context.set_alpn_select_callback(lambda _connection, _offered: alpn)
    if version:
        context.set_max_proto_version(version)
    if asks:
        context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
    connection = SSL.Connection(context, None)
    connection.set_accept_state()
    return connection


def said(connection):
    try:
        return connection.bio_read(1 << 20)
    except SSL.WantReadError:
        return b""


def shake(server, offer=OFFER, name="a.example"):
    """Go through a handshake with OpenSSL; return the client."""
    hello = offer.hello(name)
    client = Client(hello)
    server.bio_write(hello.record)
    with contextlib.suppress(SSL.WantReadError):
        server.do_handshake()
    server.bio_write(client.receive_untrusted(said(server)))
    server.do_handshake()
    return client


def only_x25519():
    """Return the offer of a client that knows no hybrid group."""
    schemes = bytes.fromhex("0403 0503 0603 0804 0805 0806 0807 0808")
    return read_offer(
        hello_of(
            extension(43, b"\x02\x03\x04"),
            extension(10, b"\x00\x02\x00\x1d"),
            extension(13, vector(2, schemes)),
            extension(16, vector(2, b"\x08http/1.1")),
            shares_of((X25519, bytes(32))),
            suites=bytes.fromhex("1301 1302 1303"),
        ),
        KeyShares(),
    )


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize(("group", "offer"), [(X25519, only_x25519), (X25519MLKEM768, lambda: OFFER)])
def test_every_suite_and_group_with_openssl(suite, group, offer):
    server = openssl_server(suite=SUITES[suite], alpn=b"http/1.1")
    client = shake(server, offer())
    assert client.completed
    assert (client.cipher_suite, client.group, client.alpn) == (suite, group, b"http/1.1")
    assert client.presented.certificates == (LEAF.der, MIDDLE.der)
    assert client.presented.staple is None
    assert server.get_servername() == b"a.example"
    client.begin_data()
    question = bytes(range(256)) * 200
    server.bio_write(client.send(question))
    heard = b""
    while len(heard) < len(question):
        heard += server.recv(65536)
    assert heard == question
    server.send(b"an answer")
    server.send(b", in two")
    client.receive_untrusted(said(server))
    assert client.take() == b"an answer, in two"
    assert client.take() == b""
    assert not client.closed
    server.shutdown()
    client.receive_untrusted(said(server))
    assert client.closed


@pytest.mark.parametrize(
    "key",
    [
        ec_key(),
        ec_key(ec.SECP384R1),
        ec_key(ec.SECP521R1),
        rsa_key(2048),
        ed25519.Ed25519PrivateKey.generate(),
        ed448.Ed448PrivateKey.generate(),
    ],
    ids=lambda key: type(key).__name__ + str(getattr(key, "key_size", "")),
)
def test_every_kind_of_key_with_openssl(key):
    assert shake(openssl_server(leaf(MIDDLE, key=key))).completed


def test_without_an_offer_no_protocol_is_agreed():
    assert shake(openssl_server(alpn=b"h2"), WITHOUT_ALPN).alpn == b""


@pytest.mark.parametrize(
    ("server", "why"),
    [
        ({"curve": ec.SECP256R1()}, "a HelloRetryRequest"),
        ({"version": SSL.TLS1_2_VERSION}, "too short for TLS 1.3"),
        ({"asks": True}, "of type 13 where 11 is expected"),
    ],
)
def test_what_is_left_to_openssl(server, why):
    with pytest.raises(WireError, match=why):
        shake(openssl_server(**server))


def test_a_name_is_sent_only_if_there_is_one():
    server = openssl_server()
    assert shake(server, name=None).completed
    assert server.get_servername() is None


def test_a_flight_arrives_in_any_pieces():
    for size in (1, 7, 100):
        hello = OFFER.hello("a.example")
        client, server = Client(hello), Server(LEAF)
        flight, answer = server.flight(hello), b""
        for start in range(0, len(flight), size):
            assert not client.completed
            answer += client.receive_untrusted(flight[start : start + size])
        assert client.completed
        assert answer[:6] == b"\x14\x03\x03\x00\x01\x01"
        content_type, finished = server.read.open_untrusted(answer[6:11], answer[11:])
        assert content_type == 22
        assert finished == records.handshake_message(20, server.begin_data())


def test_messages_may_share_a_record_or_be_split():
    hello = OFFER.hello("a.example")
    client, server = Client(hello), Server(LEAF)
    client.receive_untrusted(server.hello(hello))
    together = b"".join(server.messages())
    client.receive_untrusted(server.write.seal(22, together[:9]) + server.write.seal(22, together[9:]))
    assert client.completed


def test_change_cipher_spec_is_passed_over_within_the_handshake_only():
    hello = OFFER.hello("a.example")
    client, server = Client(hello), Server(LEAF)
    client.receive_untrusted(server.hello(hello) + b"\x14\x03\x03\x00\x01\x01")
    for message in server.messages():
        client.receive_untrusted(b"\x14\x03\x03\x00\x01\x01" + server.write.seal(22, message))
    assert client.completed
    client.begin_data()
    with pytest.raises(WireError, match="in plaintext"):
        client.receive_untrusted(b"\x14\x03\x03\x00\x01\x01")
    with pytest.raises(WireError, match="type 20"):
        Client(hello).receive_untrusted(b"\x14\x03\x03\x00\x01\x01")


SHARE = extension(51, X25519.to_bytes(2) + vector(2, bytes(31) + b"\x01"))
STAPLE = extension(5, b"\x01" + vector(3, b"response"))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"hello_extensions": b""}, "another version"),
        ({"version": 0x0304}, "does not answer"),
        ({"hello_extensions": SHARE}, "another version"),
        ({"random": HELLO_RETRY_RANDOM}, "HelloRetryRequest"),
        ({"hello_extensions": extension(43, b"\x03\x03") + SHARE}, "another version"),
        ({"hello_more": b"!"}, "another length"),
        ({"suite": 0x1304}, "not known here"),
        ({"suite": 0xC02F}, "not known here"),
        ({"session_id": bytes(32)}, "does not answer"),
        ({"session_id": b""}, "ServerHello"),
        ({"session_id": bytes(33)}, "does not answer"),
        ({"compression": 1}, "does not answer"),
        ({"hello_extensions": extension(43, b"\x03\x04")}, "other extensions"),
        ({"hello_extensions": extension(43, b"\x03\x04") + SHARE + extension(0, b"")}, "other extensions"),
        ({"hello_extensions": extension(43, b"\x03\x04") + extension(51, b"\x00\x1d\x00\x01a!")}, "another length"),
        ({"hello_extensions": extension(43, b"\x03\x04") + extension(51, b"\x00\x17\x00\x01a")}, "not offered"),
        ({"hello_extensions": extension(43, b"\x03\x04") + extension(51, b"\x00\x1d\x00\x01a")}, "cannot be used"),
        ({"hello_extensions": extension(43, b"\x03\x04") + extension(51, b"\x11\xec\x00\x01a")}, "cannot be used"),
        (
            {"hello_extensions": extension(43, b"\x03\x04") + extension(51, b"\x00\x1d\x00\x20" + bytes(32))},
            "cannot be",
        ),
        ({"encrypted_extensions": vector(2, extension(42, b""))}, "extension 42 was not asked for"),
        ({"encrypted_extensions": vector(2, extension(0, b"") * 2)}, "extension 0 twice"),
        ({"encrypted_extensions": vector(2, extension(16, vector(2, b"\x02h3")))}, "not offered"),
        ({"certificate": certificate_message(LEAF.der, context=b"a")}, "request context"),
        ({"certificate": certificate_message()}, "with 0 certificates"),
        ({"certificate": certificate_message(LEAF.der, more=b"!")}, "with 1 certificates"),
        ({"certificate": certificate_message(*[LEAF.der] * 101)}, "with 101 certificates"),
        ({"certificate": certificate_message(LEAF.der, extensions=extension(35, b""))}, "was not asked for"),
        ({"certificate": certificate_message(LEAF.der, extensions=extension(5, b"\x02"))}, "no OCSP response"),
        ({"certificate": certificate_message(LEAF.der, extensions=STAPLE + STAPLE)}, "extension 5 twice"),
        ({"certificate": certificate_message(b"no certificate")}, "cannot be read"),
        ({"signature": b"wrong"}, "does not verify: InvalidSignature"),
        ({"scheme": 0x0503}, "0x0503 is not for this key"),
        ({"scheme": 0x0807}, "0x0807 is not for this key"),
        ({"scheme": 0x0804}, "0x0804 is not for this key"),
        ({"verify_data": bytes(32)}, "does not match"),
        ({"finished_more": records.handshake_message(4, b"")}, "change of keys"),
    ],
)
def test_a_server_that_does_otherwise_is_left_to_openssl(changes, why):
    hello = OFFER.hello("a.example")
    client = Client(hello)
    with pytest.raises(WireError, match=why):
        client.receive_untrusted(Server(LEAF, **changes).flight(hello))
    assert not client.completed


def test_a_hundred_certificates_an_empty_staple_and_known_extensions_are_ordinary():
    known = extension(0, b"") + extension(10, b"\x00\x02\x00\x1d") + extension(16, vector(2, b"\x02h2"))
    hello = OFFER.hello("a.example")
    client = Client(hello)
    ends = certificate_message(LEAF.der, *[MIDDLE.der] * 99, extensions=extension(5, b"\x01\x00\x00\x00"))
    client.receive_untrusted(Server(LEAF, certificate=ends, encrypted_extensions=vector(2, known)).flight(hello))
    assert client.completed
    assert len(client.presented.certificates) == 100
    assert client.presented.staple is None
    assert client.alpn == b"h2"


def test_a_staple_is_kept():
    hello = OFFER.hello("a.example")
    client = Client(hello)
    stapled = certificate_message(LEAF.der, MIDDLE.der, extensions=STAPLE)
    client.receive_untrusted(Server(LEAF, certificate=stapled).flight(hello))
    assert client.presented.staple == b"response"


@pytest.mark.parametrize(
    ("content", "scts"),
    [
        (b"\x00\x07\x00\x02ab\x00\x01c", (b"ab", b"c")),
        (b"\x00\x04\x00\x02ab", (b"ab",)),
        (b"", ()),
        (b"\x00\x09\x00", ()),
    ],
)
def test_timestamps_are_kept_as_far_as_they_can_be_read(content, scts):
    hello = OFFER.hello("a.example")
    client = Client(hello)
    delivered = certificate_message(LEAF.der, MIDDLE.der, extensions=extension(18, content) + STAPLE)
    client.receive_untrusted(Server(LEAF, certificate=delivered).flight(hello))
    assert client.completed
    assert (client.presented.scts, client.presented.staple) == (scts, b"response")


def after_server_hello():
    hello = OFFER.hello("a.example")
    client, server = Client(hello), Server(LEAF)
    client.receive_untrusted(server.hello(hello))
    return client, server


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (lambda server: b"\x16\x03\x03\x00\x04abcd", "in plaintext after"),
        (lambda server: b"\x17\x03\x03\x00\x20" + bytes(32), "does not decrypt"),
        (lambda server: b"\x17\x02\x03\x00\x20" + bytes(32), "no TLS record"),
        (lambda server: server.write.seal(0, b""), "without a content type"),
        (lambda server: server.write.seal(22, b""), "type 22 where none"),
        (lambda server: server.write.seal(23, b"data"), "type 23 where none"),
        (lambda server: server.write.seal(21, b"\x02\x28"), "type 21 where none"),
        (lambda server: server.write.seal(22, records.handshake_message(20, b"")), "type 20 where 8 is expected"),
        (lambda server: server.write.seal(22, records.handshake_message(8, b"\x00")), "another length"),
    ],
)
def test_records_where_none_of_their_kind_is_expected(record, why):
    client, server = after_server_hello()
    with pytest.raises(WireError, match=why):
        client.receive_untrusted(record(server))


def test_padding_is_taken_away():
    client, server = after_server_hello()
    messages = server.messages()
    padded = b""
    for message in messages:
        header = b"\x17\x03\x03" + (len(message) + 1 + 9 + 16).to_bytes(2)
        inner = message + b"\x16" + bytes(9)
        padded += header + server.write._aead.encrypt(server.write._nonce(), inner, header)
    client.receive_untrusted(padded)
    assert client.completed


def test_the_longest_record_and_one_byte_more():
    client, _ = after_server_hello()
    client.receive_untrusted(b"\x17\x03\x03" + MAX_RECORD.to_bytes(2))
    with pytest.raises(WireError, match=r"longer than RFC 8446 section 5\.2"):
        after_server_hello()[0].receive_untrusted(b"\x17\x03\x03" + (MAX_RECORD + 1).to_bytes(2))


def test_more_plaintext_than_a_record_may_hold():
    client, server = after_server_hello()
    with pytest.raises(WireError, match=r"more than 2\^14"):
        client.receive_untrusted(server.write.seal(22, bytes(16_385)))
    client, server = after_server_hello()
    client.receive_untrusted(server.write.seal(22, b"\x08\x00\xff\xff" + bytes(16_380)))


def send_on(client, server, first, count):
    """Send the beginning of a long message, and as many records of it."""
    for content in (first, *[bytes(16_000)] * count):
        client.receive_untrusted(server.write.seal(22, content))


def test_no_more_than_so_many_bytes_of_handshake_are_taken():
    with pytest.raises(WireError, match=f"more than {MAX_HANDSHAKE} bytes"):
        send_on(*after_server_hello(), b"\x08\x03\xff\xff", 17)


def completed():
    hello = OFFER.hello("a.example")
    client, server = Client(hello), Server(LEAF)
    client.receive_untrusted(server.flight(hello))
    client.begin_data()
    server.begin_data()
    return client, server


def test_after_the_handshake_tickets_are_passed_over_and_nothing_else():
    client, server = completed()
    waiter = records.handshake_message(4, bytes(100))
    client.receive_untrusted(server.write.seal(22, waiter * 2 + waiter[:50]) + server.write.seal(22, waiter[50:]))
    client.receive_untrusted(server.write.seal(23, b"data"))
    assert client.take() == b"data"
    with pytest.raises(WireError, match="type 24 after the handshake"):
        client.receive_untrusted(server.write.seal(22, records.handshake_message(24, b"\x00")))


def test_data_has_no_limit_but_messages_after_the_handshake_have():
    client, server = completed()
    for _ in range(MAX_HANDSHAKE // 16_384 + 2):
        client.receive_untrusted(server.write.seal(23, bytes(16_384)))
    assert len(client.take()) > MAX_HANDSHAKE
    with pytest.raises(WireError, match="bytes of handshake"):
        send_on(client, server, b"\x04\xff\xff\xff", MAX_HANDSHAKE // 16_000 + 1)


@pytest.mark.parametrize(("alert", "closed"), [(b"\x01\x00", True), (b"\x02\x28", False), (b"\x01", False)])
def test_alerts_after_the_handshake(alert, closed):
    client, server = completed()
    if closed:
        client.receive_untrusted(server.write.seal(21, alert))
    else:
        with pytest.raises(WireError, match="type 21 where none"):
            client.receive_untrusted(server.write.seal(21, alert))
    assert client.closed == closed


def test_long_data_is_sent_in_records_of_bearable_length():
    client, server = completed()
    sent = client.send(bytes(16_384) + b"more")
    length = int.from_bytes(sent[3:5])
    assert server.read.open_untrusted(sent[:5], sent[5 : 5 + length]) == (23, bytes(16_384))
    rest = sent[5 + length :]
    assert server.read.open_untrusted(rest[:5], rest[5:]) == (23, b"more")


@pytest.mark.parametrize(
    ("read", "message", "answer"),
    [
        (read_certificate_untrusted, lambda junk: certificate_message(LEAF.der, junk), lambda junk: junk),
        (read_encrypted_extensions_untrusted, lambda junk: vector(2, extension(10, junk)), lambda _: b""),
    ],
    ids=["certificates", "extensions"],
)
def test_only_messages_of_ordinary_length_are_remembered(read, message, answer):
    """A server may send others at each handshake, of a quarter of a megabyte each."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(50):
            junk = number.to_bytes(2) * 25_000
            found = read(message(junk))
            assert (found if isinstance(found, bytes) else found.certificates[1]) == answer(junk)
        del found, junk
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 100_000
    short = message(b"short")
    assert read(short) is read(bytes(bytearray(short)))
