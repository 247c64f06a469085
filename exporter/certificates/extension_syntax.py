"""The syntax of the extensions of RFC 5280 section 4.2, one function each: what is wrong with a value, if anything.

A function gets the one element that the value is, and yields sentences. DERError means that it cannot be read.
Whether the value's encoding is DER is checked for all of them together in `conformance`.
"""

from collections.abc import Callable, Iterator, Mapping

from exporter.certificates import der
from exporter.certificates.der import DERError, Element, elements_untrusted

_OTHER_NAME, _EMAIL, _DNS_NAME, _X400, _DIRECTORY = 0xA0, 0x81, 0x82, 0xA3, 0xA4
_EDI_PARTY, _URI, _IP_ADDRESS, _REGISTERED_ID = 0xA5, 0x86, 0x87, 0x88
_GENERAL_NAMES = frozenset(
    (_OTHER_NAME, _EMAIL, _DNS_NAME, _X400, _DIRECTORY, _EDI_PARTY, _URI, _IP_ADDRESS, _REGISTERED_ID)
)
_ASCII_NAMES = frozenset((_EMAIL, _DNS_NAME, _URI))
_KEY_IDENTIFIER, _CERT_ISSUER, _CERT_SERIAL = 0x80, 0xA1, 0x82
Check = Callable[[Element], Iterator[str]]


def _sequence_of(element: Element, tag: int | None = None) -> list[Element]:
    """Return the elements of a SEQUENCE, each of one tag if one is given."""
    if element.tag != der.SEQUENCE:
        raise DERError(f"tag 0x{element.tag:02x} where 0x{der.SEQUENCE:02x} belongs")
    found = list(elements_untrusted(element.body))
    wrong = next((one for one in found if tag is not None and one.tag != tag), None)
    if wrong is not None:
        raise DERError(f"tag 0x{wrong.tag:02x} where 0x{tag:02x} belongs")
    return found


def _at_least_one(tag: int | None) -> Check:
    """Make the check of a SEQUENCE SIZE (1..MAX) OF something."""

    def check(element: Element) -> Iterator[str]:
        if not _sequence_of(element, tag):
            yield "an empty list"

    return check


def _general_names(element: Element) -> Iterator[str]:
    names = _sequence_of(element)
    if not names:
        yield "an empty list"
    for name in names:
        if name.tag not in _GENERAL_NAMES:
            yield f"no kind of name has the tag 0x{name.tag:02x}"
        elif name.tag in _ASCII_NAMES and not name.body.isascii():
            yield "a name that is not ASCII (IA5String)"
        elif name.tag == _IP_ADDRESS and len(name.body) not in (4, 16):
            yield "an IP address must have 4 or 16 octets"


def _basic_constraints(element: Element) -> Iterator[str]:
    parts = _sequence_of(element)
    tags = [part.tag for part in parts]
    if tags not in ([], [der.BOOLEAN], [der.INTEGER], [der.BOOLEAN, der.INTEGER]):
        raise DERError("bad basic constraints")
    if tags[:1] == [der.BOOLEAN] and parts[0].body == b"\x00":
        yield "cA FALSE is written out, which DER forbids"
    if tags[-1:] == [der.INTEGER] and der.integer_untrusted(parts[-1].body) < 0:
        yield "a negative path length"


def _key_usage(element: Element) -> Iterator[str]:
    _expect(element, der.BIT_STRING)
    if not any(der.bits_untrusted(element.body)):
        yield "no usage is asserted (section 4.2.1.3)"


def _octets(element: Element) -> Iterator[str]:
    _expect(element, der.OCTET_STRING)
    yield from ()


def _authority_key_identifier(element: Element) -> Iterator[str]:
    tags = [part.tag for part in _sequence_of(element)]
    if tags != [tag for tag in (_KEY_IDENTIFIER, _CERT_ISSUER, _CERT_SERIAL) if tag in tags]:
        yield "fields that are not of section 4.2.1.1"
    elif (_CERT_ISSUER in tags) != (_CERT_SERIAL in tags):
        yield "an issuer without a serial number, or the reverse (section 4.2.1.1)"


def _name_constraints(element: Element) -> Iterator[str]:
    parts = _sequence_of(element)
    tags = [part.tag for part in parts]
    if tags not in ([0xA0], [0xA1], [0xA0, 0xA1]):
        yield "an empty list" if not tags else "fields that are not of section 4.2.1.10"
    for part in parts:
        if not part.body:
            yield "an empty list"
        for subtree in elements_untrusted(part.body):
            base = next(elements_untrusted(subtree.body), None)
            if subtree.tag != der.SEQUENCE or base is None or base.tag not in _GENERAL_NAMES:
                yield "bad subtree"
            elif base.tag == _IP_ADDRESS and len(base.body) not in (8, 32):
                yield "an address range must have 8 or 32 octets"


def _policies(element: Element) -> Iterator[str]:
    policies = _sequence_of(element, der.SEQUENCE)
    if not policies:
        yield "an empty list"
    if any([part.tag for part in elements_untrusted(policy.body)][:1] != [der.OID] for policy in policies):
        yield "bad policy information"


def _access_descriptions(element: Element) -> Iterator[str]:
    descriptions = _sequence_of(element, der.SEQUENCE)
    if not descriptions:
        yield "an empty list"
    if any(len(list(elements_untrusted(description.body))) != 2 for description in descriptions):  # noqa: PLR2004
        yield "bad access description"


def _integers(element: Element) -> Iterator[str]:
    _sequence_of(element, der.INTEGER)
    yield from ()


def _policy_constraints(element: Element) -> Iterator[str]:
    tags = [part.tag for part in _sequence_of(element)]
    if tags not in ([0x80], [0x81], [0x80, 0x81]):
        yield "fields that are not of section 4.2.1.11"


def _integer(element: Element) -> Iterator[str]:
    _expect(element, der.INTEGER)
    yield from ()


def _expect(element: Element, tag: int) -> None:
    if element.tag != tag:
        raise DERError(f"tag 0x{element.tag:02x} where 0x{tag:02x} belongs")


# object identifier: (the name in RFC 5280 section 4.2 or RFC 7633, its check)
SYNTAX: Mapping[str, tuple[str, Check]] = {
    "2.5.29.14": ("subjectKeyIdentifier", _octets),
    "2.5.29.15": ("keyUsage", _key_usage),
    "2.5.29.17": ("subjectAltName", _general_names),
    "2.5.29.18": ("issuerAltName", _general_names),
    "2.5.29.19": ("basicConstraints", _basic_constraints),
    "2.5.29.30": ("nameConstraints", _name_constraints),
    "2.5.29.31": ("cRLDistributionPoints", _at_least_one(der.SEQUENCE)),
    "2.5.29.32": ("certificatePolicies", _policies),
    "2.5.29.33": ("policyMappings", _at_least_one(der.SEQUENCE)),
    "2.5.29.35": ("authorityKeyIdentifier", _authority_key_identifier),
    "2.5.29.36": ("policyConstraints", _policy_constraints),
    "2.5.29.37": ("extKeyUsage", _at_least_one(der.OID)),
    "2.5.29.46": ("freshestCRL", _at_least_one(der.SEQUENCE)),
    "2.5.29.54": ("inhibitAnyPolicy", _integer),
    "1.3.6.1.5.5.7.1.1": ("authorityInfoAccess", _access_descriptions),
    "1.3.6.1.5.5.7.1.11": ("subjectInfoAccess", _access_descriptions),
    "1.3.6.1.5.5.7.1.24": ("tlsFeature", _integers),
}
