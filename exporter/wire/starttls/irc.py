"""IRC (IRCv3's STARTTLS extension, https://ircv3.net/specs/deprecated/tls). No nick is ever registered.

Many servers say nothing to an unknown command before registration, so the capabilities are asked for first; and
not all know those, so that a NICK without a nick follows, to which every server has an answer.
"""

from dataclasses import dataclass

from exporter.wire.dialogue import Dialogue, Steps
from exporter.wire.starttls.outcomes import refused, unexpected, unsupported

_RPL_STARTTLS, _ERR_STARTTLS = b"670", b"691"
_UNKNOWN = frozenset({b"421", b"451"})  # ERR_UNKNOWNCOMMAND, ERR_NOTREGISTERED
_NO_NICK = frozenset({b"431", b"461"})  # ERR_NONICKNAMEGIVEN, ERR_NEEDMOREPARAMS
_DIGITS = 3  # of a numeric command
_LS_MORE = 3  # parameters of "CAP * LS * :", which is not the last line


@dataclass(frozen=True, slots=True)
class _Message:
    command: bytes
    parameters: tuple[bytes, ...]
    trailing: bytes
    said: bytes


def irc(host: str, client_name: str = "") -> Steps[bytes]:
    """Ask an IRC server for TLS. The server need not greet, and may say anything in between."""
    del host, client_name
    server = Dialogue()
    yield from server.send(b"CAP LS 302\r\nNICK\r\n")
    capabilities = yield from _capabilities(server)
    if capabilities is not None and b"tls" not in capabilities:
        raise unsupported(b" ".join(capabilities) or b"no capabilities")
    yield from server.send(b"STARTTLS\r\n")
    answer = yield from _answer(server, _UNKNOWN | {_RPL_STARTTLS, _ERR_STARTTLS})
    if answer.command in _UNKNOWN:
        raise unsupported(answer.said)
    if answer.command == _ERR_STARTTLS:
        raise refused(answer.said)
    return server.leftover()


def _capabilities(server: Dialogue) -> Steps[list[bytes] | None]:
    """Return what the server can do; None if it knows no CAP."""
    names: list[bytes] = []
    while (answer := (yield from _answer(server, _UNKNOWN | _NO_NICK | {b"CAP"}))).command == b"CAP":
        names += [name.partition(b"=")[0] for name in answer.trailing.split()]
        if len(answer.parameters) < _LS_MORE:
            return names
    return None


def _answer(server: Dialogue, awaited: frozenset[bytes]) -> Steps[_Message]:
    """Return the next message with one of the commands; others are passed over, a PING is answered."""
    while True:
        line = yield from server.line_untrusted()
        message = _read_untrusted(line)
        if message is None:
            raise unexpected(line, "an IRC message")
        if message.command in awaited:
            return message
        if message.command == b"ERROR":
            raise refused(line)
        if message.command == b"PING":  # some servers want to know that the client can hear them
            yield from server.send(b"PONG :" + (message.trailing or b" ".join(message.parameters)) + b"\r\n")


def _read_untrusted(line: bytes) -> _Message | None:
    """Read a line, None if it is no message.

    RFC 2812 section 2.3.1: message = [ ":" prefix SPACE ] command [ params ] crlf; IRCv3 puts "@tags SPACE" before it.
    Read in one pass from the left: an expression that tries where the parameters end takes a minute for 64 KiB of
    spaces.
    """
    rest = line
    for mark in (b"@", b":"):
        if rest.startswith(mark):
            rest = rest.partition(b" ")[2].lstrip(b" ")
    command, _, rest = rest.partition(b" ")
    if not command.isalpha() and not (len(command) == _DIGITS and command.isdigit()):
        return None
    middle, _, trailing = (b" " + rest.lstrip(b" ")).partition(b" :")
    return _Message(command.upper(), tuple(middle.split()), trailing, line)
