"""The messages of a server, in the forms that real servers send and in the forms that only an attacker does."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.wire.records import Alert, WireError, handshake_message, record
from exporter.wire.server_flight import ServerFlightReader, read_server_flight_untrusted
from exporter.wire.serverhello import (
    HELLO_RETRY_RANDOM,
    MAX_CERTIFICATES,
    ServerHello,
    read_alpn_untrusted,
    read_certificate_status_untrusted,
    read_certificates_untrusted,
    read_key_exchange_untrusted,
    read_scts_untrusted,
    read_server_hello_untrusted,
)

TLS12_RANDOM = bytes(24) + b"DOWNGRD\x01"


def hello_body(version=0x0303, random=bytes(32), suite=0xC02F, compression=0, extensions=()):
    written = b"".join(number.to_bytes(2) + len(content).to_bytes(2) + content for number, content in extensions)
    body = version.to_bytes(2) + random + b"\x00" + suite.to_bytes(2) + bytes((compression,))
    return body + (len(written).to_bytes(2) + written if extensions else b"")


def vector(width, content):
    return len(content).to_bytes(width) + content


def test_a_hello_without_extensions():
    hello = read_server_hello_untrusted(hello_body())
    assert hello == ServerHello(0x0303, bytes(32), b"", 0xC02F, 0, {})
    assert (hello.group, hello.is_hello_retry_request, hello.downgrade_sentinel) == (None, False, False)


def test_the_version_stands_in_the_extension_where_there_is_one():
    body = hello_body(suite=0x1301, extensions=((43, b"\x03\x04"), (51, b"\x11\xec" + bytes(40))))
    hello = read_server_hello_untrusted(body)
    assert (hello.version, hello.group) == (0x0304, 0x11EC)


def test_a_hello_retry_request_names_its_group():
    body = hello_body(random=HELLO_RETRY_RANDOM, suite=0x1302, extensions=((51, b"\x00\x1d"), (43, b"\x03\x04")))
    hello = read_server_hello_untrusted(body)
    assert hello.is_hello_retry_request
    assert hello.group == 29


@pytest.mark.parametrize("mark", [b"DOWNGRD\x01", b"DOWNGRD\x00"])
def test_downgrade_sentinels(mark):
    assert read_server_hello_untrusted(hello_body(random=bytes(24) + mark)).downgrade_sentinel


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (hello_body()[:20], "a field of 32 bytes"),
        (hello_body() + b"\x00", "a field of 2 bytes"),
        (hello_body(extensions=((0, b""),)) + b"!", "1 bytes after a ServerHello"),
        (hello_body(extensions=((16, b""), (16, b""))), "extension 16 twice"),
        (hello_body(extensions=((43, b"\x03"),)), "names no version"),
    ],
)
def test_broken_hellos_are_refused_with_a_reason(body, why):
    with pytest.raises(WireError, match=why):
        read_server_hello_untrusted(body)


def test_alpn_and_timestamps():
    alpn = (16, vector(2, vector(1, b"h2")))
    scts = (18, vector(2, vector(2, b"one") + vector(2, b"two")))
    hello = read_server_hello_untrusted(hello_body(extensions=(alpn, scts)))
    assert read_alpn_untrusted(hello) == "h2"
    assert read_scts_untrusted(hello) == (b"one", b"two")


def test_timestamps_that_cannot_be_read_are_none():
    hello = read_server_hello_untrusted(hello_body(extensions=((18, b"\x00\x09broken"),)))
    assert read_scts_untrusted(hello) == ()


def test_alpn_of_a_peer_is_made_printable():
    hello = read_server_hello_untrusted(hello_body(extensions=((16, vector(2, vector(1, b"\xff\xfe"))),)))
    assert read_alpn_untrusted(hello) == "\\xff\\xfe"


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_certificates_come_back(certificates):
    body = vector(3, b"".join(vector(3, one) for one in certificates))
    assert read_certificates_untrusted(body) == (tuple(certificates), False)


def test_of_many_certificates_the_first_hundred_are_kept():
    kept, truncated = read_certificates_untrusted(vector(3, vector(3, b"x") * 101))
    assert (len(kept), truncated) == (MAX_CERTIFICATES, True)


def test_staples():
    assert read_certificate_status_untrusted(b"\x01" + vector(3, b"staple")) == b"staple"
    assert read_certificate_status_untrusted(b"\x02" + vector(3, b"several")) is None


@pytest.mark.parametrize(
    ("suite", "body", "group", "dh_bits", "scheme"),
    [
        (0xC02F, b"\x03\x00\x1d" + vector(1, bytes(32)) + b"\x08\x04" + vector(2, b"sig"), 29, None, 0x0804),
        (
            0x009E,
            vector(2, b"\x80" + bytes(127)) + vector(2, b"\x02") + vector(2, b"y") + b"\x04\x01",
            None,
            1024,
            0x0401,
        ),
        (0x0034, vector(2, b"\x00\x7f" + bytes(63)) + vector(2, b"\x02") + vector(2, b"y"), None, 511, None),
        (0xC018, b"\x03\x00\x17" + vector(1, bytes(65)), 23, None, None),
        (0xC02F, b"\x01explicit curve", None, None, None),
        (0x008D, b"hint of a PSK", None, None, None),
    ],
)
def test_key_exchanges(suite, body, group, dh_bits, scheme):
    exchange = read_key_exchange_untrusted(body, 0x0303, suite)
    assert (exchange.group, exchange.dh.bits if exchange.dh else None) == (group, dh_bits)
    assert exchange.signature_scheme == scheme


def test_export_keys_and_older_versions():
    body = vector(2, b"\x80" + bytes(63)) + vector(2, b"\x01\x00\x01")
    assert read_key_exchange_untrusted(body, 0x0301, 0x0008).rsa_export_bits == 512
    ecdhe = b"\x03\x00\x1d" + vector(1, bytes(32)) + vector(2, b"sig")
    assert read_key_exchange_untrusted(ecdhe, 0x0302, 0xC013).signature_scheme is None


# whole flights

HELLO = handshake_message(2, hello_body(random=TLS12_RANDOM, extensions=((0xFF01, b"\x00"), (15, b"\x01"))))
CERTIFICATE = handshake_message(11, vector(3, vector(3, b"leaf") + vector(3, b"issuer")))
STATUS = handshake_message(22, b"\x01" + vector(3, b"staple"))
EXCHANGE = handshake_message(12, b"\x03\x00\x1d" + vector(1, bytes(32)) + b"\x08\x04" + vector(2, b"sig"))
REQUEST = handshake_message(13, b"\x01\x01\x00\x00\x00\x00")
DONE = handshake_message(14, b"")
MESSAGES = HELLO + CERTIFICATE + STATUS + EXCHANGE + REQUEST + DONE
FLIGHT = record(22, 0x0303, MESSAGES)


def assert_whole(flight):
    assert flight.server_hello is not None
    assert flight.certificates == (b"leaf", b"issuer")
    assert flight.staple == b"staple"
    assert flight.key_exchange is not None
    assert flight.key_exchange.group == 29
    assert (flight.certificate_requested, flight.done, flight.broken) == (True, True, "")


def test_a_flight_in_one_record():
    assert_whole(read_server_flight_untrusted(FLIGHT))


@pytest.mark.parametrize("size", [1, 3, 7, 50])
def test_a_flight_in_many_records_and_arrivals(size):
    pieces = [MESSAGES[start : start + size] for start in range(0, len(MESSAGES), size)]
    data = b"".join(record(22, 0x0303, piece) for piece in pieces)
    reader = ServerFlightReader()
    for start in range(0, len(data), 5):
        reader.feed_untrusted(data[start : start + 5])
    assert_whole(reader.flight)


def test_what_was_read_before_the_protocol_broke_is_kept():
    flight = read_server_flight_untrusted(record(22, 0x0303, HELLO + CERTIFICATE) + b"\x16\x03\x03\xff\xff")
    assert flight.certificates == (b"leaf", b"issuer")
    assert "longer than" in flight.broken
    assert not flight.not_tls


def test_a_refusal_after_the_certificates_has_both():
    """What a server does up to TLS 1.2 to a client without a certificate."""
    flight = read_server_flight_untrusted(FLIGHT + record(21, 0x0303, b"\x02\x28"))
    assert flight.fatal_alert == Alert(2, 40)
    assert_whole(flight)


def test_reading_stops_at_what_is_encrypted():
    encrypted = record(20, 0x0303, b"\x01") + record(22, 0x0303, bytes(40)) + record(21, 0x0303, bytes(26))
    flight = read_server_flight_untrusted(FLIGHT + encrypted)
    assert flight.encrypted
    assert_whole(flight)


def test_tls_1_3_with_a_retry_and_its_meaningless_change_cipher_spec():
    retry = hello_body(random=HELLO_RETRY_RANDOM, suite=0x1301, extensions=((43, b"\x03\x04"), (51, b"\x00\x17")))
    hello = hello_body(suite=0x1301, extensions=((43, b"\x03\x04"), (51, b"\x00\x17" + vector(2, b"share"))))
    data = record(22, 0x0303, handshake_message(2, retry)) + record(20, 0x0303, b"\x01")
    data += record(22, 0x0303, handshake_message(2, hello)) + record(23, 0x0303, bytes(60)) + record(23, 0x0303, b"x")
    flight = read_server_flight_untrusted(data)
    assert flight.hello_retry_request is not None
    assert flight.server_hello is not None
    assert (flight.server_hello.version, flight.encrypted, flight.broken) == (0x0304, True, "")


def test_a_warning_is_followed_by_the_hello():
    """Tlslite and old OpenSSL warn of an unknown name, and go on."""
    flight = read_server_flight_untrusted(record(21, 0x0301, b"\x01\x70") + FLIGHT)
    assert flight.alert == Alert(1, 112)
    assert flight.fatal_alert is None
    assert_whole(flight)


@given(st.binary(max_size=400))
def test_any_bytes_give_a_flight(data):
    read_server_flight_untrusted(data)


@given(st.integers(0, len(FLIGHT)), st.binary(max_size=20))
def test_a_flight_that_goes_wrong_anywhere_gives_what_came_before(at, other):
    flight = read_server_flight_untrusted(FLIGHT[:at] + other)
    assert flight.server_hello is None or flight.server_hello.random == TLS12_RANDOM or at < 80


@given(st.binary(max_size=200), st.integers(0, 0x0400), st.sampled_from([0xC02F, 0x009E, 0x0034, 0x0008, 0x1301]))
def test_only_the_one_error_comes_out_of_any_message(body, version, suite):
    hello = ServerHello(version, bytes(32), b"", suite, 0, {16: body, 18: body})
    for read in (
        lambda: read_server_hello_untrusted(body),
        lambda: read_certificates_untrusted(body),
        lambda: read_certificate_status_untrusted(body),
        lambda: read_key_exchange_untrusted(body, version, suite),
        lambda: read_alpn_untrusted(hello),
    ):
        with contextlib.suppress(WireError):
            read()
    read_scts_untrusted(hello)
