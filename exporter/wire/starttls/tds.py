"""TDS 7.x of Microsoft SQL Server ([MS-TDS] sections 2.2.6.5 and 3.2): PRELOGIN, and the frames around the handshake.

After PRELOGIN the messages of the TLS handshake travel inside TDS packets; what follows the handshake does not.
TDS 8 has no PRELOGIN in plaintext: TLS comes first there, with the ALPN protocol `tds/8.0`, and needs no STARTTLS.
"""

import struct
from typing import Final

from exporter.wire.dialogue import MAX_BYTES, Dialogue, Steps
from exporter.wire.records import WireError
from exporter.wire.starttls.outcomes import unexpected, unsupported

# section 2.2.3.1:  type | status | length 2 (of all) | SPID 2 | packet number | window 0
_HEADER = struct.Struct("!BBHHBB")
_PRELOGIN, _TABULAR_RESULT = 0x12, 0x04
_END_OF_MESSAGE = 1
_LONGEST_PAYLOAD = 4096 - _HEADER.size  # section 2.2.3.1.3: the packet size until another is negotiated
# section 2.2.6.5:  option | offset 2 | length 2, up to 0xFF
_OPTION = struct.Struct("!BHH")
_VERSION, _ENCRYPTION, _TERMINATOR = 0x00, 0x01, 0xFF
_ENCRYPT_ON, _ENCRYPT_NOT_SUPPORTED = 1, 2
_ENCRYPTIONS = (0, 1, 2, 3)  # off, on, not supported, required
_CLIENT_VERSION: Final = bytes((11, 0, 0, 0, 0, 0))  # that of a client: UL_VERSION and US_SUBBUILD
_TLS_RECORDS = frozenset({20, 21, 22, 23})  # content types of RFC 8446 section 5.1


def tds(host: str, client_name: str = "") -> Steps[bytes]:
    """Ask a Microsoft SQL Server for TLS."""
    del host, client_name
    server = Dialogue()
    yield from server.send(frame(_prelogin()))
    encryption = _encryption_untrusted((yield from _message(server)))
    if encryption == _ENCRYPT_NOT_SUPPORTED:
        raise unsupported(b"ENCRYPT_NOT_SUP")
    return server.leftover()


def _prelogin() -> bytes:
    options = ((_VERSION, _CLIENT_VERSION), (_ENCRYPTION, bytes((_ENCRYPT_ON,))))
    table, values, offset = b"", b"", len(options) * _OPTION.size + 1
    for option, value in options:
        table += _OPTION.pack(option, offset + len(values), len(value))
        values += value
    return table + bytes((_TERMINATOR,)) + values


def _message(server: Dialogue) -> Steps[bytes]:
    """Return the payload of a message of one or more packets."""
    payload, status = b"", 0
    while not status & _END_OF_MESSAGE:
        head = yield from server.exactly_untrusted(_HEADER.size)
        kind, status, length, *_ = _HEADER.unpack(head)
        if kind != _TABULAR_RESULT or length < _HEADER.size:
            raise unexpected(head, "a TDS response")
        payload += yield from server.exactly_untrusted(length - _HEADER.size)
    return payload


def _encryption_untrusted(payload: bytes) -> int:
    """Return the value of the option ENCRYPTION."""
    at = 0
    while at + _OPTION.size <= len(payload) and payload[at] != _TERMINATOR:
        option, offset, length = _OPTION.unpack_from(payload, at)
        if option == _ENCRYPTION and length == 1 and offset < len(payload) and payload[offset] in _ENCRYPTIONS:
            return int(payload[offset])
        at += _OPTION.size
    raise unexpected(payload, "the PRELOGIN response of a SQL Server")


def frame(data: bytes) -> bytes:
    """Return data in PRELOGIN packets, of which the last ends the message."""
    starts = range(0, max(len(data), 1), _LONGEST_PAYLOAD)
    return b"".join(
        _HEADER.pack(
            _PRELOGIN,
            _END_OF_MESSAGE if start + _LONGEST_PAYLOAD >= len(data) else 0,
            _HEADER.size + len(data[start : start + _LONGEST_PAYLOAD]),
            0,
            0,
            0,
        )
        + data[start : start + _LONGEST_PAYLOAD]
        for start in starts
    )


class Unframer:
    """Takes what a server sends during the handshake, and gives the TLS records in it.

    A TLS record outside a packet ends the framing: so an alert comes from some servers, and all that follows.
    """

    def __init__(self) -> None:
        self._waiting = b""
        self._payload_left = 0
        self._is_framed = True

    def receive_untrusted(self, data: bytes) -> bytes:
        """Return the TLS bytes in what has arrived. Raises WireError for what is neither TDS nor TLS."""
        waiting, records = self._waiting + data, b""
        while waiting and self._is_framed:
            if self._payload_left:
                taken, waiting = waiting[: self._payload_left], waiting[self._payload_left :]
                self._payload_left -= len(taken)
                records += taken
            elif waiting[0] in _TLS_RECORDS:
                self._is_framed = False
            elif waiting[0] not in (_PRELOGIN, _TABULAR_RESULT):
                raise WireError("neither a TDS packet nor a TLS record")
            elif len(waiting) < _HEADER.size:
                break
            else:
                self._payload_left = _payload_length_untrusted(waiting[: _HEADER.size])
                waiting = waiting[_HEADER.size :]
        if not self._is_framed:
            records, waiting = records + waiting, b""
        self._waiting = waiting
        return records


def _payload_length_untrusted(head: bytes) -> int:
    length = int(_HEADER.unpack(head)[2])
    if not _HEADER.size <= length <= MAX_BYTES:
        raise WireError("a TDS packet shorter than its header")
    return length - _HEADER.size
