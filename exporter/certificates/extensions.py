"""The extensions of a certificate that facts are read from (RFC 5280 section 4.2, RFC 6962, RFC 7633).

Each is read separately, so that one malformed extension does not hide the others. Nothing is assessed here.
"""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cryptography import x509

from exporter.certificates.der import (
    BOOLEAN,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    DERError,
    Element,
    count_entries_untrusted,
    element_untrusted,
    first_untrusted,
    integer_untrusted,
    oid_untrusted,
)
from exporter.certificates.transparency import count_scts_untrusted
from exporter.text import escaped

SUBJECT_KEY_IDENTIFIER, KEY_USAGE, SUBJECT_ALTERNATIVE_NAME = "2.5.29.14", "2.5.29.15", "2.5.29.17"
BASIC_CONSTRAINTS, NAME_CONSTRAINTS, CRL_DISTRIBUTION_POINTS = "2.5.29.19", "2.5.29.30", "2.5.29.31"
AUTHORITY_KEY_IDENTIFIER, EXTENDED_KEY_USAGE = "2.5.29.35", "2.5.29.37"
AUTHORITY_INFORMATION_ACCESS, TLS_FEATURE = "1.3.6.1.5.5.7.1.1", "1.3.6.1.5.5.7.1.24"
SIGNED_CERTIFICATE_TIMESTAMPS = "1.3.6.1.4.1.11129.2.4.2"
_OCSP, _CA_ISSUERS = "1.3.6.1.5.5.7.48.1", "1.3.6.1.5.5.7.48.2"
_DNS_NAME, _URI, _IP_ADDRESS = 0x82, 0x86, 0x87  # tags of GeneralName
_MOST_PARTS = 4  # of a DistributionPoint
_MOST_FIELDS = 12  # of a TBSCertificate
_STATUS_REQUEST = 5  # the TLS extension that a must-staple certificate names
MAX_EXTENSIONS = 4_000  # of one certificate that are read
MAX_TEXT = 4_096  # octets of one name or URL that are read: no DNS name has more than 253
MAX_ENTRIES = 10_000  # names or URLs that are read of one extension


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension as encoded: its object identifier, whether it is critical, and its value."""

    oid: str
    critical: bool
    value: bytes


@dataclass(slots=True)
class ExtensionFacts:
    """What the extensions say. A value that could not be read keeps its default, and `problems` says why."""

    dns_names: tuple[str, ...] = ()
    ip_addresses: tuple[str, ...] = ()
    san_count: int | None = 0
    is_ca: bool | None = None
    sct_count: int | None = 0
    must_staple: bool = False
    ocsp_urls: tuple[str, ...] = ()
    crl_urls: tuple[str, ...] = ()
    ca_issuer_urls: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def extensions_untrusted(sequence: Element, most: int = MAX_EXTENSIONS) -> list[Extension]:
    """Return the extensions in an `Extensions` sequence, in their order, `most` of them."""
    found = []
    for item in first_untrusted(sequence.body, most):
        parts = first_untrusted(item.body, 3)
        if len(parts) < 2 or parts[-1].tag != OCTET_STRING:  # noqa: PLR2004 - identifier and value
            raise DERError("bad extension")
        critical = parts[1].tag == BOOLEAN and parts[1].body != b"\x00"
        found.append(Extension(oid_untrusted(parts[0].body), critical, parts[-1].body))
    return found


def extension_facts_untrusted(extensions: list[Extension], most: int = MAX_ENTRIES) -> ExtensionFacts:
    """Read every extension that is known; the first of each kind counts. `most` entries of each are read."""
    facts = ExtensionFacts(is_ca=False)
    problems = []
    seen: set[str] = set()
    for extension in extensions:
        reader = _READERS.get(extension.oid)
        if extension.oid in seen:
            problems.append(f"extension {extension.oid} occurs twice")
        elif reader is not None:
            try:
                reader(facts, extension.value, most)
            except DERError as error:
                problems.append(f"extension {extension.oid}: {error}")
        seen.add(extension.oid)
    facts.problems = tuple(problems)
    return facts


def authority_issuer_untrusted(parsed: x509.Certificate | None) -> bytes | None:
    """Return the encoded name of the issuer's issuer, if the authorityKeyIdentifier gives it (section 4.2.1.1)."""
    try:
        names = parsed.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier) if parsed else None
        issuers = (names.value.authority_cert_issuer or ()) if names else ()
        return next((n.value.public_bytes() for n in issuers if isinstance(n, x509.DirectoryName)), None)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError, TypeError):
        return None


def key_identifier_mismatch(certificate: bytes, issuer: bytes) -> str | None:
    """Return where a certificate's authorityKeyIdentifier contradicts the issuer that signed it; None if nowhere.

    OpenSSL does not take such a certificate for the issuer (section 4.2.1.1).
    """
    try:
        below, (serial, above) = _serial_and_extensions(certificate)[1], _serial_and_extensions(issuer)
        named = {part.tag: part.body for part in first_untrusted(_one(below, AUTHORITY_KEY_IDENTIFIER).body, 3)}
        if 0x82 in named and named[0x82] != serial:  # noqa: PLR2004 - [2] authorityCertSerialNumber
            return "its authorityKeyIdentifier names another serial number than its issuer has"
        identifier = _one(above, SUBJECT_KEY_IDENTIFIER).body
    except DERError:
        return None
    if 0x80 in named and named[0x80] != identifier:  # noqa: PLR2004 - [0] keyIdentifier
        return "its authorityKeyIdentifier names another key than its issuer has"
    return None


