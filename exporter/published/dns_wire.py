"""The sections of a DNS message, read with dnspython's names and record data, but leniently. Pure.

dnspython refuses a whole message for one record whose data it finds wrong, as a digest of the wrong length. Clients
do not: they leave that record out and use the others. So the data of the types that are judged here stays bytes, and
each reader decides. The additional section is not read at all: nothing in it is needed.

    header:  id16 | flags16 | questions16 | answers16 | authority16 | additional16
    record:  name | type16 | class16 | ttl32 | length16 | data
"""

from dataclasses import dataclass

import dns.exception
import dns.name
import dns.rdata
import dns.wire
from dns.name import Name
from dns.rdata import GenericRdata
from dns.rdataclass import RdataClass
from dns.rdatatype import RdataType
from dns.rrset import RRset

MAX_MESSAGE_RECORDS = 1600  # of the two sections that are read
_AS_BYTES = frozenset({RdataType.TLSA, RdataType.CAA, RdataType.HTTPS, RdataType.SVCB})
_READ = frozenset(
    {
        RdataType.A,
        RdataType.AAAA,
        RdataType.CNAME,
        RdataType.DNAME,
        RdataType.DNSKEY,
        RdataType.DS,
        RdataType.MX,
        RdataType.NS,
        RdataType.NSEC,
        RdataType.NSEC3,
        RdataType.RRSIG,
        RdataType.SOA,
        RdataType.TXT,
    }
)


class WireError(Exception):
    """A message that cannot be read; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Message:
    """What of a message is needed. `answer` and `authority` are sets of records with the same name and type."""

    flags: int
    rcode: int
    question: tuple[Name, int] | None
    answer: tuple[RRset, ...]
    authority: tuple[RRset, ...]


def read_message_untrusted(data: bytes) -> Message:
    """Read a message. Raises WireError only."""
    parser = dns.wire.Parser(data)
    try:
        _, flags, questions, answers, authority, _ = parser.get_struct("!HHHHHH")
        if answers + authority > MAX_MESSAGE_RECORDS:
            raise WireError("the response has too many records")
        question = None
        for _ in range(min(questions, 2)):
            name, (kind, _) = dns.name.from_wire_parser(parser), parser.get_struct("!HH")
            question = (name, kind) if questions == 1 else None
        sections = [_section_untrusted(parser, count) for count in (answers, authority)]
    except (dns.exception.DNSException, ValueError) as error:
        raise WireError(f"{type(error).__name__}: {error}"[:200]) from None
    return Message(flags, flags & 0xF, question, *sections)


def _section_untrusted(parser: dns.wire.Parser, count: int) -> tuple[RRset, ...]:
    sets: dict[tuple[Name, int, int], RRset] = {}
    for _ in range(count):
        name = dns.name.from_wire_parser(parser)
        kind, rdclass, ttl, length = parser.get_struct("!HHIH")
        if rdclass != RdataClass.IN or (kind not in _READ and kind not in _AS_BYTES):
            parser.get_bytes(length)
            continue
        with parser.restrict_to(length):
            if kind in _AS_BYTES:
                record: dns.rdata.Rdata = GenericRdata(RdataClass.IN, RdataType(kind), parser.get_remaining())
            else:
                record = dns.rdata.from_wire_parser(RdataClass.IN, RdataType(kind), parser)
        covers = record.covers()
        key = name, kind, int(covers)
        if key not in sets:
            sets[key] = RRset(name, RdataClass.IN, RdataType(kind), covers)
        sets[key].add(record, ttl if ttl < 1 << 31 else 0)  # RFC 2181 section 8
    return tuple(sets.values())


def make_generic(kind: RdataType, data: bytes) -> GenericRdata:
    """Return a record whose data stays bytes."""
    return GenericRdata(RdataClass.IN, kind, data)


__all__ = ["Message", "WireError", "make_generic", "read_message_untrusted"]
