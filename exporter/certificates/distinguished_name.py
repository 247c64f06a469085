"""Distinguished names as text: RFC 4514, made printable whatever a certificate holds.

The text is for people and labels; names are compared by `same_name` or by their encoding, never by this text.
"""

import re
import unicodedata
from functools import lru_cache

from exporter.certificates.der import (
    SEQUENCE,
    STRINGS,
    DERError,
    Element,
    element_untrusted,
    first_untrusted,
    oid_untrusted,
    string_untrusted,
)

ATTRIBUTES = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "street",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.15": "businessCategory",
    "2.5.4.17": "postalCode",
    "2.5.4.42": "givenName",
    "2.5.4.43": "initials",
    "2.5.4.44": "generationQualifier",
    "2.5.4.46": "dnQualifier",
    "2.5.4.65": "pseudonym",
    "2.5.4.97": "organizationIdentifier",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
    "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL",
    "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST",
    "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
}
COMMON_NAME = "2.5.4.3"
MAX_NAMES = 4096  # kept in canonical form
MAX_NAME_OCTETS = 512  # of those: a hostile one may have tens of thousands
_PLAIN = re.compile(r"[A-Za-z0-9 .:/@*_()-]*\Z").match  # nothing to escape within
MAX_ATTRIBUTES = 1_000  # of a name, shown as text
MAX_VALUE = 4_096  # characters of one attribute's value that are shown: four times what fits into a label


def attributes_untrusted(name: bytes, most: int = MAX_ATTRIBUTES) -> list[list[tuple[str, Element]]]:
    """Return the relative distinguished names in a Name's contents, each a list of (OID, value); `most` in all."""
    names = []
    left = most
    for relative in first_untrusted(name, most):
        pairs = []
        for attribute in first_untrusted(relative.body, left):
            parts = first_untrusted(attribute.body, 3)
            if len(parts) != 2:  # noqa: PLR2004 - type and value
                raise DERError("bad attribute of a name")
            pairs.append((oid_untrusted(parts[0].body), parts[1]))
        names.append(pairs)
        left -= len(pairs)
    return names


def text_untrusted(name: bytes, most: int = MAX_ATTRIBUTES) -> str:
    """Return a Name's contents in the string form of RFC 4514: the last relative name first.

    Of a name with more than `most` attributes the first are shown, and of long values the beginning.
    """
    return ",".join(
        "+".join(f"{ATTRIBUTES.get(oid, oid)}={_value_text(value)}" for oid, value in pairs)
        for pairs in reversed(attributes_untrusted(name, most))
    )


def _value_text(value: Element) -> str:
    """Return a value as text; one that is no string in hexadecimal digits (RFC 4514 section 2.4)."""
    if value.tag not in STRINGS:
        return f"#{value.encoding[:MAX_VALUE].hex()}"
    return escape(string_untrusted(value)[:MAX_VALUE])


def common_names_untrusted(name: bytes) -> list[str]:
    """Return the common names in a Name's contents."""
    return [
        string_untrusted(value) for pairs in attributes_untrusted(name) for oid, value in pairs if oid == COMMON_NAME
    ]


def canonical(name: bytes) -> bytes:
    """Return an encoded Name in a form that is equal for names that match by RFC 5280 section 7.1.

    Text is compared without regard to case, to the string type, and to how many spaces stand where. What cannot be
    read stays as it is.
    """
    return _kept_canonical(name) if len(name) <= MAX_NAME_OCTETS else _canonical(name)


def _canonical(name: bytes) -> bytes:
    relatives = relative_names(name)
    return name if relatives is None else repr(relatives).encode()


_kept_canonical = lru_cache(maxsize=MAX_NAMES)(_canonical)


def same_name(one: bytes, other: bytes) -> bool:
    """Return whether two encoded Names match by RFC 5280 section 7.1."""
    return one == other or canonical(one) == canonical(other)


def relative_names(name: bytes) -> list[list[tuple[str, str]]] | None:
    """Return the relative names of an encoded Name, prepared for comparison; None if it cannot be read."""
    try:
        relatives = attributes_untrusted(element_untrusted(name, SEQUENCE).body)
    except DERError:
        return None
    return [sorted((oid, _prepared(value)) for oid, value in pairs) for pairs in relatives]


def _prepared(value: Element) -> str:
    """Prepare a value for comparison (RFC 4518 section 2, without its rarer mappings)."""
    if value.tag not in STRINGS:
        return value.encoding.hex()
    return " ".join(unicodedata.normalize("NFKC", string_untrusted(value)).casefold().split())


def escape(value: str) -> str:
    """Escape as RFC 4514 section 2.4 asks for; what does not print is shown by its UTF-8 octets."""
    text = value if _PLAIN(value) else "".join(_escape_character(character) for character in value)
    if text.endswith(" "):
        text = text[:-1] + "\\ "
    return "\\" + text if text.startswith(("#", " ")) else text


def _escape_character(character: str) -> str:
    if character in '"+,;<>\\':
        return "\\" + character
    if character.isprintable():
        return character
    return "".join(f"\\{octet:02X}" for octet in character.encode("utf-8", "replace"))
