"""DANE: TLSA records matched against a presented chain (RFC 6698, 7671, 7672). Pure.

A record says which certificate or key must be in the chain: usage 0 and 1 also want the public CAs' word, 2 names a
trust anchor, 3 the leaf itself. The chain is valid if one usable record matches with all that its usage asks for.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from cryptography import x509

from exporter.certificates.certificate import Certificate, read_certificate_untrusted
from exporter.certificates.path import is_issued_by
from exporter.certificates.signatures import is_signed_by
from exporter.published.dns_answer import Record, bytes_of

MAX_CERTIFICATES = 16  # of a chain that are matched; a real one has at most five
MAX_RECORDS = 64  # that are matched


class Usage(IntEnum):
    """Certificate usage (RFC 7218 gives the names)."""

    PKIX_TA = 0
    PKIX_EE = 1
    DANE_TA = 2
    DANE_EE = 3


class Selector(IntEnum):
    """What of the certificate is compared."""

    CERTIFICATE = 0
    PUBLIC_KEY = 1


class MatchingType(IntEnum):
    """How it is compared. A higher digest is stronger (RFC 7671 section 9)."""

    FULL = 0
    SHA256 = 1
    SHA512 = 2


_LENGTHS = {MatchingType.SHA256: 32, MatchingType.SHA512: 64}


class Support(StrEnum):
    """Whether a client may use the records."""

    SECURE = "secure"
    UNSIGNED = "unsigned"  # no signature covers them
    BOGUS = "bogus"  # signatures do not hold
    ADDRESS_UNSIGNED = "address_unsigned"  # those of the address do not: SMTP clients do not look further


@dataclass(frozen=True, slots=True)
class TLSARecord:
    """One TLSA record, whatever its numbers mean."""

    usage: int
    selector: int
    matching_type: int
    data: bytes

    def __str__(self) -> str:
        return f"{self.usage} {self.selector} {self.matching_type} {self.data.hex()[:16]}"


@dataclass(frozen=True, slots=True)
class TLSARecords:
    """The TLSA records of one service, and the name they stand at. `references` are names that the leaf may have."""

    owner: str
    records: tuple[TLSARecord, ...]
    support: Support
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordMatch:
    """Whether one usable record matches the chain, and whether it depends on the leaf alone."""

    record: TLSARecord
    matches: bool
    is_leaf: bool = False


@dataclass(frozen=True, slots=True)
class DANE:
    """How the records and the chain agree. `valid` is None where no record is usable, so that nothing can be said.

    `depends_on_leaf`: when the present leaf and its key go, no usable record is left.
    """

    owner: str
    support: Support
    valid: bool | None
    matches: tuple[RecordMatch, ...]
    record_count: int
    depends_on_leaf: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Presented:
    """What the endpoint presented, and what other judges say: needed for the usages that ask for it.

    `path` is the leaf with the certificates that signed it, each after the one that it signed. `pkix_trusted` is the
    public CAs' verdict, None if unknown. `has_name` tells whether the leaf has a name.
    """

    path: tuple[Certificate, ...]
    pkix_path: tuple[Certificate, ...]
    pkix_trusted: bool | None
    name_match: bool | None
    has_name: Callable[[str], bool]
    now: float


def read_tlsa_untrusted(records: Iterable[Record]) -> tuple[TLSARecord, ...]:
    """Return TLSA records in an order that does not depend on the server's (RFC 6698 section 2.1).

    usage8 | selector8 | matching type8 | data
    """
    found = {TLSARecord(data[0], data[1], data[2], data[3:]) for data in map(bytes_of, records) if len(data) >= 3}  # noqa: PLR2004
    return tuple(sorted(found, key=lambda one: (one.usage, one.selector, one.matching_type, one.data)))[:MAX_RECORDS]


def is_usable(record: TLSARecord, *, smtp: bool) -> bool:
    """Whether a client can use a record at all; SMTP clients leave PKIX usages out (RFC 7672 section 3.1.3)."""
    usages = (Usage.DANE_TA, Usage.DANE_EE) if smtp else tuple(Usage)
    if record.usage not in usages or record.selector not in tuple(Selector):
        return False
    if record.matching_type == MatchingType.FULL:
        return _reads(record)
    return record.matching_type in _LENGTHS and len(record.data) == _LENGTHS[MatchingType(record.matching_type)]


def _reads(record: TLSARecord) -> bool:
    """Whether the data of a record without digest is a certificate or key at all."""
    try:
        if record.selector == Selector.CERTIFICATE:
            x509.load_der_x509_certificate(record.data)
            return True
        return record.data[:1] == b"\x30" and len(record.data) > 2  # noqa: PLR2004 - a SEQUENCE with content
    except Exception:  # noqa: BLE001 - hostile input
        return False


def strongest(records: Sequence[TLSARecord]) -> tuple[TLSARecord, ...]:
    """Leave out digests where a stronger one of the same usage and selector is there (RFC 7671 section 9)."""
    best: dict[tuple[int, int], int] = {}
    for one in records:
        key = one.usage, one.selector
        best[key] = max(best.get(key, 0), one.matching_type)
    return tuple(one for one in records if one.matching_type in (MatchingType.FULL, best[one.usage, one.selector]))


def match(published: TLSARecords, presented: Presented, *, smtp: bool) -> DANE | None:
    """Compare records with a chain; None where there are no records or nothing was presented.

    Bogus ones are not read: that an answer does not hold is all that is known.
    """
    count = len(published.records)
    if not presented.path or not (count or published.support is Support.BOGUS):
        return None
    usable = strongest([one for one in published.records if is_usable(one, smtp=smtp)])
    if published.support is not Support.SECURE:
        return DANE(published.owner, published.support, None, (), count)
    if not usable:
        return DANE(published.owner, published.support, None, (), count, problem="no record that a client can use")
    digests = _Digests()
    matches = tuple(_match_one(one, published, presented, digests) for one in usable)
    valid = any(one.matches for one in matches)
    undecided = not valid and any(_is_undecided(one, presented) for one in usable)
    rest = [one for one in matches if not one.is_leaf]
    return DANE(
        published.owner,
        published.support,
        None if undecided else valid,
        () if undecided else matches,
        count,
        depends_on_leaf=valid and not rest,
        problem="" if valid or undecided else _why(matches, published, presented),
    )


def _is_undecided(record: TLSARecord, presented: Presented) -> bool:
    return record.usage in (Usage.PKIX_TA, Usage.PKIX_EE) and presented.pkix_trusted is None


class _Digests:
    """What of each certificate is compared, computed once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, int], bytes | None] = {}

    def get(self, certificate: Certificate, selector: int, matching_type: int) -> bytes | None:
        key = certificate.fingerprint_sha256, selector, matching_type
        if key not in self._known:
            self._known[key] = _selected(certificate, selector, matching_type)
        return self._known[key]


