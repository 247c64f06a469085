"""The driver of STARTTLS dialogues over a stream, and the exceptions that it lets out."""

import pytest
from support.scripted import TIMEOUT, ScriptedStream

from exporter.net.reason import NetworkError, Reason
from exporter.probe.starttls import negotiate
from exporter.wire.dialogue import DialogueReason

GREETING = b"220 mail.example.com ESMTP\r\n"
OFFER = b"250-mail.example.com\r\n250 STARTTLS\r\n"


async def test_go_ahead():
    stream = ScriptedStream([GREETING, OFFER, b"220 go\r\n"])
    assert await negotiate(stream, "smtp", "mail.example.com") == b""
    assert stream.written == b"EHLO tls-exporter.invalid\r\nSTARTTLS\r\n"


async def test_what_comes_too_early_is_returned():
    stream = ScriptedStream([GREETING, OFFER, b"220 go\r\n250 SMUGGLED\r\n"])
    assert await negotiate(stream, "smtp", "mail.example.com") == b"250 SMUGGLED\r\n"


async def test_nothing_is_awaited_after_the_last_word():
    """MySQL has no go-ahead: to read after the request would be to wait for the server, which waits for us."""
    greeting = b"\x16\x00\x00\x00\n5.5.5\x00\x05\x00\x00\x00abcdefgh\x00\xff\xff"
    stream = ScriptedStream([greeting, AssertionError("read too much")])
    assert await negotiate(stream, "mysql", "db.example.com") == b""
    assert len(stream.written) == 36


@pytest.mark.parametrize(
    ("heard", "reason", "detail"),
    [
        ([GREETING, b"250 mail\r\n"], Reason.STARTTLS_UNSUPPORTED, "TLS is not offered: 250 mail"),
        ([b"554 no\r\n"], Reason.STARTTLS_REFUSED, "the server said: 554 no"),
        ([b"SSH-2.0\r\n"], Reason.STARTTLS_PROTOCOL_ERROR, "not a three-digit reply: SSH-2.0"),
        ([], Reason.CLOSED, "the peer closed the connection"),
        ([b"2" * 70_000], Reason.TOO_MUCH_DATA, "more than 65536 bytes before TLS"),
        ([TIMEOUT], Reason.TIMEOUT, "the peer said nothing; the deadline passed"),
        ([GREETING, TIMEOUT], Reason.TIMEOUT, "the peer said 28 bytes; the deadline passed"),
    ],
)
async def test_failure(heard, reason, detail):
    with pytest.raises(NetworkError) as caught:
        await negotiate(ScriptedStream(heard), "smtp", "mail.example.com")
    assert (caught.value.reason, caught.value.detail) == (reason, detail)


def test_every_reason_of_a_dialogue_is_in_the_closed_list():
    assert {Reason(reason) for reason in DialogueReason} <= set(Reason)
