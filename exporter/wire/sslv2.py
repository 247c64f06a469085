"""SSL 2.0: its CLIENT-HELLO, and what kind of answer came (Hickman 1995; RFC 6176 prohibits it).

Only the kind of the first answer is read; no SSL 2.0 handshake is ever gone through.
"""

import struct
from enum import StrEnum

_CLIENT_HELLO = 1
_SERVER_HELLO = 4
_VERSION = 0x0002
# RC4, RC4-export, RC2, RC2-export, IDEA, DES, 3DES
_CIPHER_SPECS = bytes.fromhex("010080 020080 030080 040080 050080 060040 0700c0")
_ERROR = b"\x80\x03\x00"  # header of three bytes, MSG-ERROR; two bytes of error code follow
# SERVER-HELLO: type, session-id-hit, certificate type, version, lengths of certificate, cipher specs,
# connection id
_ANSWER = struct.Struct("!BBBHHHH")


class Answer(StrEnum):
    """What the first bytes after an SSL 2.0 CLIENT-HELLO are."""

    SERVER_HELLO = "server_hello"
    ERROR = "error"  # an ERROR of SSL 2.0
    OTHER = "other"  # nothing of SSL 2.0
    INCOMPLETE = "incomplete"  # too little to tell


def write_client_hello(challenge: bytes) -> bytes:
    """Return a CLIENT-HELLO that offers every cipher of SSL 2.0, with 16 bytes of challenge."""
    lengths = struct.pack("!HHH", len(_CIPHER_SPECS), 0, len(challenge))
    body = bytes((_CLIENT_HELLO,)) + _VERSION.to_bytes(2) + lengths + _CIPHER_SPECS + challenge
    return (0x8000 | len(body)).to_bytes(2) + body


def read_answer_untrusted(data: bytes) -> Answer:
    """Tell what answered a CLIENT-HELLO. Never raises.

    A SERVER-HELLO without a common cipher still speaks SSL 2.0 (CVE-2015-3197 was such a server).
    """
    if not data:
        return Answer.INCOMPLETE
    if not data[0] & 0x80:  # RFC 5246 appendix E.2: the two-byte header has its first bit set
        return Answer.OTHER
    if data[:3] == _ERROR:
        return Answer.ERROR
    if len(data) < 2 + _ANSWER.size:
        return Answer.INCOMPLETE
    kind, _, _, version, certificate, specs, connection_id = _ANSWER.unpack_from(data, 2)
    length = (data[0] & 0x7F) << 8 | data[1]
    fits = length >= _ANSWER.size + certificate + specs + connection_id
    return Answer.SERVER_HELLO if (kind, version) == (_SERVER_HELLO, _VERSION) and fits else Answer.OTHER
