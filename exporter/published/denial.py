"""Proofs that a name or a record type does not exist: NSEC (RFC 4034, 4035) and NSEC3 (RFC 5155). Pure.

The records come here with their signatures verified, so this file only does the set theory. Whatever is not proven
raises: a denial without proof in a signed zone is a lie.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import dns.dnssec
import dns.name
from dns.name import Name
from dns.rdatatype import RdataType

from exporter.published.dns_answer import DNSError, DNSFailure, Record

MAX_ITERATIONS = 150  # of NSEC3 hashing; RFC 9276 section 3.2 lets validators treat more as unsigned
MAX_RECORDS = 12  # of one denial; NSEC3 needs at most three
_OPT_OUT = 1
_SHA1 = 1  # the only NSEC3 hash (RFC 5155 section 11)


class Denial(StrEnum):
    """What was proven."""

    NO_DATA = "no_data"
    NO_NAME = "no_name"
    DELEGATION = "delegation"  # NO_DATA for DS at a name that has NS records: an unsigned zone begins here
    OPT_OUT = "opt_out"  # nothing is said about unsigned delegations in this span: all below is unsigned


@dataclass(frozen=True, slots=True)
class Proof:
    """One NSEC or NSEC3 record with its owner."""

    owner: Name
    record: Record

    def has(self, kind: RdataType) -> bool:
        """Whether the owner has records of a type."""
        window, bit = divmod(int(kind), 256)
        return any(
            number == window and bit // 8 < len(bitmap) and bitmap[bit // 8] & (0x80 >> bit % 8)
            for number, bitmap in self.record.windows
        )

    @property
    def is_delegation(self) -> bool:
        """Whether the owner is the parent's side of a zone cut, which says nothing about what is below it."""
        return self.has(RdataType.NS) and not self.has(RdataType.SOA)


def prove(name: Name, kind: RdataType, proofs: Sequence[Proof], zone: Name) -> Denial:
    """Return what the records of a zone prove about a name and type; raises DNSError if that is nothing."""
    if len(proofs) > MAX_RECORDS:
        raise _unproven(name, "too many records")
    nsec3 = [one for one in proofs if one.record.rdtype == RdataType.NSEC3]
    if nsec3:
        return _Hashed(nsec3, zone).prove(name, kind)
    return _prove_by_names(name, kind, [one for one in proofs if one.record.rdtype == RdataType.NSEC], zone)


def prove_expansion(name: Name, labels: int, proofs: Sequence[Proof], zone: Name) -> bool:
    """Check that a name does not exist, so that a wildcard may stand for it (RFC 4035 section 5.3.4).

    `labels` is the RRSIG's count, without wildcard and root: it gives the closest encloser. False: the span that has
    the name leaves unsigned delegations out, so that the name may exist below one. Raises DNSError without proof.
    """
    encloser = Name(name.labels[-(labels + 1) :])
    nsec3 = [one for one in proofs[:MAX_RECORDS] if one.record.rdtype == RdataType.NSEC3]
    if nsec3:
        hashed = _Hashed(nsec3, zone)
        if hashed.is_too_costly:
            return False
        covering = hashed.covering(_child_towards(encloser, name))
        if covering is not None:
            return not covering.record.flags & _OPT_OUT
    elif any(_covers(one, name, zone) for one in proofs[:MAX_RECORDS] if one.record.rdtype == RdataType.NSEC):
        return True
    raise _unproven(name, "a wildcard answers for a name that may exist")


def _prove_by_names(name: Name, kind: RdataType, proofs: Sequence[Proof], zone: Name) -> Denial:
    for one in proofs:
        if one.owner == name:
            return _no_data(one, name, kind)
        if _covers(one, name, zone) and one.record.next.is_subdomain(name):
            return Denial.NO_DATA  # an empty non-terminal: something exists below it
    for one in proofs:
        if not _covers(one, name, zone) or (one.is_delegation and name.is_subdomain(one.owner)):
            continue
        encloser = max(_common(name, one.owner), _common(name, one.record.next), key=lambda one: len(one.labels))
        wildcard = Name((b"*", *encloser.labels))
        for other in proofs:
            if other.owner == wildcard:
                return _no_data(other, wildcard, kind)
            if _covers(other, wildcard, zone):
                return Denial.NO_NAME
    raise _unproven(name, "no NSEC record covers it")


