"""Name constraints (RFC 5280 section 4.2.1.10) as the clients judge them: which name breaks which subtree.

The product of names and subtrees is bounded before it is computed.
"""

import ipaddress

from exporter.certificates.clients.details import (
    DIRECTORY_NAME,
    DNS_NAME,
    EMAIL,
    IP_ADDRESS,
    URI,
    Details,
    Subtrees,
)
from exporter.certificates.distinguished_name import relative_names

MAX_COMPARISONS = 20_000
SUPPORTED_BY_GO = frozenset((DNS_NAME, EMAIL, URI, IP_ADDRESS))
_COMPARED = SUPPORTED_BY_GO | {DIRECTORY_NAME}


class ExcessiveError(Exception):
    """More names and constraints than are compared here."""


def broken_constraint(below: Details, subtrees: Subtrees, *, wildcards_reach: bool = True) -> str | None:
    """Return which name of a certificate an authority above it forbids. Raises ExcessiveError.

    `wildcards_reach`: a wildcard that may stand for an excluded name is excluded.
    """
    names = [*below.names]
    if relative_names(below.certificate.subject_der):
        names.append((DIRECTORY_NAME, below.certificate.subject_der))
    if len(names) * (len(subtrees.permitted) + len(subtrees.excluded)) > MAX_COMPARISONS:
        raise ExcessiveError(f"{len(names)} names under {len(subtrees.permitted) + len(subtrees.excluded)} constraints")
    holds = _reaches if wildcards_reach else _within
    for tag, name in names:
        if tag not in _COMPARED:
            continue
        permitted = [base for kind, base in subtrees.permitted if kind == tag]
        if permitted and not any(_within(tag, name, base) for base in permitted):
            return f"{_text(tag, name)} is not permitted"
        if any(holds(tag, name, base) for kind, base in subtrees.excluded if kind == tag):
            return f"{_text(tag, name)} is excluded"
    return None


def _text(tag: int, name: bytes) -> str:
    if tag == IP_ADDRESS and len(name) in (4, 16):
        return str(ipaddress.ip_address(name))
    return "the subject's name" if tag == DIRECTORY_NAME else name.decode("ascii", "backslashreplace")


def _reaches(tag: int, name: bytes, base: bytes) -> bool:
    """Return whether a name may stand for one in an excluded subtree: a wildcard stands for each label."""
    if _within(tag, name, base):
        return True
    return tag == DNS_NAME and name.startswith(b"*.") and base.lower().partition(b".")[2] == name[2:].lower()


def _within(tag: int, name: bytes, base: bytes) -> bool:
    if tag == IP_ADDRESS:
        half = len(base) // 2
        return len(name) == half and all(
            a & mask == b & mask for a, b, mask in zip(name, base[:half], base[half:], strict=True)
        )
    if tag == DIRECTORY_NAME:
        inner, outer = relative_names(name) or [], relative_names(base) or []
        return inner[: len(outer)] == outer
    return _within_domain(tag, name.decode("latin-1").lower(), base.decode("latin-1").lower())


def _within_domain(tag: int, name: str, base: str) -> bool:
    """Compare DNS names, hosts of URIs and mail addresses. A leading dot stands for one label or more."""
    if tag == EMAIL and "@" in base:
        return name == base
    if tag == EMAIL:
        name = name.rpartition("@")[2]
    elif tag == URI:
        name = name.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0]
    name = name.removeprefix("*.") if tag == DNS_NAME else name
    if base.startswith("."):
        return name.endswith(base) or (tag == DNS_NAME and name == base[1:])
    return not base or name == base or (tag == DNS_NAME and name.endswith(f".{base}"))
