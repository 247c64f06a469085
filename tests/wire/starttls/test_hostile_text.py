"""Text of 64 KiB that would take an expression minutes to match: each dialogue reads it in one pass.

Where one does not, this does not fail by a clock: it does not end.
"""

import pytest

from exporter.wire.dialogue import MAX_BYTES, DialogueError
from exporter.wire.starttls import PROTOCOLS

SIZE = MAX_BYTES - 100
TEXTS = {
    "zeros": b"\0" * SIZE,
    "letters": b"a" * SIZE,
    "spaces": b" " * SIZE,
    "line ends": b"\n" * SIZE,
    "lines of a reply": b"250-a\r\n" * (SIZE // 7),
    "untagged replies": b"* OK\r\n" * (SIZE // 6),
    "a command of spaces": b"A" + b" " * (SIZE - 10) + b"x:y\r\n",
    "tags of spaces": b"@a" + b" " * (SIZE - 20) + b":b 1\r\n",
    "spaces before colons": b"A" + b" :x:" * (SIZE // 4 - 10) + b"\r\n",
    "tags": b"<a>" * (SIZE // 3),
    "an open quote": b"<a b='" + b">" * (SIZE - 10),
    "open quotes": b"<a b='>" * (SIZE // 7),
    "attributes": b"<a" + b" b='1'" * (SIZE // 6 - 10) + b"!>",
    "spaces in a tag": b"<a" + b" " * (SIZE - 10) + b"!>",
    "prefixes": b"<" + b"a:" * (SIZE // 2 - 10) + b">",
    "elements of BER": b"\x30\x84\x00\x00\x00\x00" * (SIZE // 6),
}


def drive(dialogue, data, size):
    """Let a dialogue receive data in pieces; return how it ended."""
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    try:
        sent = next(dialogue)
        while True:
            sent = next(dialogue) if sent else dialogue.send(pieces.pop(0) if pieces else b"")
    except DialogueError as error:
        return error.reason
    except StopIteration:
        return None


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_dialogue_ends_whatever_is_said(protocol, text):
    for size in (SIZE, 97):
        drive(PROTOCOLS[protocol]("a.example"), TEXTS[text], size)
