"""Records and handshake messages: written and read back however they are cut, and refused beyond the limits."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.wire import records
from exporter.wire.records import HandshakeReader, Message, Record, RecordReader, WireError

TYPES = st.sampled_from(sorted(records.CONTENT_TYPES))
RECORDS = st.lists(st.builds(Record, TYPES, st.integers(0x0300, 0x0304), st.binary(max_size=300)), max_size=5)
MESSAGES = st.lists(st.builds(Message, st.integers(0, 255), st.binary(max_size=300)), max_size=5)


def cut(data: bytes, at: list[int]) -> list[bytes]:
    borders = sorted({min(border, len(data)) for border in at} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(borders)]


@given(RECORDS, st.lists(st.integers(0, 1600), max_size=8))
def test_records_come_back_however_the_stream_is_cut(written, at):
    data = b"".join(records.record(one.type, one.version, one.content) for one in written)
    reader = RecordReader()
    assert [one for piece in cut(data, at) for one in reader.feed_untrusted(piece)] == written
    assert reader.pending == 0


@given(MESSAGES, st.lists(st.integers(0, 1600), max_size=8))
def test_messages_come_back_however_records_split_or_pack_them(written, at):
    data = b"".join(records.handshake_message(one.type, one.body) for one in written)
    reader = HandshakeReader()
    assert [one for piece in cut(data, at) for one in reader.feed_untrusted(piece)] == written


def test_a_message_that_claims_sixteen_megabytes_is_refused_when_it_says_so():
    with pytest.raises(WireError, match="claims 16777215 bytes"):
        list(HandshakeReader().feed_untrusted(b"\x0b\xff\xff\xff"))


def test_a_handshake_ends_at_its_limit_however_small_its_messages_are():
    reader = HandshakeReader()
    for _ in range(100):
        assert len(list(reader.feed_untrusted(bytes(1024)))) == 256
    with pytest.raises(WireError, match="more than 102400 bytes"):
        list(reader.feed_untrusted(b"\x00"))


def test_a_record_may_be_as_long_as_rfc_5246_allows_and_no_longer():
    longest = records.record(23, 0x0303, bytes(records.MAX_RECORD))
    assert [one.content for one in RecordReader().feed_untrusted(longest)] == [bytes(records.MAX_RECORD)]
    with pytest.raises(WireError, match="longer than"):
        list(RecordReader().feed_untrusted(b"\x17\x03\x03" + (records.MAX_RECORD + 1).to_bytes(2)))


@pytest.mark.parametrize(
    ("begins", "tls"),
    [
        (b"", True),
        (b"\x16", True),
        (b"\x15\x03\x01\x00\x02", True),
        (b"\x16\x03\x03\xff\xff", False),
        (b"\x16\x02\x00\x00\x05", False),
        (b"SSH-2.0-OpenSSH", False),
        (b"HTTP/1.1 400 Bad Request", False),
        (b"220 mail.example.com ESMTP", False),
        (b"\x80\x2e\x04", False),
    ],
)
def test_first_bytes_tell_tls_from_other_protocols(begins, tls):
    assert records.looks_like_tls_untrusted(begins) is tls


def test_an_encrypted_alert_is_no_alert():
    with pytest.raises(WireError):
        records.read_alert_untrusted(bytes(26))
