"""What the clients' rules look at in one certificate: read from the encoding, once, before any rule.

A value that cannot be read is left out here; that it is wrong is a fault of the certificate (`conformance`).
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache

from exporter.certificates import der
from exporter.certificates.algorithms import EC_PUBLIC_KEY
from exporter.certificates.certificate import Certificate
from exporter.certificates.der import DERError, Element, element_untrusted, elements_untrusted, oid_untrusted
from exporter.certificates.extensions import extensions_untrusted
from exporter.certificates.signatures import pss_parameters_untrusted

SAN, KEY_USAGE, BASIC_CONSTRAINTS, NAME_CONSTRAINTS = "2.5.29.17", "2.5.29.15", "2.5.29.19", "2.5.29.30"
EXTENDED_KEY_USAGE, POLICIES, POLICY_CONSTRAINTS = "2.5.29.37", "2.5.29.32", "2.5.29.36"
POLICY_MAPPINGS, INHIBIT_ANY_POLICY, TLS_FEATURE = "2.5.29.33", "2.5.29.54", "1.3.6.1.5.5.7.1.24"
SUBJECT_KEY_IDENTIFIER, AUTHORITY_KEY_IDENTIFIER = "2.5.29.14", "2.5.29.35"
NETSCAPE_TYPE = "2.16.840.1.113730.1.1"
DNS_NAME, EMAIL, DIRECTORY_NAME, URI, IP_ADDRESS = 0x82, 0x81, 0xA4, 0x86, 0x87
USAGES = (
    *("digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement"),
    *("keyCertSign", "cRLSign", "encipherOnly", "decipherOnly"),
)
_MOST_FIELDS, _FEWEST_FIELDS = 16, 6  # of TBSCertificate, its version not included
MAX_KEPT = 256  # details of authorities
MAX_KEPT_OCTETS = 4096  # of the certificate of each
_COMPRESSED = (b"\x02", b"\x03")  # SEC 1 section 2.3.3
_NO_SECONDS = re.compile(rb"\d{10}Z")
_OFFSET = re.compile(rb"\d{12}[+-]\d{4}")
_UNIQUE_IDENTIFIERS = frozenset((0x81, 0x82))


@dataclass(frozen=True, slots=True)
class Subtrees:
    """The value of nameConstraints: pairs of the name's tag and its contents."""

    permitted: tuple[tuple[int, bytes], ...] = ()
    excluded: tuple[tuple[int, bytes], ...] = ()


@dataclass(slots=True)
class Details:
    """One certificate as the rules see it. None: the extension is missing."""

    certificate: Certificate
    faults: frozenset[str] = frozenset()
    version: int = 1
    critical: frozenset[str] = frozenset()
    extensions: Mapping[str, bytes] = field(default_factory=dict)
    usage: frozenset[str] | None = None
    purposes: frozenset[str] | None = None
    is_ca: bool | None = None
    path_length: int | None = None
    names: tuple[tuple[int, bytes], ...] = ()  # tag and contents of each subject alternative name
    subtrees: Subtrees | None = None
    features: tuple[int, ...] | None = None
    netscape_type: int | None = None
    has_unique_identifiers: bool = False
    has_universal_string: bool = False
    is_compressed_point: bool = False
    time_forms: frozenset[str] = frozenset()  # of the two times that are not in RFC 5280's form: see `_time_form`
    pss: tuple[str, str, int] | None = None  # hash, mask hash, salt length of an RSASSA-PSS signature


def details_untrusted(certificate: Certificate) -> Details:
    """Read a certificate for the rules. Never raises. What authorities present again and again is kept."""
    if certificate.is_ca and len(certificate.der) <= MAX_KEPT_OCTETS:
        return _kept(_Same(certificate))
    return _read_untrusted(certificate)


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """A certificate as a key: comparing all of its fields would cost more than reading it."""

    certificate: Certificate

    def __hash__(self) -> int:
        return hash(self.certificate.der)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.certificate.der == other.certificate.der


@lru_cache(maxsize=MAX_KEPT)
def _kept(same: _Same) -> Details:
    return _read_untrusted(same.certificate)


def _read_untrusted(certificate: Certificate) -> Details:
    found = Details(certificate, frozenset(fault.kind for fault in certificate.faults))
    try:
        _body(found)
    except DERError:
        return found
    for oid, reader in _READERS.items():
        value = found.extensions.get(oid)
        if value is not None:
            try:
                reader(found, element_untrusted(value))
            except DERError:
                continue
    return found


