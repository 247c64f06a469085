"""Files that begin as DER or BER does: certificates, PKCS#7 and PKCS#12, distinguished by their first fields."""

from exporter.at_rest.formats.entry import MAX_CERTIFICATES, Contents, Entry, UnreadableError, checked
from exporter.at_rest.formats.pkcs7 import certificates_of_pkcs7_untrusted
from exporter.at_rest.formats.pkcs12 import read_pkcs12_untrusted
from exporter.certificates.der import INTEGER, OID, SEQUENCE, DERError, element_untrusted
from exporter.net.reason import Reason

_INDEFINITE = 0x80
_MAX_LENGTH_OCTETS = 4
_PFX_VERSION = b"\x02\x01\x03"
_PADDING = b"\0\r\n\t "


def read_der_untrusted(data: bytes, password: str | None) -> Contents:
    """Read a file that begins with a SEQUENCE. Raises UnreadableError."""
    start = _start_of_contents(data)
    first = data[start : start + 1]
    if first == bytes((OID,)):
        return Contents("PKCS#7", tuple(Entry(chain) for chain in certificates_of_pkcs7_untrusted(data)))
    if data[start : start + 3] == _PFX_VERSION:
        return read_pkcs12_untrusted(data, password)
    if first == bytes((INTEGER,)):
        raise UnreadableError(Reason.NO_CERTIFICATE, "no certificate: it looks like a private key in DER")
    return Contents("DER", (Entry(checked(_certificates(data))),))


def _start_of_contents(data: bytes) -> int:
    """Return where the contents of the first element begin, which must end within the file."""
    if len(data) < 2:  # noqa: PLR2004 - identifier and length
        raise UnreadableError(Reason.TRUNCATED, "the file ends in its first bytes")
    length = data[1]
    if length <= _INDEFINITE:
        count, size = 0, length if length < _INDEFINITE else 0
    else:
        count = length & 0x7F
        size = int.from_bytes(data[2 : 2 + count], "big")
    if count > _MAX_LENGTH_OCTETS:
        raise UnreadableError(Reason.MALFORMED, "neither PEM nor DER")
    if len(data) < 2 + count + size:
        missing = 2 + count + size - len(data)
        raise UnreadableError(Reason.TRUNCATED, f"the file ends {missing} bytes before its certificate does")
    return 2 + count


def _certificates(data: bytes) -> list[bytes]:
    """Return certificates that stand one after another; a file may end in padding."""
    found: list[bytes] = []
    rest = data
    while rest.strip(_PADDING) and len(found) <= MAX_CERTIFICATES:
        try:
            element = element_untrusted(rest, SEQUENCE)
        except DERError as error:
            raise UnreadableError(Reason.MALFORMED, f"after {len(found)} certificates: {error}") from None
        found.append(element.encoding)
        rest = rest[len(element.encoding) :]
    return found
