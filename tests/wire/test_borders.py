"""The last byte that is read and the first that is not, and what is written to the byte."""

import itertools

import pytest

from exporter.wire import heartbeat, records, robot, sslv2
from exporter.wire.cursor import Cursor
from exporter.wire.dialogue import MAX_BYTES, MAX_QUOTED, Dialogue, DialogueError, printable_untrusted
from exporter.wire.records import (
    MAX_HANDSHAKE,
    MAX_RECORD,
    Alert,
    HandshakeReader,
    Message,
    RecordReader,
    WireError,
    looks_like_tls_untrusted,
    read_alert_untrusted,
)
from exporter.wire.server_flight import ServerFlight, ServerFlightReader, read_server_flight_untrusted
from exporter.wire.serverhello import read_scts_untrusted, read_server_hello_untrusted

HELLO = b"\x03\x03" + bytes(32) + b"\x00\xc0\x2f\x00"


def hello_record(body=HELLO):
    return records.record(22, 0x0303, records.handshake_message(2, body))


# records and messages


def test_what_is_written():
    assert records.record(22, 0x0301, b"abc") == b"\x16\x03\x01\x00\x03abc"
    assert records.handshake_message(1, b"abc") == b"\x01\x00\x00\x03abc"
    assert records.change_cipher_spec(0x0303) == b"\x14\x03\x03\x00\x01\x01"
    assert records.alert(2, 40, 0x0300) == b"\x15\x03\x00\x00\x02\x02\x28"
    assert MAX_HANDSHAKE == 102_400
    assert MAX_RECORD == 18_432


def test_the_longest_record_is_read_and_one_byte_more_is_refused():
    reader = RecordReader()
    whole = records.record(22, 0x0303, bytes(MAX_RECORD))
    assert list(reader.feed_untrusted(whole[:-1])) == []
    assert reader.pending == len(whole) - 1
    (read,) = reader.feed_untrusted(whole[-1:])
    assert len(read.content) == MAX_RECORD
    assert reader.pending == 0
    with pytest.raises(WireError, match=r"18433 bytes"):
        list(reader.feed_untrusted(b"\x16\x03\x03" + (MAX_RECORD + 1).to_bytes(2)))


@pytest.mark.parametrize("first", [b"\x19\x03\x03\x00\x00", b"\x13\x03\x03\x00\x00", b"\x16\x02\x03\x00\x00"])
def test_what_begins_no_record_is_refused_by_its_header(first):
    assert list(RecordReader().feed_untrusted(first[:4])) == []
    with pytest.raises(WireError, match=f"begins with {first.hex()}"):
        list(RecordReader().feed_untrusted(first))


@pytest.mark.parametrize(
    ("data", "tls"),
    [
        (b"", True),
        (b"\x16", True),
        (b"\x18\x03", True),
        (b"\x19", False),
        (b"\x13", False),
        (b"\x16\x02", False),
        (b"\x16\x04", False),
        (b"\x16\x03\x03\x48", True),
        (b"\x16\x03\x03\x48\x00", True),
        (b"\x16\x03\x03\x48\x01", False),
    ],
)
def test_each_byte_of_a_header_tells(data, tls):
    assert looks_like_tls_untrusted(data) is tls


def test_a_handshake_of_the_limit_is_read_and_no_byte_more():
    message = records.handshake_message(11, bytes(MAX_HANDSHAKE - 4))
    (read,) = HandshakeReader().feed_untrusted(message)
    assert read == Message(11, bytes(MAX_HANDSHAKE - 4))
    reader = HandshakeReader()
    list(reader.feed_untrusted(message))
    with pytest.raises(WireError, match="more than 102400 bytes"):
        list(reader.feed_untrusted(b"\x0e"))


def test_a_message_may_claim_the_limit_and_no_more():
    assert list(HandshakeReader().feed_untrusted(b"\x0b" + MAX_HANDSHAKE.to_bytes(3))) == []
    with pytest.raises(WireError, match="claims 102401 bytes"):
        list(HandshakeReader().feed_untrusted(b"\x0b" + (MAX_HANDSHAKE + 1).to_bytes(3)))