def extension_value_untrusted(certificate: bytes, oid: str) -> bytes | None:
    """Return the value of an extension of a certificate, None if it is missing. Raises DERError."""
    return _serial_and_extensions(certificate)[1].get(oid)


def _serial_and_extensions(certificate: bytes) -> tuple[bytes, dict[str, bytes]]:
    body = element_untrusted(element_untrusted(certificate, SEQUENCE).body, SEQUENCE)
    fields = first_untrusted(body.body, _MOST_FIELDS)
    serial = next((field.body for field in fields if field.tag == INTEGER), b"")
    listed = next((field for field in fields if field.tag == 0xA3), None)  # noqa: PLR2004 - [3] extensions
    if listed is None:
        return serial, {}
    return serial, {one.oid: one.value for one in extensions_untrusted(element_untrusted(listed.body, SEQUENCE))}


def _one(extensions: dict[str, bytes], oid: str) -> Element:
    if oid not in extensions:
        raise DERError("the extension is missing")
    return element_untrusted(extensions[oid])


def _sequence(value: bytes, most: int) -> list[Element]:
    return first_untrusted(element_untrusted(value, SEQUENCE).body, most)


def _text(body: bytes) -> str:
    return escaped(body[:MAX_TEXT].decode("ascii", "backslashreplace"))


def _subject_alternative_name(facts: ExtensionFacts, value: bytes, most: int) -> None:
    facts.san_count = None
    sequence = element_untrusted(value, SEQUENCE).body
    names = first_untrusted(sequence, most)
    facts.san_count = len(names) if len(names) < most else count_entries_untrusted(sequence)
    facts.dns_names = tuple(_text(name.body) for name in names if name.tag == _DNS_NAME)
    addresses = [name.body for name in names if name.tag == _IP_ADDRESS]
    facts.ip_addresses = tuple(str(ipaddress.ip_address(a)) for a in addresses if len(a) in (4, 16))
    if len(facts.ip_addresses) != len(addresses):
        raise DERError("an IP address must have 4 or 16 octets")


def _basic_constraints(facts: ExtensionFacts, value: bytes, most: int) -> None:
    facts.is_ca = None
    parts = _sequence(value, most)
    if any(part.tag not in (BOOLEAN, INTEGER) for part in parts):
        raise DERError("bad basic constraints")
    facts.is_ca = any(part.tag == BOOLEAN and part.body != b"\x00" for part in parts)


def _authority_information_access(facts: ExtensionFacts, value: bytes, most: int) -> None:
    urls: dict[str, list[str]] = {_OCSP: [], _CA_ISSUERS: []}
    for description in _sequence(value, most):
        parts = first_untrusted(description.body, 3)
        if len(parts) != 2:  # noqa: PLR2004 - method and location
            raise DERError("bad access description")
        method = oid_untrusted(parts[0].body)
        if method in urls and parts[1].tag == _URI:
            urls[method].append(_text(parts[1].body))
    facts.ocsp_urls, facts.ca_issuer_urls = tuple(urls[_OCSP]), tuple(urls[_CA_ISSUERS])


def _crl_distribution_points(facts: ExtensionFacts, value: bytes, most: int) -> None:
    """Collect the URLs of every point that covers all reasons and has the issuer itself sign its CRL."""
    urls: list[str] = []
    for point in _sequence(value, most):
        parts = {part.tag: part for part in first_untrusted(point.body, _MOST_PARTS)}
        name = parts.get(0xA0)
        if name is None or set(parts) != {0xA0}:
            continue
        for full_name in first_untrusted(name.body, 1):
            if full_name.tag == 0xA0:  # noqa: PLR2004 - fullName, not nameRelativeToCRLIssuer
                urls += [_text(n.body) for n in first_untrusted(full_name.body, most - len(urls)) if n.tag == _URI]
    facts.crl_urls = tuple(urls)


def _tls_feature(facts: ExtensionFacts, value: bytes, most: int) -> None:
    features = [integer_untrusted(part.body) for part in _sequence(value, most)]
    facts.must_staple = _STATUS_REQUEST in features


def _signed_certificate_timestamps(facts: ExtensionFacts, value: bytes, _most: int) -> None:
    facts.sct_count = None
    facts.sct_count = count_scts_untrusted(element_untrusted(value, OCTET_STRING).body)


_READERS: Mapping[str, Callable[[ExtensionFacts, bytes, int], None]] = {
    SUBJECT_ALTERNATIVE_NAME: _subject_alternative_name,
    BASIC_CONSTRAINTS: _basic_constraints,
    AUTHORITY_INFORMATION_ACCESS: _authority_information_access,
    CRL_DISTRIBUTION_POINTS: _crl_distribution_points,
    TLS_FEATURE: _tls_feature,
    SIGNED_CERTIFICATE_TIMESTAMPS: _signed_certificate_timestamps,
}