def _selected(certificate: Certificate, selector: int, matching_type: int) -> bytes | None:
    data: bytes | None = certificate.der
    if selector == Selector.PUBLIC_KEY:
        data = certificate.spki_der or None
    if data is None or matching_type == MatchingType.FULL:
        return data
    return (hashlib.sha256 if matching_type == MatchingType.SHA256 else hashlib.sha512)(data).digest()


def _match_one(record: TLSARecord, published: TLSARecords, presented: Presented, digests: _Digests) -> RecordMatch:
    usage = Usage(record.usage)
    is_anchor = usage in (Usage.PKIX_TA, Usage.DANE_TA)
    path = presented.pkix_path if usage is Usage.PKIX_TA else presented.path
    candidates = path[1:MAX_CERTIFICATES] if is_anchor else path[:1]
    depth = next(
        (
            at + is_anchor
            for at, one in enumerate(candidates)
            if digests.get(one, record.selector, record.matching_type) == record.data
        ),
        None,
    )
    if depth is None and usage is Usage.DANE_TA and record.matching_type == MatchingType.FULL:
        depth = len(path) - 1 if _has_signed(record, path[-1]) else None
    if depth is None:
        return RecordMatch(record, matches=False)
    return RecordMatch(record, _is_enough(usage, depth, published, presented), is_leaf=not is_anchor)


def _has_signed(record: TLSARecord, certificate: Certificate) -> bool:
    """Whether the trust anchor that a record holds in full has signed a certificate; it need not be presented."""
    if record.selector == Selector.CERTIFICATE:
        return is_issued_by(certificate, read_certificate_untrusted(record.data))
    return is_signed_by(certificate.der, record.data) is True


def _is_enough(usage: Usage, depth: int, published: TLSARecords, presented: Presented) -> bool:
    """Check what a usage asks for besides the match: DANE-EE asks for nothing, no name and no dates (RFC 7671 5.1)."""
    if usage is Usage.DANE_EE:
        return True
    if usage is Usage.DANE_TA:
        names = published.references
        named = any(presented.has_name(name) for name in names) if names else bool(presented.name_match)
        return named and all(_is_current(one, presented.now) for one in presented.path[: depth + 1])
    return bool(presented.pkix_trusted) and bool(presented.name_match)


def _is_current(certificate: Certificate, now: float) -> bool:
    begin, end = certificate.not_before, certificate.not_after
    return begin is not None and end is not None and begin <= now <= end


def _why(matches: Sequence[RecordMatch], published: TLSARecords, presented: Presented) -> str:
    shown = ", ".join(str(one.record) for one in matches[:4]) + (", ..." if len(matches) > 4 else "")  # noqa: PLR2004
    leaf = presented.path[0]
    key = leaf.spki_der
    actual = f"; the leaf's 3 1 1 would be {hashlib.sha256(key).hexdigest()}" if key else ""
    return f"none of the records at {published.owner} holds for the chain presented: {shown}{actual}"
