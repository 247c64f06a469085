"""Telnet with START_TLS (RFC 854, RFC 855, draft-altman-telnet-starttls-02), as TN3270 servers have it.

    -> IAC WILL START_TLS
    <- IAC DO START_TLS
    -> IAC SB START_TLS FOLLOWS IAC SE
    <- IAC SB START_TLS FOLLOWS IAC SE

A server may ask before the client has offered: the messages cross, and each is the answer to the other. Every other
option is turned down, and text that comes before is passed over. Nobody logs in.
"""

from exporter.wire.dialogue import Dialogue, Steps
from exporter.wire.starttls.outcomes import unexpected, unsupported

_IAC, _DONT, _DO, _WONT, _WILL, _SB, _SE = b"\xff", b"\xfe", b"\xfd", b"\xfc", b"\xfb", b"\xfa", b"\xf0"
_START_TLS, _FOLLOWS = b"\x2e", b"\x01"
_TURNED_DOWN = {_DO: _WONT, _WILL: _DONT}
_LONGEST_SUBNEGOTIATION = 1024


def telnet(host: str, client_name: str = "") -> Steps[bytes]:
    """Ask a telnet server for TLS."""
    del host, client_name
    server = Dialogue()
    yield from server.send(_IAC + _WILL + _START_TLS)
    is_agreed = False
    while True:
        command, argument = yield from _command(server)
        if (command, argument) == (_DO, _START_TLS):
            if not is_agreed:
                yield from server.send(_IAC + _SB + _START_TLS + _FOLLOWS + _IAC + _SE)
            is_agreed = True
        elif (command, argument) == (_DONT, _START_TLS):
            raise unsupported(b"IAC DONT START_TLS")
        elif command == _SB and argument.startswith(_START_TLS):
            if not is_agreed or argument != _START_TLS + _FOLLOWS:
                raise unexpected(argument, "FOLLOWS of START_TLS")
            return server.leftover()
        elif command in _TURNED_DOWN:
            yield from server.send(_IAC + _TURNED_DOWN[command] + argument)


def _command(server: Dialogue) -> Steps[tuple[bytes, bytes]]:
    """Return the next command and its option, or what a subnegotiation says; text is passed over."""
    while True:
        yield from server.until_untrusted(_IAC)
        command = yield from server.exactly_untrusted(1)
        if command in (_DO, _DONT, _WILL, _WONT):
            return command, (yield from server.exactly_untrusted(1))
        if command == _SB:
            return command, (yield from _subnegotiation(server))


def _subnegotiation(server: Dialogue) -> Steps[bytes]:
    """Return what stands between SB and IAC SE; a doubled IAC in it is a byte of data (RFC 855)."""
    said = b""
    while len(said) <= _LONGEST_SUBNEGOTIATION:
        said += (yield from server.until_untrusted(_IAC))[:-1]
        command = yield from server.exactly_untrusted(1)
        if command == _SE:
            return said
        if command != _IAC:
            raise unexpected(said + _IAC + command, "the end of a telnet subnegotiation")
        said += _IAC
    raise unexpected(said, "a telnet subnegotiation of a sane length")