def test_an_empty_message_is_whole_with_its_header():
    reader = HandshakeReader()
    assert list(reader.feed_untrusted(b"\x0e\x00\x00")) == []
    assert list(reader.feed_untrusted(b"\x00\x0b")) == [Message(14, b"")]
    assert list(reader.feed_untrusted(b"\x00\x00\x01a")) == [Message(11, b"a")]


@pytest.mark.parametrize("content", [b"", b"\x02", b"\x02\x28\x00"])
def test_an_alert_has_two_bytes(content):
    with pytest.raises(WireError, match=f"an alert of {len(content)} bytes"):
        read_alert_untrusted(content)
    assert read_alert_untrusted(b"\x01\x5a") == Alert(1, 90)


def test_a_cursor_reads_to_the_last_byte_and_not_beyond():
    cursor = Cursor(b"\x01\x02\x02ab")
    assert cursor.number_untrusted(2) == 0x0102
    assert cursor.left == 3
    assert cursor.vector_untrusted(1) == b"ab"
    assert cursor.left == 0
    assert cursor.take_untrusted(0) == b""
    with pytest.raises(WireError, match="a field of 1 bytes where 0 are left"):
        cursor.take_untrusted(1)


# flights


def test_a_flight_is_over_at_its_end_and_at_nothing_else():
    assert not ServerFlight().over
    assert not ServerFlight(alert=Alert(1, 112)).over
    for ended in (
        ServerFlight(done=True),
        ServerFlight(encrypted=True),
        ServerFlight(broken="x"),
        ServerFlight(not_tls=True),
        ServerFlight(alert=Alert(2, 40)),
    ):
        assert ended.over is True


def test_the_first_fatal_alert_counts_and_otherwise_the_last_warning():
    warnings = records.alert(1, 112, 0x0303) + records.alert(1, 90, 0x0303)
    assert read_server_flight_untrusted(warnings).alert == Alert(1, 90)
    assert read_server_flight_untrusted(warnings).fatal_alert is None
    both = warnings + records.alert(2, 40, 0x0303) + records.alert(2, 80, 0x0303) + records.alert(1, 0, 0x0303)
    assert read_server_flight_untrusted(both).fatal_alert == Alert(2, 40)


def test_eight_heartbeats_are_kept():
    beats = b"".join(records.record(24, 0x0303, bytes((number,))) for number in range(10))
    assert read_server_flight_untrusted(hello_record() + beats).heartbeats == tuple(bytes((n,)) for n in range(8))


def test_nothing_is_read_after_it_is_encrypted_or_broken_or_no_tls():
    done = records.record(22, 0x0303, records.handshake_message(14, b""))
    for before in (records.change_cipher_spec(0x0303), b"\x17\x03\x03\x00\x01a", records.record(21, 0x0303, b"abc")):
        reader = ServerFlightReader()
        reader.feed_untrusted(hello_record() + before + done)
        assert not reader.feed_untrusted(done).done
        assert reader.flight.server_hello is not None
    reader = ServerFlightReader()
    assert reader.feed_untrusted(b"HTTP/").not_tls
    assert reader.feed_untrusted(hello_record()).server_hello is None


def test_a_key_exchange_without_a_hello_breaks_the_flight():
    exchange = records.record(22, 0x0303, records.handshake_message(12, b"\x03\x00\x1d\x00"))
    assert read_server_flight_untrusted(exchange).broken == "a ServerKeyExchange before any ServerHello"
    assert read_server_flight_untrusted(hello_record() + exchange).key_exchange is None  # its scheme is missing
    whole = records.record(22, 0x0303, records.handshake_message(12, b"\x03\x00\x1d\x00\x04\x03"))
    flight = read_server_flight_untrusted(hello_record() + whole)
    assert (flight.key_exchange.group, flight.key_exchange.signature_scheme) == (0x001D, 0x0403)


