"""CAA: may the CA that issued the present certificate issue the next one (RFC 8659, RFC 8657)? Pure.

The relevant set of a name is the first one found while climbing the tree from it. This file says which names to ask;
`caa_lookup` sends the queries.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from exporter.certificates.certificate import Certificate
from exporter.certificates.der import SEQUENCE, DERError, contents_untrusted, string_untrusted
from exporter.certificates.distinguished_name import attributes_untrusted
from exporter.published.caa_identifiers import CAA_IDENTIFIERS
from exporter.published.dns_answer import Record, bytes_of

ORGANIZATION = "2.5.4.10"
MAX_LABELS = 24  # of a name: each is a question
MAX_NAMES = 50  # of a certificate that are asked about
_KNOWN_TAGS = frozenset({"issue", "issuewild", "iodef", "issuemail", "issuevmc", "contactemail", "contactphone"})
_CRITICAL = 0x80
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\Z")
_TAG = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\Z")
_VALUE = re.compile(r"[\x21-\x3a\x3c-\x7e]*\Z")
_MAX_VALUE = 4096


@dataclass(frozen=True, slots=True)
class Property:
    """One CAA record: a tag in lower case and its value."""

    tag: str
    value: str
    is_critical: bool = False


@dataclass(frozen=True, slots=True)
class RelevantSet:
    """The records that count for a name, and the name that has them; none: every CA may issue."""

    owner: str = ""
    properties: tuple[Property, ...] = ()


@dataclass(frozen=True, slots=True)
class CAA:
    """Whether the certificate's CA may issue for all of its names; None if that is not known."""

    permits: bool | None
    issuer: str
    detail: str = ""


def climb(name: str) -> tuple[str, ...]:
    """Return the names whose CAA sets are looked for, in order: the name and its ancestors but the root (section 3)."""
    labels = name.removeprefix("*.").split(".")[-MAX_LABELS:]
    return tuple(".".join(labels[at:]) for at in range(len(labels)))


def read_caa_untrusted(records: Iterable[Record]) -> tuple[Property, ...]:
    """Return CAA records in an order that does not depend on the server's (RFC 8659 section 4.1).

    flags8 | tag length8 | tag | value

    A record without a readable tag counts as one that no CA understands: if it is critical, nobody may issue.
    """
    found = set()
    for data in map(bytes_of, records):
        flags, length = (data[0], data[1]) if len(data) > 1 else (0, 0)
        tag, value = data[2 : 2 + length], data[2 + length :][:_MAX_VALUE]
        readable = bool(length) and len(tag) == length
        found.add(
            Property(
                tag.decode("latin-1").lower() if readable else "",
                value.decode("latin-1") if readable else "",
                bool(flags & _CRITICAL),
            )
        )
    return tuple(sorted(found, key=lambda one: (one.tag, one.value, one.is_critical)))


def permits(relevant: RelevantSet, identifiers: frozenset[str], *, wildcard: bool) -> bool:
    """Return whether a CA that goes by any of the identifiers may issue under a set of records (section 4)."""
    properties = relevant.properties
    if any(one.is_critical and one.tag not in _KNOWN_TAGS for one in properties):
        return False
    issue = [one for one in properties if one.tag == "issue"]
    if wildcard:
        issue = [one for one in properties if one.tag == "issuewild"] or issue
    return not issue or any(_authorizes(one.value, identifiers) for one in issue)


def _authorizes(value: str, identifiers: frozenset[str]) -> bool:
    """Read the value of an issue property (section 4.2); one that breaks the grammar authorizes nobody."""
    domain, *rest = value.strip(" \t").split(";")
    domain = domain.strip(" \t")
    if not _DOMAIN.match(domain) or domain.lower() not in identifiers:
        return False
    parameters = [parameter.strip(" \t") for parameter in ";".join(rest).split(";")] if rest else []
    seen: set[str] = set()
    for parameter in parameters:
        if not parameter:
            continue
        tag, equals, text = parameter.partition("=")
        tag = tag.strip(" \t").lower()
        if not equals or not _TAG.match(tag) or not _VALUE.match(text.strip(" \t")):
            return False
        if tag in ("accounturi", "validationmethods") and (tag in seen or not text.strip(" \t")):
            return False  # RFC 8657 sections 3 and 4: two of them, or an empty one, can be met by nobody
        seen.add(tag)
    return True


def identifiers_of(issuer_name_der: bytes) -> tuple[str, frozenset[str] | None]:
    """Return the organization in an issuer's name, and how CAA records name that CA; None if it is not in the table.

    Takes the encoded Name, as hostile as the certificate that it is from.
    """
    try:
        values = [
            string_untrusted(value)
            for pairs in attributes_untrusted(contents_untrusted(issuer_name_der, SEQUENCE))
            for oid, value in pairs
            if oid == ORGANIZATION
        ]
    except DERError:
        return "", None
    organization = values[0] if len(values) == 1 else ""
    return organization, CAA_IDENTIFIERS.get(organization.strip().lower())


def names_to_check(leaf: Certificate, reference: str, *, trusted: bool) -> tuple[str, ...]:
    """Return the names of a leaf on whose CAA records its next issuance depends.

    An untrusted certificate may contain names of unrelated domains: then only names that cover the probed name count.
    """
    names = [name.lower() for name in leaf.dns_names]
    if not trusted:
        parent = reference.partition(".")[2]
        names = [name for name in names if name in (reference, f"*.{parent}")]
    return tuple(dict.fromkeys(names))[:MAX_NAMES]


def assess(
    leaf_names: Sequence[str], sets: Sequence[RelevantSet | None], organization: str, identifiers: frozenset[str]
) -> CAA:
    """Return whether the CA may issue for every name; a set that is None is not known."""
    for name, relevant in zip(leaf_names, sets, strict=True):
        if relevant is not None and not permits(relevant, identifiers, wildcard=name.startswith("*.")):
            allowed = ", ".join(one.value for one in relevant.properties if one.tag in ("issue", "issuewild"))[:200]
            detail = f"the records at {relevant.owner} do not let {organization} issue for {name}: {allowed}"
            return CAA(permits=False, issuer=organization, detail=detail)
    return CAA(permits=None if None in sets else True, issuer=organization)
