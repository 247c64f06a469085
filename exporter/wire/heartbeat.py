"""Heartbeat messages (RFC 6520) that show a missing length check (CVE-2014-0160) without reading memory.

The request whose padding is missing declares exactly as many payload bytes as it holds. RFC 6520 section 4
says that it "MUST be discarded silently" because it has no padding; code without the check echoes it, and what it
copies is what was sent to it: the declared length never goes beyond the record, so no byte of the server's
memory is read, vulnerable or not. The payload is longer than 4096 bytes because OpenSSL would keep a
shorter answer in the buffer of its handshake.
"""

from enum import StrEnum

from exporter.wire.records import HEARTBEAT, record

PAYLOAD_LENGTH = 4200
_REQUEST = 1
_RESPONSE = 2
_PADDING_LENGTH = 16
_UNPADDED = b"A" * PAYLOAD_LENGTH
_PADDED = b"B" * PAYLOAD_LENGTH


class Echo(StrEnum):
    """What the heartbeats that came back say."""

    UNCHECKED = "unchecked"  # the request without padding was echoed
    CHECKED = "checked"  # only the legal one was
    NONE = "none"


def write_unpadded_request(version: int) -> bytes:
    """Return the request that a correct server discards."""
    return record(HEARTBEAT, version, _message(_REQUEST, _UNPADDED))


def write_padded_request(version: int) -> bytes:
    """Return the legal request that follows it: its echo alone shows that the first was discarded."""
    return record(HEARTBEAT, version, _message(_REQUEST, _PADDED) + bytes(_PADDING_LENGTH))


def _message(kind: int, payload: bytes) -> bytes:
    return bytes((kind,)) + len(payload).to_bytes(2) + payload


def read_echo_untrusted(contents: tuple[bytes, ...]) -> Echo:
    """Tell what the contents of heartbeat records say. Never raises."""
    if any(content.startswith(_message(_RESPONSE, _UNPADDED)) for content in contents):
        return Echo.UNCHECKED
    if any(content.startswith(_message(_RESPONSE, _PADDED)) for content in contents):
        return Echo.CHECKED
    return Echo.NONE
