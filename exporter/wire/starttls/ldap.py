"""LDAP (RFC 4511 section 4.14): the StartTLS extended operation. There is no bind, and no search.

The reader knows just enough BER (X.690) for an LDAPMessage: low tags and definite lengths, as RFC 4511
section 5.1 wants it.
"""

from collections.abc import Iterator
from typing import Final

from exporter.wire.dialogue import MAX_BYTES, Dialogue, DialogueError, Steps
from exporter.wire.starttls.outcomes import refused, unexpected, unsupported

# SEQUENCE { messageID 1, extendedReq [APPLICATION 23] { requestName [0] "1.3.6.1.4.1.1466.20037" } }
_REQUEST: Final = bytes.fromhex("301d 020101 7718 8016") + b"1.3.6.1.4.1.1466.20037"
_SEQUENCE, _INTEGER, _ENUMERATED, _EXTENDED_RESPONSE = 0x30, 0x02, 0x0A, 0x78
_SUCCESS, _PROTOCOL_ERROR = 0, 2
_LONG_FORM = 0x80
_MAX_LENGTH_OCTETS = 4


def ldap(host: str, client_name: str = "") -> Steps[bytes]:
    """Ask an LDAP server for TLS."""
    del host, client_name
    server = Dialogue()
    yield from server.send(_REQUEST)
    code, message = yield from _response(server)
    if code == _PROTOCOL_ERROR:  # section 4.14.2: the answer of a server that does not support it
        raise unsupported(message)
    if code != _SUCCESS:
        raise refused(message)
    return server.leftover()


def _response(server: Dialogue) -> Steps[tuple[int, bytes]]:
    """Return the resultCode and what was said with it, of the next message."""
    head = yield from server.exactly_untrusted(2)
    if head[0] != _SEQUENCE:
        raise unexpected(head, "an LDAP message")
    octets = b""
    if head[1] & _LONG_FORM:
        octets = yield from server.exactly_untrusted(_length_octets(head))
    length = int.from_bytes(octets) if octets else head[1]
    if length > MAX_BYTES:
        raise unexpected(head + octets, "an LDAP message of a sane length")
    body = yield from server.exactly_untrusted(length)
    elements = list(_elements(body))
    if [tag for tag, _ in elements[:2]] != [_INTEGER, _EXTENDED_RESPONSE]:
        raise unexpected(body, "an LDAP extended response")
    # ExtendedResponse: resultCode ENUMERATED, matchedDN, diagnosticMessage OCTET STRING, ...
    fields = list(_elements(elements[1][1]))
    if len(fields) < 3 or fields[0][0] != _ENUMERATED or not fields[0][1]:  # noqa: PLR2004 - LDAPResult's three
        raise unexpected(body, "an LDAP result")
    code = int.from_bytes(fields[0][1])
    return code, b"resultCode %d %b" % (code, fields[2][1])


def _elements(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Read a sequence of tag-length-value elements."""
    rest = body
    while rest:
        octets, start = b"", 2
        if len(rest) >= start and rest[1] & _LONG_FORM:
            start += _length_octets(rest[:2])
            octets = rest[2:start]
        if len(rest) < start:
            raise unexpected(body, "BER")
        end = start + (int.from_bytes(octets) if octets else rest[1])
        if len(rest) < end:
            raise unexpected(body, "BER")
        yield rest[0], rest[start:end]
        rest = rest[end:]


def _length_octets(head: bytes) -> int:
    count = head[1] & ~_LONG_FORM
    if not 0 < count <= _MAX_LENGTH_OCTETS:  # 0 is the indefinite form, which section 5.1 forbids
        raise _bad_length(head)
    return count


def _bad_length(head: bytes) -> DialogueError:
    return unexpected(head, "a definite BER length")