def _no_data(proof: Proof, name: Name, kind: RdataType) -> Denial:
    """Return what a record whose owner is the name itself proves."""
    if proof.has(kind) or proof.has(RdataType.CNAME):
        raise _unproven(name, "its own proof says that the records exist")
    if kind == RdataType.DS:
        if proof.has(RdataType.SOA) and name != dns.name.root:
            raise _unproven(name, "the child's side of a zone cut says nothing about DS")
        return Denial.DELEGATION if proof.has(RdataType.NS) else Denial.NO_DATA
    if proof.is_delegation:
        raise _unproven(name, "the parent's side of a zone cut says nothing about the child")
    return Denial.NO_DATA


def _covers(proof: Proof, name: Name, zone: Name) -> bool:
    """Whether a name sorts between an NSEC record's owner and its next name; the last one points to the apex."""
    after: Name = proof.record.next
    return proof.owner < name and (name < after or after == zone) and name.is_subdomain(zone)


def _common(one: Name, other: Name) -> Name:
    _, _, count = one.fullcompare(other)
    return Name(one.labels[len(one.labels) - count :])


def _child_towards(ancestor: Name, name: Name) -> Name:
    return Name(name.labels[-(len(ancestor.labels) + 1) :])


class _Hashed:
    """The NSEC3 records of one zone. Names are hashed at most once for each label."""

    def __init__(self, proofs: Sequence[Proof], zone: Name) -> None:
        first = proofs[0].record
        parameters = (first.algorithm, first.iterations, first.salt)
        self._zone = zone
        self._proofs = [
            one
            for one in proofs
            if (one.record.algorithm, one.record.iterations, one.record.salt) == parameters
            and one.owner.parent() == zone
        ]
        self._salt, self._iterations = first.salt, first.iterations
        self._known: dict[Name, bytes] = {}
        self.is_too_costly = first.iterations > MAX_ITERATIONS or first.algorithm != _SHA1

    def prove(self, name: Name, kind: RdataType) -> Denial:
        if self.is_too_costly:
            return Denial.OPT_OUT
        exact = self.matching(name)
        if exact is not None:
            return _no_data(exact, name, kind)
        encloser = self._closest_encloser(name)
        covering = self.covering(_child_towards(encloser, name))
        if covering is None:
            raise _unproven(name, "no NSEC3 record covers it")
        if covering.record.flags & _OPT_OUT:
            return Denial.OPT_OUT
        wildcard = Name((b"*", *encloser.labels))
        match = self.matching(wildcard)
        if match is not None:
            return _no_data(match, wildcard, kind)
        if self.covering(wildcard) is None:
            raise _unproven(name, "no NSEC3 record covers its wildcard")
        return Denial.NO_NAME

    def _closest_encloser(self, name: Name) -> Name:
        ancestor = name
        while ancestor != self._zone:
            ancestor = ancestor.parent()
            proof = self.matching(ancestor)
            if proof is not None:
                if proof.is_delegation or proof.has(RdataType.DNAME):
                    break
                return ancestor
        raise _unproven(name, "no NSEC3 record matches an ancestor")

    def matching(self, name: Name) -> Proof | None:
        """Return the record whose owner is the hash of a name."""
        return self._first(name, lambda owner, _, hashed: owner == hashed)

    def covering(self, name: Name) -> Proof | None:
        """Return the record whose span covers the hash of a name; the last span wraps around."""
        return self._first(
            name,
            lambda owner, after, hashed: owner < hashed < after if owner < after else hashed > owner or hashed < after,
        )

    def _first(self, name: Name, test: Callable[[bytes, bytes, bytes], bool]) -> Proof | None:
        hashed = self._hash(name)
        for one in self._proofs:
            if test(_base32(one.owner.labels[0]), one.record.next, hashed):
                return one
        return None

    def _hash(self, name: Name) -> bytes:
        hashed = self._known.get(name)
        if hashed is None:
            text = dns.dnssec.nsec3_hash(name, self._salt, self._iterations, _SHA1)
            hashed = self._known[name] = _base32(text.encode("ascii"))
        return hashed


_ALPHABET = {letter: value for value, letter in enumerate(b"0123456789ABCDEFGHIJKLMNOPQRSTUV")}


def _base32(text: bytes) -> bytes:
    """Read base32 with extended hex alphabet (RFC 4648 section 7); what is none sorts as nothing."""
    number = 0
    for letter in text.upper()[:32]:
        value = _ALPHABET.get(letter)
        if value is None:
            return b""
        number = number << 5 | value
    return number.to_bytes(20, "big")


def _unproven(name: Name, why: str) -> DNSError:
    return DNSError(DNSFailure.BOGUS, f"DNSSEC: {name.to_text()[:100]} is denied without proof: {why}")
