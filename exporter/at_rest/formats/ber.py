"""BER to definite lengths: Windows and NSS write PKCS#12 and PKCS#7 with lengths that are not known beforehand.

X.690 section 8.1.3.6: an indefinite length is ended by two zero octets; section 8.7.3: an octet string may come in
segments. Both become what the reader of DER understands. What is definite already stays as it is, byte for byte, so
that a certificate keeps its fingerprint. Work is bounded by depth and by a number of elements.
"""

from exporter.certificates.der import OCTET_STRING, DERError, Element, elements_untrusted

MAX_DEPTH = 32
MAX_ELEMENTS = 100_000
_CONSTRUCTED = 0x20
_LONG_TAG = 0x1F
_INDEFINITE = 0x80
_MAX_LENGTH_OCTETS = 4
_SEGMENTED = OCTET_STRING | _CONSTRUCTED


def definite_untrusted(data: bytes) -> bytes:
    """Return the first element of data with definite lengths throughout. Raises DERError."""
    encoding, _ = _Walk(data).element(0, len(data), 0)
    return encoding


def fields_untrusted(body: bytes, least: int, most: int | None = None) -> list[Element]:
    """Return the elements of a structure that has so many of them: `least`, or up to `most`. Raises DERError."""
    found: list[Element] = []
    for element in elements_untrusted(body):
        found.append(element)
        if len(found) > (most or least):
            raise DERError("more fields than belong there")
    if len(found) < least:
        raise DERError("fields are missing")
    return found


class _Walk:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = MAX_ELEMENTS

    def element(self, offset: int, end: int, depth: int) -> tuple[bytes, int]:
        """Return the encoding of the element at an offset, and where the next one begins."""
        self._left -= 1
        if depth > MAX_DEPTH or self._left < 0:
            raise DERError("nested too deep, or too many elements")
        tag, start, length = self._header(offset, end)
        if length is None:
            children, after = self._children_until_end(start, end, depth)
            return _encode(tag, children), after
        if not tag & _CONSTRUCTED:
            return self._data[offset : start + length], start + length
        children = self._children(start, start + length, depth)
        if tag != _SEGMENTED and b"".join(children) == self._data[start : start + length]:
            return self._data[offset : start + length], start + length
        return _encode(tag, children), start + length

    def _children(self, offset: int, end: int, depth: int) -> list[bytes]:
        children = []
        while offset < end:
            child, offset = self.element(offset, end, depth + 1)
            children.append(child)
        return children

    def _children_until_end(self, offset: int, end: int, depth: int) -> tuple[list[bytes], int]:
        children = []
        while self._data[offset : offset + 2] != b"\0\0":
            child, offset = self.element(offset, end, depth + 1)
            children.append(child)
        return children, offset + 2

    def _header(self, offset: int, end: int) -> tuple[int, int, int | None]:
        """Return tag, start of the contents, and their length, None where that is indefinite."""
        if end - offset < 2:  # noqa: PLR2004 - identifier and length
            raise DERError("truncated element")
        tag, length = self._data[offset], self._data[offset + 1]
        if tag & _LONG_TAG == _LONG_TAG:
            raise DERError("tag number above 30")
        start = offset + 2
        if length == _INDEFINITE:
            if not tag & _CONSTRUCTED:
                raise DERError("indefinite length of a primitive element")
            return tag, start, None
        if length > _INDEFINITE:
            count = length & 0x7F
            if count > _MAX_LENGTH_OCTETS or end - start < count:
                raise DERError("bad length")
            length = int.from_bytes(self._data[start : start + count], "big")
            start += count
        if end - start < length:
            raise DERError("element longer than what holds it")
        return tag, start, length


def _encode(tag: int, children: list[bytes]) -> bytes:
    if tag == _SEGMENTED:
        return encode(OCTET_STRING, b"".join(_contents(child) for child in children))
    return encode(tag, b"".join(children))


def _contents(octets: bytes) -> bytes:
    """Return the contents of a primitive octet string that has been read already."""
    if octets[0] != OCTET_STRING:
        raise DERError("a segment of an octet string is none")
    length = octets[1]
    return octets[2:] if length < _INDEFINITE else octets[2 + (length & 0x7F) :]


def encode(tag: int, body: bytes) -> bytes:
    """Write one element (X.690 section 10.1)."""
    length = len(body)
    if length < _INDEFINITE:
        return bytes((tag, length)) + body
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, _INDEFINITE | len(octets))) + octets + body
