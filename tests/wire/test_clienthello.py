"""ClientHellos, byte for byte where it matters, and as a reader of its own understands them."""

from hypothesis import given
from hypothesis import strategies as st

from exporter.posture import hellos
from exporter.posture.scan import ASKED_CLASSES
from exporter.wire import sslv2
from exporter.wire.clienthello import ClientHello
from exporter.wire.cursor import Cursor

RANDOM = bytes(range(32))


def read(hello: bytes):
    """Return version, suites, compressions and extensions of a record, by a reader that shares no code with it."""
    cursor = Cursor(hello)
    assert cursor.number_untrusted(1) == 22
    record_version = cursor.number_untrusted(2)
    body = Cursor(Cursor(hello[3:]).vector_untrusted(2))
    assert body.number_untrusted(1) == 1
    message = Cursor(body.vector_untrusted(3))
    assert body.left == 0
    version = message.number_untrusted(2)
    assert message.take_untrusted(32) == RANDOM
    assert message.vector_untrusted(1) == b""
    suites = message.vector_untrusted(2)
    compressions = message.vector_untrusted(1)
    extensions = {}
    if message.left:
        block = Cursor(message.vector_untrusted(2))
        while block.left:
            number = block.number_untrusted(2)
            assert number not in extensions
            extensions[number] = block.vector_untrusted(2)
    assert message.left == 0
    return (
        record_version,
        version,
        [int.from_bytes(suites[i : i + 2]) for i in range(0, len(suites), 2)],
        compressions,
        extensions,
    )


def test_ssl3_has_no_extensions_and_the_signalling_suite_instead():
    hello = ClientHello(0x0300, (0x000A, 0x0005), RANDOM, "example.com", (29,), (0x0401,), ("h2",), features=True)
    assert read(hello.write()) == (0x0300, 0x0300, [0x000A, 0x0005, 0x00FF], b"\x00", {})


def test_tls_1_0_has_no_signature_algorithms():
    *_, extensions = read(ClientHello(0x0301, (0x002F,), RANDOM, "example.com", (23,), (0x0401,)).write())
    assert set(extensions) == {0, 10, 11, 0xFF01}
    assert extensions[0] == b"\x00\x0e\x00\x00\x0bexample.com"
    assert extensions[0xFF01] == b"\x00"


def test_tls_1_3_asks_for_a_retry_by_an_empty_key_share():
    record_version, version, suites, _, extensions = read(hellos.hello_1_3((0x11EC, 29), RANDOM, None).write())
    assert (record_version, version) == (0x0301, 0x0303)
    assert set(suites) == {0x1301, 0x1302, 0x1303, 0x1304, 0x1305}
    assert (extensions[43], extensions[51], extensions[10]) == (
        b"\x02\x03\x04",
        b"\x00\x00",
        b"\x00\x04\x11\xec\x00\x1d",
    )
    assert 0 not in extensions


def test_the_feature_hello_asks_for_everything_at_once():
    hello = hellos.feature_hello(RANDOM, "example.com").write()
    *_, compressions, extensions = read(hello)
    assert compressions == b"\x01\x00"
    assert set(extensions) >= {0, 5, 10, 11, 13, 15, 18, 22, 23, 35, 0xFF01}
    assert len(hello) < 1200


@given(st.integers(1, 230))
def test_no_hello_has_a_size_at_which_servers_are_known_to_hang(count):
    """RFC 7685: 256 to 511 bytes, counted from the handshake header."""
    hello = ClientHello(0x0303, tuple(range(0xC001, 0xC001 + count)), RANDOM, "example.com").write()
    read(hello)
    assert len(hello) - 5 not in range(256, 512)


def test_no_hello_offers_more_suites_than_servers_take():
    lists = [hellos.WIDE_SUITES, hellos.LEGACY_SUITES, hellos.SSL3_SUITES, hellos.SIGNED_SUITES, hellos.RSA_SUITES]
    lists.append(hellos.suites_of(ASKED_CLASSES))
    assert all(0 < len(suites) <= hellos.MAX_SUITES for suites in lists)
    assert all(0x0000 not in suites for suites in lists)


def test_sslv2_hello_and_answers():
    hello = sslv2.write_client_hello(bytes(16))
    assert hello[:11] == bytes.fromhex("802e 01 0002 0015 0000 0010")
    assert len(hello) == 2 + 0x2E
    answer = bytes.fromhex("04 00 01 0002 0001 0003 0010") + b"c" + b"s12" + bytes(16)
    whole = (0x8000 | len(answer)).to_bytes(2) + answer
    assert sslv2.read_answer_untrusted(whole) is sslv2.Answer.SERVER_HELLO
    assert sslv2.read_answer_untrusted(whole[:9]) is sslv2.Answer.INCOMPLETE
    assert sslv2.read_answer_untrusted(bytes.fromhex("8003000001")) is sslv2.Answer.ERROR
    assert sslv2.read_answer_untrusted(bytes.fromhex("15030100020246")) is sslv2.Answer.OTHER
    assert sslv2.read_answer_untrusted(b"") is sslv2.Answer.INCOMPLETE


@given(st.binary(max_size=60))
def test_any_answer_to_sslv2_is_reported(data):
    sslv2.read_answer_untrusted(data)
