"""What a reader of stored certificates returns, and the one exception that it raises."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from exporter.certificates.der import SEQUENCE, DERError, contents_untrusted, element_untrusted, elements_untrusted
from exporter.net.reason import Reason

MAX_FILE_BYTES = 8 * 1024 * 1024  # a bundle of all public roots has a quarter of a megabyte
MAX_CERTIFICATES = 1000  # of one file; the largest bundles of public roots have about 400
MAX_NAME = 256  # characters of an alias or a user
_MAX_CHAIN = 20
_VERSION = 0xA0  # context tag of TBSCertificate.version


class UnreadableError(Exception):
    """A file from which no certificate can be read: the reason, and a sentence without secrets."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class EntryKind(StrEnum):
    """What an entry is for, as far as its file says so."""

    CERTIFICATE = "certificate"  # the file does not say
    KEY = "key"  # a certificate with its private key in the same key store, and its chain
    TRUSTED = "trusted"  # a trust anchor
    CLIENT = "client"  # what a kubeconfig's user authenticates with


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a file: certificates as DER, the leaf first where there is one."""

    certificates: tuple[bytes, ...]
    kind: EntryKind = EntryKind.CERTIFICATE
    alias: str = ""  # friendlyName of PKCS#12, alias of a Java key store, a kubeconfig's cluster
    user: str = ""  # a kubeconfig's user


@dataclass(frozen=True, slots=True)
class Reference:
    """A file that a kubeconfig names in place of holding the certificates itself."""

    path: str
    kind: EntryKind
    alias: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class Contents:
    """What one file holds. `format` is a word for people, as `PKCS#12`."""

    format: str
    entries: tuple[Entry, ...]
    references: tuple[Reference, ...] = ()


def checked(certificates: Iterable[bytes]) -> tuple[bytes, ...]:
    """Return certificates if each of them is one at least in its outlines. Raises UnreadableError."""
    kept = tuple(certificates)
    if len(kept) > MAX_CERTIFICATES:
        raise UnreadableError(Reason.TOO_LARGE, f"more than {MAX_CERTIFICATES} certificates")
    for position, der in enumerate(kept):
        try:
            names_untrusted(der)
        except DERError as error:
            raise UnreadableError(Reason.MALFORMED, f"certificate {position} of the file is none: {error}") from None
    return kept


def names_untrusted(der: bytes) -> tuple[bytes, bytes]:
    """Return the encoded issuer and subject of a certificate (RFC 5280 section 4.1). Raises DERError."""
    body = element_untrusted(contents_untrusted(element_untrusted(der, SEQUENCE).encoding, SEQUENCE), SEQUENCE).body
    fields = []
    for element in elements_untrusted(body):
        if element.tag != _VERSION:
            fields.append(element)
        if len(fields) == 6:  # noqa: PLR2004 - serial, signature, issuer, validity, subject, key
            return fields[2].encoding, fields[4].encoding
    raise DERError("fields are missing")


def chains(certificates: Iterable[bytes]) -> list[tuple[bytes, ...]]:
    """Order a set of certificates by name into chains: each that issued no other, followed by its issuers.

    A set has no order (PKCS#7, PKCS#12), a chain has. Signatures are not looked at.
    """
    named = {der: names_untrusted(der) for der in certificates}
    issuers = {issuer for issuer, subject in named.values() if issuer != subject}
    leaves = [der for der, (_, subject) in named.items() if subject not in issuers]
    found = list(chains_from(leaves, named))
    linked = {der for chain in found for der in chain}
    return found + [(der,) for der in named if der not in linked]


def chains_from(leaves: Iterable[bytes], named: Mapping[bytes, tuple[bytes, bytes]]) -> Iterator[tuple[bytes, ...]]:
    """Yield each leaf with its issuers by name, as far as they are there and at most twenty."""
    by_subject: dict[bytes, bytes] = {}
    for der, (_, subject) in named.items():
        by_subject.setdefault(subject, der)
    for leaf in leaves:
        yield tuple(_follow(leaf, named, by_subject))


def _follow(
    leaf: bytes, named: Mapping[bytes, tuple[bytes, bytes]], by_subject: Mapping[bytes, bytes]
) -> Iterator[bytes]:
    current, seen = leaf, {leaf}
    yield current
    while len(seen) < _MAX_CHAIN:
        issuer, subject = named[current]
        above = by_subject.get(issuer)
        if issuer == subject or above is None or above in seen:
            return
        seen.add(above)
        current = above
        yield current


def name_of(text: str) -> str:
    """Cut an alias or user; it is cleaned where it is shown."""
    return text[:MAX_NAME]