def test_a_request_for_a_certificate_is_noted():
    asked = records.record(22, 0x0303, records.handshake_message(13, b"\x00"))
    assert read_server_flight_untrusted(hello_record() + asked).certificate_requested is True
    assert read_server_flight_untrusted(hello_record()).certificate_requested is False


def test_change_cipher_spec_ends_the_plaintext_before_tls_1_3():
    later = b"\x00\x2b\x00\x02\x03\x04"
    tls13 = hello_record(HELLO + len(later).to_bytes(2) + later)
    assert not read_server_flight_untrusted(tls13 + records.change_cipher_spec(0x0303)).encrypted
    assert read_server_flight_untrusted(hello_record() + records.change_cipher_spec(0x0303)).encrypted
    assert read_server_flight_untrusted(records.change_cipher_spec(0x0303)).encrypted


def test_a_hundred_timestamps_are_kept():
    def hello(count):
        content = b"\x00\x01a" * count
        extension = b"\x00\x12" + (len(content) + 2).to_bytes(2) + len(content).to_bytes(2) + content
        return read_server_hello_untrusted(HELLO + len(extension).to_bytes(2) + extension)

    assert len(read_scts_untrusted(hello(100))) == 100
    assert len(read_scts_untrusted(hello(101))) == 100


# what is written for the active checks and for SSL 2.0


def test_the_paddings_to_the_byte():
    secret, size = bytes(range(46)), 128
    filler = b"\xff" * 77
    nonzero = b"\x01" + bytes(range(1, 46))
    assert robot.padded_secret("well_formed", 0x0303, size, secret) == b"\x00\x02" + filler + b"\x00\x03\x03" + secret
    assert robot.padded_secret("bad_prefix", 0x0303, size, secret) == b"\x41\x17" + filler + b"\x00\x03\x03" + secret
    misplaced = b"\x00\x02" + filler + b"\x11" + nonzero + b"\x00\x11"
    assert robot.padded_secret("zero_misplaced", 0x0303, size, secret) == misplaced
    assert robot.padded_secret("no_zero", 0x0303, size, secret) == b"\x00\x02" + filler + b"\x11\x11\x11" + nonzero
    wrong = b"\x00\x02" + filler + b"\x00\x02\x02" + secret
    assert robot.padded_secret("wrong_version", 0x0303, size, secret) == wrong
    short = robot.padded_secret("well_formed", 0x0303, size, b"a")
    assert short.endswith(b"\x00\x03\x03a" + b"\x11" * 45)
    assert robot.padded_secret("well_formed", 0x0303, size, bytes(60)).endswith(b"\x00\x03\x03" + bytes(46))


def test_the_key_exchange_is_as_long_as_the_modulus():
    for bits, size in ((1024, 128), (1025, 129), (1031, 129), (1032, 129), (1033, 130)):
        key = robot.PublicKey((1 << bits) - 1, 1)
        assert key.size == size
        written = robot.write_client_key_exchange(0x0303, key, b"\x00\x02secret")
        assert written[:5] == b"\x16\x03\x03" + (size + 6).to_bytes(2)
        assert written[5:11] == b"\x10" + (size + 2).to_bytes(3) + size.to_bytes(2)
        assert written.endswith(b"\x00\x02secret")


def test_a_meaningless_finished_has_the_length_of_a_real_one():
    for cipher, length in (("TLS_RSA_WITH_AES_128_GCM_SHA256", 40), ("TLS_RSA_WITH_AES_128_CBC_SHA", 64)):
        written = robot.write_meaningless_finished(0x0302, cipher)
        assert written == b"\x16\x03\x02" + length.to_bytes(2) + b"\xa5" * length


def test_the_heartbeats_to_the_byte():
    head = (4200 + 3).to_bytes(2) + b"\x01" + (4200).to_bytes(2)
    assert heartbeat.write_unpadded_request(0x0303) == b"\x18\x03\x03" + head + b"A" * 4200
    padded = heartbeat.write_padded_request(0x0303)
    assert padded == b"\x18\x03\x03" + (4200 + 19).to_bytes(2) + head[2:] + b"B" * 4200 + bytes(16)


