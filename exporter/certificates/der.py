"""A lenient reader of DER (X.690): elements, object identifiers, times and strings of untrusted bytes.

It reads what certificates hold even where they are wrong, so that a broken one can still be described.
It does not validate an encoding and writes none; DERError is the one exception that leaves it.
"""

import base64
import calendar
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OID, UTF8_STRING = 0x01, 0x02, 0x03, 0x04, 0x06, 0x0C
PRINTABLE_STRING, T61_STRING, IA5_STRING, UTC_TIME, GENERALIZED_TIME = 0x13, 0x14, 0x16, 0x17, 0x18
UNIVERSAL_STRING, BMP_STRING, SEQUENCE, SET = 0x1C, 0x1E, 0x30, 0x31
NUMERIC_STRING, VISIBLE_STRING = 0x12, 0x1A
STRINGS = frozenset((UTF8_STRING, PRINTABLE_STRING, T61_STRING, IA5_STRING, UNIVERSAL_STRING, BMP_STRING)) | {
    NUMERIC_STRING,
    VISIBLE_STRING,
}

_CONSTRUCTED = 0x20
_LONG_TAG = 0x1F
_LONG_LENGTH = 0x80
_MAX_LENGTH_OCTETS = 4
_PEM_WIDTH = 64
_ENCODINGS = {BMP_STRING: "utf-16-be", UNIVERSAL_STRING: "utf-32-be", UTF8_STRING: "utf-8"}


class DERError(ValueError):
    """Bytes that cannot be read as DER; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its identifier octet, its contents, and the whole encoding."""

    tag: int
    body: bytes
    encoding: bytes


def elements_untrusted(data: bytes) -> Iterator[Element]:
    """Yield the elements that stand one after another in data."""
    offset = 0
    while offset < len(data):
        element = _element(data, offset)
        offset += len(element.encoding)
        yield element


def first_untrusted(data: bytes, count: int) -> list[Element]:
    """Return the elements that data begins with, `count` at most: for what should hold few and may hold 50,000."""
    return list(islice(elements_untrusted(data), count))


def element_untrusted(data: bytes, tag: int | None = None) -> Element:
    """Return the first element of data, of the given tag if one is given; what follows it is ignored."""
    element = _element(data, 0)
    if tag is not None and element.tag != tag:
        raise DERError(f"tag 0x{element.tag:02x} where 0x{tag:02x} belongs")
    return element


def contents_untrusted(data: bytes, tag: int) -> bytes:
    """Return the contents of the element that data is meant to be, cut short if data is."""
    found, start, _ = header_untrusted(data, 0)
    if found != tag:
        raise DERError(f"tag 0x{found:02x} where 0x{tag:02x} belongs")
    return data[start:]


def _element(data: bytes, offset: int) -> Element:
    tag, start, length = header_untrusted(data, offset)
    end = start + length
    if len(data) < end:
        raise DERError("element longer than what holds it")
    return Element(tag, data[start:end], data[offset:end])


def header_untrusted(data: bytes, offset: int = 0) -> tuple[int, int, int]:
    """Read identifier and length (X.690 sections 8.1.2 and 8.1.3); return tag, start and length of the contents."""
    if len(data) - offset < 2:  # noqa: PLR2004 - identifier and length
        raise DERError("truncated element")
    tag, length = data[offset], data[offset + 1]
    if tag & _LONG_TAG == _LONG_TAG:
        raise DERError("tag number above 30")
    start = offset + 2
    if length >= _LONG_LENGTH:
        count = length & 0x7F
        if not 0 < count <= _MAX_LENGTH_OCTETS or len(data) - start < count:
            raise DERError("bad length")
        length = int.from_bytes(data[start : start + count], "big")
        start += count
    return tag, start, length


