"""How a session ends inside TLS: what is said, and that a server can do nothing to the client with its answer."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.wire.dialogue import MAX_BYTES, DialogueError
from exporter.wire.starttls import PROTOCOLS


def leave(protocol, *answers):
    """Say farewell to a server that answers so, one answer after the other, and then closes."""
    said, waiting = [], iter(answers)
    farewell = PROTOCOLS[protocol].leave("im.example.com", "monitor.example.com")
    try:
        step = next(farewell)
        while True:
            if step:
                said.append(step)
            step = farewell.send(b"" if step else next(waiting, b""))
    except (StopIteration, DialogueError):
        return said


@pytest.mark.parametrize(
    ("protocol", "said"),
    [
        ("smtp", [b"QUIT\r\n"]),
        ("lmtp", [b"QUIT\r\n"]),
        ("pop3", [b"QUIT\r\n"]),
        ("ftp", [b"QUIT\r\n"]),
        ("nntp", [b"QUIT\r\n"]),
        ("irc", [b"QUIT\r\n"]),
        ("imap", [b"a3 LOGOUT\r\n"]),
        ("sieve", [b"LOGOUT\r\n"]),
        ("ldap", [bytes.fromhex("30 05 02 01 02 42 00")]),
        ("postgres", []),
        ("xmpp-server", []),
        ("rdp", []),
        ("tds", []),
        ("nats", []),
        ("telnet", []),
    ],
)
def test_what_is_said(protocol, said):
    """One word, said once, whatever the server answers."""
    assert leave(protocol) == said
    assert leave(protocol, b"221 ", b"2.0.0 Bye\r\n") == said


def test_xmpp_ends_the_stream_that_it_begins():
    (said,) = leave("xmpp", b"<stream:stream/>")
    assert said.startswith(b"<?xml version='1.0'?><stream:stream to='im.example.com' ")
    assert said.endswith(b"</stream:stream>")


RESPONSE = b"\x38\x00\x00\x02\x01\x8a\x08\x00" + b"\0\0\0\1!" + bytes(23) + b"\0\0mysql_native_password\0"


@pytest.mark.parametrize(
    ("answers", "then"),
    [
        ([b"\x09\x00\x00\x03\xff\x15\x04#28000"], []),  # access denied
        ([b"\x07\x00\x00\x03\x00\x00\x00\x02\x00\x00\x00"], [b"\x01\x00\x00\x00\x01"]),  # an account without name
        ([b"\x18\x00\x00\x03\xfemysql_native_password\0x"], [b"\x00\x00\x00\x04"]),
        ([b"\x18\x00\x00\x03\xfecaching_sha2_password\0x"], [b"\x01\x00\x00\x04\x00"]),
        (
            [b"\x18\x00\x00\x03\xfecaching_sha2_password\0x", b"\x02\x00\x00\x05\x01\x04", b"\x01\x00\x00\x07\xff"],
            [b"\x01\x00\x00\x04\x00", b"\x01\x00\x00\x06\x00"],
        ),
        (
            [b"\x18\x00\x00\x03\xfecaching_sha2_password\0x", b"\x02\x00\x00\x05\x01\x03\x01\x00\x00\x06\x00"],
            [b"\x01\x00\x00\x04\x00", b"\x01\x00\x00\x00\x01"],
        ),
        ([b"\x00\x00\x00\x03"], []),
    ],
)
def test_mysql_answers_who_it_is(answers, then):
    """A login that is refused is not counted as interrupted; the user has no name, and each plugin gets no password."""
    assert leave("mysql", *answers) == [RESPONSE, *then]


@settings(deadline=None)
@given(st.sampled_from(sorted(PROTOCOLS)), st.lists(st.binary(max_size=60), max_size=6))
def test_any_answer_ends(protocol, answers):
    assert len(leave(protocol, *answers)) <= 6


@pytest.mark.parametrize("protocol", sorted(PROTOCOLS))
def test_a_server_that_never_stops_is_left(protocol):
    """Whatever it says without end, not much more than the limit is heard."""
    farewell, heard = PROTOCOLS[protocol].leave("im.example.com", ""), 0
    with contextlib.suppress(StopIteration, DialogueError):
        step = next(farewell)
        while heard < 4 * MAX_BYTES:
            arrived = b"" if step else b"\x01\x00\x00\x03\x01" * 1000
            heard += len(arrived)
            step = farewell.send(arrived)
    assert heard < 2 * MAX_BYTES