def test_the_sslv2_hello_to_the_byte():
    specs = bytes.fromhex("0100800200800300800400800500800600400700c0")
    body = b"\x01\x00\x02\x00\x15\x00\x00\x00\x10" + specs + bytes(range(16))
    assert sslv2.write_client_hello(bytes(range(16))) == b"\x80\x2e" + body


def sslv2_hello(certificate=0, specs=3, identifier=16, *, length=None, kind=4, version=2):
    body = bytes((kind, 0, 1)) + version.to_bytes(2)
    body += certificate.to_bytes(2) + specs.to_bytes(2) + identifier.to_bytes(2)
    claimed = 11 + certificate + specs + identifier if length is None else length
    return (0x8000 | claimed).to_bytes(2) + body


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"", "incomplete"),
        (b"\x80", "incomplete"),
        (b"\x7f", "other"),
        (b"\x80\x03\x00", "error"),
        (b"\x80\x03\x01", "incomplete"),
        (sslv2_hello(), "server_hello"),
        (sslv2_hello()[:12], "incomplete"),
        (sslv2_hello(specs=0), "server_hello"),
        (sslv2_hello(length=29), "other"),
        (sslv2_hello(length=30), "server_hello"),
        (sslv2_hello(certificate=600), "server_hello"),
        (sslv2_hello(kind=1), "other"),
        (sslv2_hello(version=3), "other"),
    ],
)
def test_answers_to_sslv2(data, answer):
    assert sslv2.read_answer_untrusted(data) == answer


# the dialogue in plaintext


def heard(conversation, chunks, mark=b"\n"):
    """Hear up to a mark, in these pieces."""
    steps = conversation.until_untrusted(mark)
    assert next(steps) == b""
    for chunk in chunks:
        try:
            steps.send(chunk)
        except StopIteration as end:
            return end.value
    raise AssertionError("the mark did not come")


def test_as_many_bytes_are_heard_as_the_limit_says_and_no_more():
    assert MAX_BYTES == 65_536
    line = b"a" * (MAX_BYTES - 1) + b"\n"
    conversation = Dialogue()
    assert heard(conversation, [line + b"rest"]) == line
    assert conversation.leftover() == b"rest"
    with pytest.raises(DialogueError, match="more than 65536 bytes"):
        heard(Dialogue(), [b"a" + line])
    with pytest.raises(DialogueError, match="more than 65536 bytes"):
        heard(Dialogue(), [b"a" * MAX_BYTES, b"\n"])
    half = MAX_BYTES // 2
    assert len(heard(Dialogue(), itertools.repeat(b"a" * half, 1), b"a")) == 1


def test_what_was_said_is_reported_when_the_peer_closes():
    with pytest.raises(DialogueError, match=r"in the middle of: half$") as caught:
        heard(Dialogue(), [b"half", b""])
    assert caught.value.reason == "closed"
    with pytest.raises(DialogueError, match=r"closed the connection$"):
        heard(Dialogue(), [b""])


def test_lines_end_by_lf_or_crlf():
    for written, line in ((b"a\r\n", b"a"), (b"a\n", b"a"), (b"a\r\r\n", b"a\r"), (b"\n", b"")):
        steps = Dialogue().line_untrusted()
        next(steps)
        with pytest.raises(StopIteration) as end:
            steps.send(written)
        assert end.value.value == line


def test_words_of_a_peer_are_cut_and_made_printable():
    assert printable_untrusted(b"a" * MAX_QUOTED) == "a" * 200
    assert printable_untrusted(b"a" * (MAX_QUOTED + 1)) == "a" * 199 + "…"
    assert printable_untrusted(b"a\x1b\n\xff\xc3\xa9") == "a\\x1b\\n\\xffé"
    assert printable_untrusted("é".encode() * 150) == "é" * 150
