"""HTTP CONNECT and SOCKS5 as dialogues: each row through them, every split of it, and any bytes at all."""

import base64
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.wire.dialogue import DialogueError, DialogueReason
from exporter.wire.http_connect import http_connect
from exporter.wire.socks5 import socks5

PLAIN_CONNECT = b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\nUser-Agent: tls-exporter\r\n\r\n"
NO_AUTH = b"\x05\x01\x00"
EITHER = b"\x05\x02\x00\x02"
REQUEST = b"\x05\x01\x00\x03\x09a.example\x01\xbb"
BOUND = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"
USER = ("user", "s3cret")
LOGIN = b"\x01\x04user\x06s3cret"

HTTP_ROWS = [
    ((), b"HTTP/1.1 200 Connection established\r\n\r\n", "open"),
    ((), b"HTTP/1.0 200\r\nVia: x\r\nContent-Length: 5\r\n\r\n", "open"),
    ((), b"HTTP/1.1 204 \n\n", "open"),
    ((), b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "open"),
    ((), b"HTTP/1.1 407 Who?\r\n\r\n", "proxy_authentication_required: the proxy said: HTTP/1.1 407 Who?"),
    (USER, b"HTTP/1.1 407 No\r\n\r\n", "proxy_authentication_required: the proxy said: HTTP/1.1 407 No"),
    ((), b"HTTP/1.1 403 \x1b[2J\r\n\r\n", "proxy_refused: the proxy said: HTTP/1.1 403 \\x1b[2J"),
    ((), b"HTTP/1.1 301 Go\r\nLocation: x\r\n\r\n", "proxy_refused: the proxy said: HTTP/1.1 301 Go"),
    ((), b"SSH-2.0-x\r\n", "proxy_protocol_error: not an answer of an HTTP proxy: SSH-2.0-x"),
    ((), b"HTTP/1.1 200 OK\r\nX: y\r\n", "closed: the peer closed the connection"),
]
SOCKS_ROWS = [
    ((), b"\x05\x00" + BOUND, NO_AUTH + REQUEST, "open"),
    (USER, b"\x05\x00" + BOUND, EITHER + REQUEST, "open"),
    (USER, b"\x05\x02\x01\x00" + BOUND, EITHER + LOGIN + REQUEST, "open"),
    ((), b"\x05\x00\x05\x00\x00\x03\x03abc\x00\x00", NO_AUTH + REQUEST, "open"),
    ((), b"\x05\x00\x05\x00\x00\x04" + bytes(18), NO_AUTH + REQUEST, "open"),
    (
        (
            (),
            b"\x05\xff",
            NO_AUTH,
            "proxy_authentication_required: the proxy wants another way to authenticate than was offered",
        )
    ),
    (
        (
            USER,
            b"\x05\x02\x01\x01",
            EITHER + LOGIN,
            "proxy_authentication_required: the proxy does not accept the user and password",
        )
    ),
    (
        (),
        b"\x05\x00\x05\x02\x00\x01",
        NO_AUTH + REQUEST,
        "proxy_refused: the proxy said: connection not allowed by ruleset",
    ),
    ((), b"\x05\x00\x05\x05\x00\x01", NO_AUTH + REQUEST, "proxy_refused: the proxy said: connection refused"),
    ((), b"\x05\x00\x05c\x00\x01", NO_AUTH + REQUEST, "proxy_refused: the proxy said: reply 99"),
    ((), b"\x05\x02", NO_AUTH, r"proxy_protocol_error: not an answer of a SOCKS5 proxy: \x05\x02"),
    ((), b"HTTP/1.1 400", NO_AUTH, "proxy_protocol_error: not an answer of a SOCKS5 proxy: HT"),
    (
        (),
        b"\x05\x00\x04\x00\x00\x01",
        NO_AUTH + REQUEST,
        r"proxy_protocol_error: not an answer of a SOCKS5 proxy: \x04\x00\x00\x01",
    ),
    (
        (),
        b"\x05\x00\x05\x00\x00\t",
        NO_AUTH + REQUEST,
        r"proxy_protocol_error: not an answer of a SOCKS5 proxy: \x05\x00\x00\t",
    ),
    ((), b"\x05", NO_AUTH, r"closed: the peer closed the connection in the middle of: \x05"),
]


