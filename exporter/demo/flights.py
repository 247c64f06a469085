"""The clear first flight of a TLS server up to 1.2, by hand: for peers that no TLS library would play.

It writes bytes and computes no key: no handshake that begins with such a flight can complete.
"""

from collections.abc import Sequence

TLS12 = 0x0303
SSL3 = 0x0300
ECDHE_RSA_AES128_GCM = 0xC02F
RSA_RC4_128_SHA = 0x0005
RSA_AES128_SHA = 0x002F

_ALERT, _HANDSHAKE = 21, 22
_SERVER_HELLO, _CERTIFICATE, _SERVER_HELLO_DONE = 2, 11, 14
_FATAL = 2
_MAX_FRAGMENT = 2**14  # RFC 5246 section 6.2.1
_RANDOM = bytes(range(32))
RENEGOTIATION_INFO = bytes.fromhex("ff01000100")  # RFC 5746 section 3.6


def record(content_type: int, payload: bytes, version: int = TLS12) -> bytes:
    """Return the records that carry a payload: type(1) version(2) length(2) fragment."""
    return b"".join(
        bytes((content_type,)) + version.to_bytes(2, "big") + len(part).to_bytes(2, "big") + part
        for part in (payload[at : at + _MAX_FRAGMENT] for at in range(0, max(len(payload), 1), _MAX_FRAGMENT))
    )


def handshake(message_type: int, body: bytes, claimed: int | None = None) -> bytes:
    """Return a handshake message: type(1) length(3) body; `claimed` is a length that is not true."""
    return bytes((message_type,)) + (len(body) if claimed is None else claimed).to_bytes(3, "big") + body


def alert(description: int, level: int = _FATAL, version: int = TLS12) -> bytes:
    """Return an alert in its record."""
    return record(_ALERT, bytes((level, description)), version)


def server_hello(
    version: int = TLS12, suite: int = ECDHE_RSA_AES128_GCM, extensions: bytes = RENEGOTIATION_INFO
) -> bytes:
    """Return a ServerHello message: version random session_id(empty) suite compression(null) extensions."""
    tail = len(extensions).to_bytes(2, "big") + extensions if extensions else b""
    body = version.to_bytes(2, "big") + _RANDOM + b"\x00" + suite.to_bytes(2, "big") + b"\x00" + tail
    return handshake(_SERVER_HELLO, body)


def certificates(chain: Sequence[bytes]) -> bytes:
    """Return a Certificate message of TLS up to 1.2: a list of DER certificates, each with its length."""
    entries = b"".join(len(der).to_bytes(3, "big") + der for der in chain)
    return handshake(_CERTIFICATE, len(entries).to_bytes(3, "big") + entries)


def flight(
    chain: Sequence[bytes],
    version: int = TLS12,
    suite: int = ECDHE_RSA_AES128_GCM,
    extensions: bytes = RENEGOTIATION_INFO,
) -> bytes:
    """Return ServerHello, Certificate and ServerHelloDone in their records."""
    done = handshake(_SERVER_HELLO_DONE, b"")
    return record(_HANDSHAKE, server_hello(version, suite, extensions) + certificates(chain) + done, version)


def oversized_certificate(claimed: int) -> bytes:
    """Return a ServerHello and the start of a Certificate message that claims a length (up to 16 MiB)."""
    claim = handshake(_CERTIFICATE, b"\x00" * 1024, claimed)
    return record(_HANDSHAKE, server_hello() + claim)
