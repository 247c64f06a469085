"""How each dialogue ends at each answer that a server may give: the reason, and what is reported."""

import pytest

from exporter.wire.dialogue import DialogueError
from exporter.wire.http_connect import http_connect
from exporter.wire.starttls import PROTOCOLS


def ends(dialogue, heard):
    """Let a server say all this and close; return the reason and the detail, or what came behind the go-ahead."""
    waiting = iter([heard])
    try:
        step = next(dialogue)
        while True:
            step = dialogue.send(b"" if step else next(waiting, b""))
    except StopIteration as end:
        return "tls", end.value
    except DialogueError as error:
        return str(error.reason).removeprefix("starttls_"), error.detail


def outcome(protocol, heard):
    return ends(PROTOCOLS[protocol]("a.example"), heard)[0]


SMTP = b"220 a ESMTP\r\n250-a\r\n250 STARTTLS\r\n"
NNTP = b"200 a\r\n101 list\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n"
XMPP = b"<stream:stream version='1.0'><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
XMPP += b"</stream:features>"
PROCEED = b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"


@pytest.mark.parametrize(
    ("protocol", "heard", "reason"),
    [
        ("smtp", SMTP + b"220 go\r\n", "tls"),
        ("smtp", SMTP + b"221 go\r\n", "protocol_error"),
        ("smtp", SMTP + b"454 not now\r\n", "refused"),
        ("smtp", b"554 no\r\n", "refused"),
        ("smtp", b"250 a\r\n", "protocol_error"),
        ("smtp", b"220 a\r\n421 busy\r\n", "refused"),
        ("smtp", b"220 a\r\n220 a\r\n", "protocol_error"),
        ("smtp", b"220 a\r\n399 a\r\n", "protocol_error"),
        ("smtp", b"220 a\r\n400 a\r\n", "refused"),
        ("smtp", b"220 a\r\n500 a\r\n", "unsupported"),
        ("smtp", b"220 a\r\n501 a\r\n", "refused"),
        ("smtp", b"220 a\r\n502 a\r\n", "unsupported"),
        ("smtp", b"220 a\r\n250 STARTTLS\r\n", "unsupported"),
        ("lmtp", SMTP + b"220 go\r\n", "tls"),
        ("ftp", b"220 a\r\n234 go\r\n", "tls"),
        ("ftp", b"120 wait\r\n220 a\r\n234 go\r\n", "tls"),
        ("ftp", b"120 wait\r\n120 wait\r\n", "protocol_error"),
        ("ftp", b"220-any\r\n text\r\n220 a\r\n234 go\r\n", "tls"),
        ("ftp", b"421 busy\r\n", "refused"),
        *(("ftp", b"220 a\r\n%d a\r\n" % code, "unsupported") for code in (500, 502, 504, 530)),
        ("ftp", b"220 a\r\n503 a\r\n", "refused"),
        ("ftp", b"220 a\r\n334 a\r\n", "protocol_error"),
        ("nntp", NNTP + b"382 go\r\n", "tls"),
        ("nntp", NNTP.replace(b"200", b"201") + b"382 go\r\n", "tls"),
        ("nntp", b"202 a\r\n", "protocol_error"),
        ("nntp", NNTP + b"580 no\r\n", "refused"),
        ("nntp", NNTP + b"500 what\r\n", "unsupported"),
        ("nntp", NNTP + b"381 a\r\n", "protocol_error"),
        ("nntp", b"200 a\r\n480 who\r\n", "refused"),
        ("nntp", b"200 a\r\n100 help\r\n", "protocol_error"),
        ("nntp", b"200 a\r\n500 what\r\n382 go\r\n", "tls"),
        ("nntp", b"200 a\r\n101 list\r\n.\r\n", "unsupported"),
        ("imap", b"* OK a\r\n* CAPABILITY STARTTLS\r\na1 OK\r\na2 OK\r\n", "tls"),
        ("imap", b"* OK a\r\n* CAPABILITY STARTTLS\r\na1 OK\r\na2 BAD\r\n", "refused"),
        ("imap", b"* OK a\r\n* CAPABILITY STARTTLS\r\na1 OK\r\na1 OK\r\n", "protocol_error"),
        ("imap", b"* OK a\r\n* BYE\r\n", "refused"),
        ("imap", b"* OK a\r\na1 OK\r\n", "unsupported"),
        ("imap", b"* PREAUTH a\r\n", "refused"),
        ("pop3", b"+OK\r\n+OK\r\nSTLS\r\n.\r\n+OK\r\n", "tls"),
        ("pop3", b"+OK\r\n+OK\r\n.\r\n", "unsupported"),
        ("pop3", b"+OK\r\n-ERR\r\n-ERR\r\n", "unsupported"),
        ("pop3", b"+OK\r\n+OK\r\nSTLS\r\n.\r\n-ERR\r\n", "refused"),
        ("pop3", b"-ERR\r\n", "refused"),
        ("postgres", b"S", "tls"),
        ("postgres", b"N", "unsupported"),
        ("postgres", b"E\x00\x00\x00\x09Mno\x00\x00", "refused"),
        ("postgres", b"E\x00\x00\x00\x04\x00", "refused"),
        ("postgres", b"X", "protocol_error"),
        ("sieve", b'"STARTTLS"\r\nOK\r\nOK\r\n', "tls"),
        ("sieve", b'"SIEVE" {3}\r\nabc\r\n"STARTTLS"\r\nOK\r\nNO\r\n', "refused"),
        ("sieve", b'{5}\r\nabcde\r\n"STARTTLS"\r\nOK\r\nOK\r\n', "tls"),
        ("sieve", b"OK\r\n", "unsupported"),
        ("sieve", b"BYE\r\n", "refused"),
        ("sieve", b"hello\r\n", "protocol_error"),
        ("irc", b":a CAP * LS :tls\r\n:a 670 * :go\r\n", "tls"),
        ("irc", b":a CAP * LS :sasl\r\n", "unsupported"),
        ("irc", b":a CAP * LS * :sasl\r\n:a CAP * LS :tls=x\r\n:a 670 * :go\r\n", "tls"),
        *(("irc", b":a %d * NICK :x\r\n:a 670 * :go\r\n" % code, "tls") for code in (421, 431, 451, 461)),
        ("irc", b":a 432 * :x\r\n", "closed"),
        ("irc", b":a CAP * LS :tls\r\n:a 691 * :no\r\n", "refused"),
        ("irc", b":a CAP * LS :tls\r\n:a 421 * :no\r\n", "unsupported"),
        ("irc", b"ERROR :closing\r\n", "refused"),
        ("xmpp", XMPP + PROCEED, "tls"),
        ("xmpp", XMPP + b"<proceed/>", "protocol_error"),
        ("xmpp", XMPP + b"<success xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "protocol_error"),
        ("xmpp", XMPP + b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "refused"),
        ("xmpp", XMPP + b"</stream:stream>", "refused"),
        ("xmpp", XMPP + PROCEED.replace(b"/>", b"></proceed>"), "tls"),
        ("xmpp", XMPP + PROCEED.replace(b"/>", b"><proceed>"), "protocol_error"),
        ("xmpp", XMPP + PROCEED.replace(b"/>", b"></other>"), "protocol_error"),
        ("xmpp", b"<stream:stream>", "unsupported"),
        ("xmpp", b"</stream:stream>", "protocol_error"),
        ("xmpp", b"<other version='1.0'>", "protocol_error"),
        ("xmpp-server", XMPP + PROCEED, "tls"),
    ],
)
def test_each_answer_has_its_end(protocol, heard, reason):
    assert outcome(protocol, heard) == reason


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (200, "tls"),
        (299, "tls"),
        (300, "proxy_refused"),
        (407, "proxy_authentication_required"),
        (500, "proxy_refused"),
    ],
)
def test_each_status_of_a_proxy(status, reason):
    assert ends(http_connect("a.example", 443), b"HTTP/1.1 %d a\r\n\r\n" % status)[0] == reason


