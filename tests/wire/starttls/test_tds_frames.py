"""The packets around a TLS handshake with SQL Server: whole again however they are cut, at worst an error."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.wire.records import WireError
from exporter.wire.starttls.tds import Unframer, frame

RECORDS = st.binary(min_size=1, max_size=9000).map(lambda rest: b"\x16" + rest)


def unframe(data, cuts=()):
    unframer, edges = Unframer(), [0, *sorted(cuts), len(data)]
    return b"".join(unframer.receive_untrusted(data[a:b]) for a, b in pairwise(edges))


@given(RECORDS, st.lists(st.integers(0, 9000), max_size=5))
def test_round_trip(records, cuts):
    """Each packet has at most 4096 bytes, the last one ends the message, and any cut gives the records again."""
    packets = frame(records)
    assert unframe(packets, [cut for cut in cuts if cut < len(packets)]) == records
    at, ends = 0, []
    while at < len(packets):
        length = int.from_bytes(packets[at + 2 : at + 4])
        assert 8 < length <= 4096
        ends.append(packets[at + 1])
        at += length
    assert at == len(packets)
    assert ends == [0] * (len(ends) - 1) + [1]


def test_a_record_outside_a_packet_ends_the_framing():
    """As an alert comes from some servers, and all that follows the handshake from each."""
    alert = b"\x15\x03\x03\x00\x02\x02\x28"
    unframer = Unframer()
    assert unframer.receive_untrusted(frame(b"\x16abc") + alert[:3]) == b"\x16abc" + alert[:3]
    assert unframer.receive_untrusted(alert[3:] + b"\x04\x01") == alert[3:] + b"\x04\x01"


@pytest.mark.parametrize("data", [b"HTTP/1.1 400 Bad", b"\x04\x01\x00\x07\x00\x00\x00\x00"])
def test_what_is_neither(data):
    with pytest.raises(WireError):
        unframe(data)


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_any_bytes(chunks):
    unframer, given_out = Unframer(), 0
    try:
        for chunk in chunks:
            given_out += len(unframer.receive_untrusted(chunk))
    except WireError:
        pass
    assert given_out <= sum(map(len, chunks))
