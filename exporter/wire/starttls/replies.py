"""The reader of three-digit replies, which SMTP, LMTP, FTP and NNTP share. No code has a meaning here."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from exporter.wire.dialogue import Dialogue, DialogueError, Steps
from exporter.wire.starttls.outcomes import refused, unexpected

# RFC 5321 section 4.2: Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
#                       Reply-code = %x32-35 %x30-35 %x30-39
# RFC 959 section 4.2 and RFC 3977 section 3.2 have first digits from 1 on.
_LINE = re.compile(rb"([1-5][0-9]{2})(?:([ -])([^\r]*))?\Z")

NOT_IMPLEMENTED = frozenset({500, 502})  # "command not recognized", "command not implemented": the same in all four


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply: its code, the texts of its lines without the code, and what was said as it stood."""

    code: int
    texts: tuple[bytes, ...]
    said: bytes


def read_reply_untrusted(conversation: Dialogue, *, free_text: bool = False) -> Steps[Reply]:
    """Read one reply of one or more lines.

    RFC 959 section 4.2 lets the lines between first and last be any text (`free_text`); RFC 5321 does not.
    """
    line = yield from conversation.line_untrusted()
    code, texts, said = b"", [], [line]
    while True:
        match = _LINE.match(line)
        if match and code in (b"", match[1]):
            code, separator = match[1], match[2]
            texts.append(match[3] or b"")
            if separator != b"-":
                return Reply(int(code), tuple(texts), b" / ".join(said))
        elif not code or not free_text:
            raise unexpected(line, "a three-digit reply")
        line = yield from conversation.line_untrusted()
        said.append(line)


def read_block_untrusted(conversation: Dialogue) -> Steps[tuple[bytes, ...]]:
    """Read the lines up to a lone dot (RFC 3977 section 3.1.1, RFC 1939 section 3)."""
    lines: list[bytes] = []
    while (line := (yield from conversation.line_untrusted())) != b".":
        lines.append(line.removeprefix(b"."))
    return tuple(lines)


def offers(keyword: bytes, lines: Iterable[bytes]) -> bool:
    """Return whether one of the lines starts with a keyword; case does not matter."""
    return any(line.split(None, 1)[:1] == [keyword] for line in map(bytes.upper, lines))


def demand(reply: Reply, *codes: int) -> None:
    """Raise unless the reply has one of the codes: refused for 4xx and 5xx, else a protocol error."""
    if reply.code not in codes:
        raise _refusal(reply)


def _refusal(reply: Reply) -> DialogueError:
    if reply.code >= 400:  # noqa: PLR2004 - RFC 5321 section 4.2.1: 4yz and 5yz are negative
        return refused(reply.said)
    return unexpected(reply.said, "the expected reply")