def test_an_interim_answer_is_no_answer():
    heard = b"HTTP/1.1 199 wait\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\nrest"
    assert ends(http_connect("a.example", 443), heard) == ("tls", b"rest")


def test_without_capabilities_that_is_what_is_reported():
    for protocol, heard in (
        ("nntp", b"200 a\r\n101 list\r\n.\r\n"),
        ("imap", b"* OK a\r\na1 OK\r\n"),
        ("sieve", b"OK\r\n"),
        ("pop3", b"+OK\r\n+OK\r\n.\r\n"),
        ("irc", b":a CAP * LS :\r\n"),
    ):
        _, detail = ends(PROTOCOLS[protocol]("a.example"), heard)
        assert detail == "TLS is not offered: no capabilities"


def test_a_ping_is_answered_with_its_words():
    dialogue = PROTOCOLS["irc"]("a.example")
    assert next(dialogue) == b"CAP LS 302\r\nNICK\r\n"
    assert dialogue.send(b"") == b""
    assert dialogue.send(b"PING :two words\r\nPING one two\r\n") == b"PONG :two words\r\n"
    assert dialogue.send(b"") == b"PONG :one two\r\n"


def test_what_a_postgres_error_says():
    error = b"E\x00\x00\x00\x0eSFATAL\x00Mno\x00"
    long = b"E" + (4 + len(b"SFATAL\0Mno way\0\0")).to_bytes(4) + b"SFATAL\0Mno way\0\0"
    assert ends(PROTOCOLS["postgres"]("a"), long) == ("refused", "the server said: no way")
    nameless = b"E\x00\x00\x00\x0dSFATAL\x00x\x00"
    assert ends(PROTOCOLS["postgres"]("a"), nameless) == ("refused", "the server said: SFATAL / x")
    assert ends(PROTOCOLS["postgres"]("a"), b"Eold words\0") == ("refused", "the server said: old words")
    assert ends(PROTOCOLS["postgres"]("a"), error)[0] == "refused"