def _body(found: Details) -> None:
    outer = element_untrusted(found.certificate.der, der.SEQUENCE)
    parts = der.first_untrusted(outer.body, 2)
    fields = der.first_untrusted(parts[0].body, _MOST_FIELDS) if len(parts) > 1 else []
    if len(fields) < _FEWEST_FIELDS:
        raise DERError("fields are missing")
    algorithm = parts[1]
    if fields[0].tag == 0xA0:  # noqa: PLR2004 - [0] version
        found.version = der.integer_untrusted(element_untrusted(fields.pop(0).body, der.INTEGER).body) + 1
    if len(fields) < _FEWEST_FIELDS:
        raise DERError("fields are missing")
    found.has_unique_identifiers = any(one.tag in _UNIQUE_IDENTIFIERS for one in fields)
    names = fields[2].body + fields[4].body  # issuer and subject
    found.has_universal_string = any(value.tag == der.UNIVERSAL_STRING for value in _values(names))
    found.time_forms = frozenset(map(_time_form, der.first_untrusted(fields[3].body, 2))) - {""}
    found.is_compressed_point = _is_compressed(fields[5])
    if found.certificate.signature_algorithm == "rsassaPss":
        found.pss = pss_parameters_untrusted(algorithm)
    listed = next((one for one in fields if one.tag == 0xA3), None)  # noqa: PLR2004 - [3] extensions
    if listed is not None:
        extensions = extensions_untrusted(element_untrusted(listed.body, der.SEQUENCE))
        found.critical = frozenset(one.oid for one in extensions if one.critical)
        found.extensions = {one.oid: one.value for one in reversed(extensions)}


def _time_form(time: Element) -> str:
    """Tell the form of a time that RFC 5280 section 4.1.2.5 does not allow; "" for one that it does.

    Clients differ in what they read over: `no_seconds`, `offset`, `leap_second`, `year_zero`; `bad` is everything else.
    """
    if time.tag == der.UTC_TIME and not der.is_canonical_time(time):
        if _NO_SECONDS.fullmatch(time.body):
            return "no_seconds"
        return "offset" if _OFFSET.fullmatch(time.body) else "bad"
    if time.tag in (der.UTC_TIME, der.GENERALIZED_TIME) and der.is_canonical_time(time):
        if time.body.endswith(b"60Z"):
            return "leap_second"
        if time.tag == der.GENERALIZED_TIME and time.body.startswith(b"0000"):
            return "year_zero"
        with suppress(DERError):
            der.time_untrusted(time)
            return ""
    return "bad"


def _values(name: bytes) -> Iterator[Element]:
    for relative in elements_untrusted(name):
        for attribute in elements_untrusted(relative.body):
            yield from der.first_untrusted(attribute.body, 2)[1:]


def _is_compressed(spki: Element) -> bool:
    parts = der.first_untrusted(spki.body, 2)
    if len(parts) < 2:  # noqa: PLR2004 - algorithm and key
        raise DERError("a key without its parts")
    algorithm, key = parts
    is_ec = oid_untrusted(element_untrusted(algorithm.body, der.OID).body) == EC_PUBLIC_KEY
    return is_ec and der.bits_untrusted(key.body)[:1] in _COMPRESSED


def _names(found: Details, value: Element) -> None:
    found.names = tuple((name.tag, name.body) for name in elements_untrusted(value.body))


def _usage(found: Details, value: Element) -> None:
    bits = der.bits_untrusted(value.body)
    found.usage = frozenset(
        name for number, name in enumerate(USAGES) if number // 8 < len(bits) and bits[number // 8] << number % 8 & 0x80
    )


def _purposes(found: Details, value: Element) -> None:
    found.purposes = frozenset(oid_untrusted(one.body) for one in elements_untrusted(value.body))


def _basic_constraints(found: Details, value: Element) -> None:
    parts = list(elements_untrusted(value.body))
    found.is_ca = any(part.tag == der.BOOLEAN and part.body != b"\x00" for part in parts)
    lengths = [der.integer_untrusted(part.body) for part in parts if part.tag == der.INTEGER]
    found.path_length = lengths[0] if lengths else None


def _name_constraints(found: Details, value: Element) -> None:
    subtrees: dict[int, tuple[tuple[int, bytes], ...]] = {}
    for part in elements_untrusted(value.body):
        bases = [element_untrusted(subtree.body) for subtree in elements_untrusted(part.body)]
        subtrees[part.tag] = tuple((base.tag, base.body) for base in bases)
    found.subtrees = Subtrees(subtrees.get(0xA0, ()), subtrees.get(0xA1, ()))


def _features(found: Details, value: Element) -> None:
    found.features = tuple(der.integer_untrusted(one.body) for one in elements_untrusted(value.body))


def _netscape_type(found: Details, value: Element) -> None:
    found.netscape_type = int.from_bytes(der.bits_untrusted(value.body)[:1], "big")


_READERS = {
    SAN: _names,
    KEY_USAGE: _usage,
    EXTENDED_KEY_USAGE: _purposes,
    BASIC_CONSTRAINTS: _basic_constraints,
    NAME_CONSTRAINTS: _name_constraints,
    TLS_FEATURE: _features,
    NETSCAPE_TYPE: _netscape_type,
}
