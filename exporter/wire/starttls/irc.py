"""IRC (IRCv3's STARTTLS extension, https://ircv3.net/specs/deprecated/tls). No nick is ever registered."""

import re

from exporter.wire.conversation import Conversation, Steps
from exporter.wire.starttls.outcomes import refused, unexpected, unsupported

# RFC 2812 section 2.3.1: message = [ ":" prefix SPACE ] command [ params ] crlf
# IRCv3 puts "@tags SPACE" before it.
_MESSAGE = re.compile(rb"(?:@[^ ]+ +)?(?::[^ ]+ +)?([A-Za-z]+|[0-9]{3})(?: +(.*))?\Z")
_RPL_STARTTLS, _ERR_STARTTLS = b"670", b"691"
_UNKNOWN = frozenset({b"421", b"451"})  # ERR_UNKNOWNCOMMAND, ERR_NOTREGISTERED


def irc(host: str) -> Steps[bytes]:
    """Ask an IRC server for TLS. The server need not greet, and may say anything in between."""
    del host
    server = Conversation()
    yield from server.say(b"STARTTLS\r\n")
    while True:
        line = yield from server.line_untrusted()
        message = _MESSAGE.match(line)
        if not message:
            raise unexpected(line, "an IRC message")
        command = message[1].upper()
        if command == _RPL_STARTTLS:
            return server.leftover()
        if command in _UNKNOWN:
            raise unsupported(line)
        if command in (_ERR_STARTTLS, b"ERROR"):
            raise refused(line)
        if command == b"PING":  # some servers want to know that the client can hear them
            yield from server.say(b"PONG " + (message[2] or b"") + b"\r\n")