def converse(dialogue, arrivals):
    feed, said = iter(arrivals), b""
    try:
        step = next(dialogue)
        while True:
            said += step
            step = dialogue.send(b"" if step else next(feed, b""))
    except StopIteration as end:
        return said, "open", end.value
    except DialogueError as error:
        return said, f"{error.reason}: {error.detail}", b""


def split(data, cuts):
    edges = [0, *sorted(set(cuts)), len(data)]
    return [part for start, end in pairwise(edges) if (part := data[start:end])]


def both_ways(dialogue, credentials, heard):
    whole = converse(dialogue("a.example", 443, *credentials), [heard])
    bytewise = converse(dialogue("a.example", 443, *credentials), split(heard, range(len(heard))))
    assert whole == bytewise
    return whole


@pytest.mark.parametrize(("credentials", "heard", "outcome"), HTTP_ROWS)
def test_http_connect(credentials, heard, outcome):
    said, ended, leftover = both_ways(http_connect, credentials, heard)
    assert (ended, leftover) == (outcome, b"")
    assert credentials or said == PLAIN_CONNECT


@pytest.mark.parametrize(("credentials", "heard", "said", "outcome"), SOCKS_ROWS)
def test_socks5(credentials, heard, said, outcome):
    assert both_ways(socks5, credentials, heard) == (said, outcome, b"")


def test_basic_authentication_is_sent_at_once():
    """RFC 7617 section 2, with a colon and letters beyond ASCII in the password."""
    request = next(http_connect("a.example", 443, "üser", "p:ß"))
    expected = base64.b64encode("üser:p:ß".encode())
    assert b"\r\nProxy-Authorization: Basic " + expected + b"\r\n" in request


def test_addresses_are_written_as_each_protocol_wants_them():
    assert next(http_connect("2001:db8::1", 443)).startswith(b"CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001")
    for host, packed in [
        ("192.0.2.1", b"\x01\xc0\x00\x02\x01"),
        ("2001:db8::1", b"\x04\x20\x01\x0d\xb8" + bytes(11) + b"\x01"),
    ]:
        said, _, _ = converse(socks5(host, 443), [b"\x05\x00" + BOUND])
        assert said == NO_AUTH + b"\x05\x01\x00" + packed + b"\x01\xbb"


def test_what_the_peer_behind_the_proxy_says_is_kept():
    assert converse(http_connect("a", 25), [b"HTTP/1.1 200 OK\r\n\r\n220 hello\r\n"])[2] == b"220 hello\r\n"
    assert converse(socks5("a", 25), [b"\x05\x00", BOUND + b"220 hello\r\n"])[2] == b"220 hello\r\n"


def test_credentials_that_do_not_fit():
    """RFC 1929 has one byte for each length."""
    _, outcome, _ = converse(socks5("a", 443, "u" * 256, "p"), [b"\x05\x02"])
    assert outcome.startswith("proxy_authentication_required: a user or password of more than 255 bytes")


def test_a_proxy_that_never_stops_talking():
    _, outcome, _ = converse(http_connect("a", 443), [b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n" * 1000] * 20])
    assert outcome == "too_much_data: more than 65536 bytes before TLS"


@settings(deadline=None)
@given(
    st.sampled_from([http_connect, socks5]),
    st.sampled_from([(), USER]),
    st.sampled_from([b"", b"HTTP/1.1 200 ", b"HTTP/1.1 407\r\n\r\n", b"\x05\x02", b"\x05\x00\x05\x00\x00"]),
    st.binary(max_size=64),
    st.lists(st.integers(0, 64), max_size=4),
)
def test_any_bytes_end_in_a_result(dialogue, credentials, beginning, rest, cuts):
    heard = beginning + rest
    whole = converse(dialogue("a.example", 443, *credentials), [heard])
    parts = converse(dialogue("a.example", 443, *credentials), split(heard, cuts))
    assert whole[:2] == parts[:2]
    assert whole[1].partition(":")[0] in {"open", *DialogueReason}
    assert whole[1].isprintable()
