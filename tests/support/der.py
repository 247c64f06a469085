"""DER for tests: enough of an encoder to write any certificate, right or wrong."""

from datetime import UTC, datetime


def element(tag: int, *parts: bytes) -> bytes:
    """Encode one element of the parts put together."""
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def sequence(*parts: bytes) -> bytes:
    return element(0x30, *parts)


def integer(value: int) -> bytes:
    return element(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def boolean(value: bool) -> bytes:
    return element(0x01, b"\xff" if value else b"\x00")


def octets(value: bytes) -> bytes:
    return element(0x04, value)


def bits(value: bytes) -> bytes:
    return element(0x03, b"\x00", value)


def oid(dotted: str) -> bytes:
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    body = b""
    for arc in (first * 40 + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.insert(0, arc & 0x7F | 0x80)
        body += bytes(groups)
    return element(0x06, body)


def utf8(text: str) -> bytes:
    return element(0x0C, text.encode())


def time(seconds: float) -> bytes:
    """Encode as RFC 5280 section 4.1.2.5 asks for: UTCTime through 2049, then GeneralizedTime."""
    moment = datetime.fromtimestamp(seconds, UTC)
    if 1950 <= moment.year < 2050:
        return element(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())
    return element(0x18, f"{moment:%Y%m%d%H%M%S}Z".encode())


def name(text: str) -> bytes:
    """Encode `CN=a,O=b` as a Name, in the order given; "" is the empty name."""
    attributes = {"CN": "2.5.4.3", "O": "2.5.4.10", "OU": "2.5.4.11", "C": "2.5.4.6"}
    pairs = [part.split("=", 1) for part in text.split(",") if part]
    return sequence(*(element(0x31, sequence(oid(attributes[k]), utf8(v))) for k, v in pairs))