def count_values_untrusted(data: bytes) -> int:
    """Return how many DER elements stand in data, at any depth; it ends where the encoding does.

    An OCTET STRING counts as what it holds if that begins as a SEQUENCE does: extensions are wrapped so.
    """
    count, offset, end = 0, 0, len(data) - 1
    while offset < end:
        tag, length = data[offset], data[offset + 1]
        offset += 2
        if length >= _LONG_LENGTH:
            octets = length & 0x7F
            length = int.from_bytes(data[offset : offset + octets])
            offset += octets
        count += 1
        if tag & _CONSTRUCTED or (tag == OCTET_STRING and length and data[offset : offset + 1] == b"\x30"):
            continue
        offset += length
    return count


def count_entries_untrusted(data: bytes) -> int:
    """Return how many elements stand one after another in data; it ends where the encoding does."""
    count, offset, end = 0, 0, len(data) - 1
    while offset < end:
        length = data[offset + 1]
        offset += 2
        if length >= _LONG_LENGTH:
            octets = length & 0x7F
            length = int.from_bytes(data[offset : offset + octets])
            offset += octets
        offset += length
        count += 1
    return count


def oid_untrusted(body: bytes) -> str:
    """Return the dotted form of an object identifier's contents (X.690 section 8.19)."""
    if not body or len(body) > 64 or body[-1] & 0x80:  # noqa: PLR2004 - far more than any that is in use
        raise DERError("bad object identifier")
    arcs: list[int] = []
    value = 0
    for octet in body:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in (first, arcs[0] - 40 * first, *arcs[1:]))


# X.680 sections 46 and 47 allow more than RFC 5280 does: no seconds, fractions, offsets. They are read, and reported.
_UTC_TIME = re.compile(rb"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:Z|([+-])(\d\d)(\d\d))")
_GENERALIZED_TIME = re.compile(rb"(\d{4})(\d\d)(\d\d)(\d\d)(?:(\d\d)(?:(\d\d)(?:[.,]\d+)?)?)?(?:Z|([+-])(\d\d)(\d\d))")
_LENGTHS = {UTC_TIME: len(b"YYMMDDHHMMSSZ"), GENERALIZED_TIME: len(b"YYYYMMDDHHMMSSZ")}


def time_untrusted(element: Element) -> int:
    """Return a UTCTime or GeneralizedTime as Unix seconds (RFC 5280 section 4.1.2.5), in whatever form of X.680."""
    pattern = _UTC_TIME if element.tag == UTC_TIME else _GENERALIZED_TIME
    found = pattern.fullmatch(element.body) if element.tag in _LENGTHS else None
    if found is None:
        raise DERError("bad time")
    year, month, day, hour, minute, second, offset_hours, offset_minutes = (
        int(found[group] or 0) for group in (1, 2, 3, 4, 5, 6, 8, 9)
    )
    if element.tag == UTC_TIME:
        year += 1900 if year >= 50 else 2000  # noqa: PLR2004 - RFC 5280 section 4.1.2.5.1
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise DERError("bad time") from None
    offset = (offset_hours * 60 + offset_minutes) * 60
    return calendar.timegm(moment.utctimetuple()) - (-offset if found[7] == b"-" else offset)


def is_canonical_time(element: Element) -> bool:
    """Return whether a time that can be read has the form of RFC 5280: seconds, no fraction, and Z."""
    return len(element.body) == _LENGTHS[element.tag] and element.body.endswith(b"Z")


def string_untrusted(element: Element) -> str:
    """Return a directory string; octets that are no text of its type become U+FFFD."""
    return element.body.decode(_ENCODINGS.get(element.tag, "latin-1"), "replace")


def integer_untrusted(body: bytes) -> int:
    """Return an INTEGER's contents as a number."""
    return int.from_bytes(body, "big", signed=True)


def bits_untrusted(body: bytes) -> bytes:
    """Return a BIT STRING's contents without the octet that counts the unused bits."""
    if not body:
        raise DERError("empty bit string")
    return body[1:]


def as_pem(der: bytes) -> str:
    """Return a certificate as PEM (RFC 7468), whatever is in it."""
    body = textwrap.wrap(base64.b64encode(der).decode("ascii"), _PEM_WIDTH)
    return "\n".join(("-----BEGIN CERTIFICATE-----", *body, "-----END CERTIFICATE-----"))
