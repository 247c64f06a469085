"""Queries and responses of the DNS as bytes, bounded before anything is computed with them. Pure.

dnspython reads the message; this file decides what in it answers the question. Aliases are followed only within the
response of a resolver, in order and at most MAX_ALIASES of them.
"""

import secrets
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
from dns.rdatatype import RdataType
from dns.rrset import RRset

from exporter.published.dns_answer import DNSError, DNSFailure, Status
from exporter.published.dns_wire import Message, WireError, read_message_untrusted

MAX_MESSAGE_BYTES = (
    65_535  # what TCP can frame (RFC 1035 section 4.2.2); over UDP never more than UDP_BYTES is asked for
)
UDP_BYTES = 1232  # fits every path without fragments, as the DNS flag day of 2020 recommends
MAX_ALIASES = 12
MAX_RECORDS = 200  # of one name and type that are looked at; a real set has a handful
_NEGATIVE_TTL = 60.0  # seconds, where no SOA record says how long a name or type does not exist


@dataclass(frozen=True, slots=True)
class Query:
    """One question. `checking_disabled` asks a validating resolver for data even if its signatures are wrong."""

    name: dns.name.Name
    kind: RdataType
    dnssec_records: bool = False
    checking_disabled: bool = False

    def to_wire(self) -> tuple[int, bytes]:
        """Return a fresh message identifier and the message.

        The AD bit asks for the resolver's own verdict without its signatures (RFC 6840 section 5.7).
        """
        flags = dns.flags.RD | dns.flags.AD | (dns.flags.CD if self.checking_disabled else 0)
        message = dns.message.make_query(
            self.name,
            self.kind,
            use_edns=0,
            payload=UDP_BYTES,
            want_dnssec=self.dnssec_records,
            id=secrets.randbelow(1 << 16),
            flags=flags,
        )
        return message.id, message.to_wire()


@dataclass(frozen=True, slots=True)
class Response:
    """What a response says about its question: the aliases on the way, and the set at their end if there is one."""

    name: dns.name.Name
    status: Status
    aliases: tuple[RRset, ...]
    found: RRset | None
    ttl: float
    authenticated: bool
    message: Message


def make_name(text: str) -> dns.name.Name:
    """Return a domain name; raises DNSError if the DNS has no such name."""
    try:
        return dns.name.from_text(text.removesuffix(".") + ".")
    except (dns.exception.DNSException, ValueError) as error:
        raise DNSError(DNSFailure.BAD_NAME, f"{text[:80]!r}: {error}"[:200]) from None


def make_text(name: dns.name.Name) -> str:
    """Return a name in lower case without the closing dot; "." for the root."""
    return name.canonicalize().to_text(omit_final_dot=True)


def is_truncated_untrusted(data: bytes) -> bool:
    """Whether a message says that it is cut (the TC bit): the question is asked again over TCP."""
    return len(data) > 2 and bool(data[2] & 0x02)  # noqa: PLR2004 - the first byte of the flags


def answers_untrusted(data: bytes, identifier: int) -> bool:
    """Whether a datagram carries the identifier of the question: the cheap test that a flood of forgeries fails."""
    return len(data) >= 12 and int.from_bytes(data[:2], "big") == identifier and bool(data[2] & 0x80)  # noqa: PLR2004


def read_response_untrusted(data: bytes, query: Query) -> Response:
    """Return what a response says; raises DNSError only.

    A response code that is neither success nor "no such name" is an error, and so is a referral: the server was
    asked to resolve, and it does not (a lame delegation, or a server that is no resolver).
    """
    message = _parse_untrusted(data, query)
    code = message.rcode
    if code not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        reason = DNSFailure.REFUSED if code == dns.rcode.REFUSED else DNSFailure.SERVER_FAILURE
        raise DNSError(reason, f"the server answered {dns.rcode.to_text(dns.rcode.Rcode(code))}")
    name, aliases, found = _follow_untrusted(message, query)
    if found is not None:
        status, ttl = Status.FOUND, float(found.ttl)
    else:
        status = Status.NO_NAME if code == dns.rcode.NXDOMAIN else Status.NO_DATA
        ttl = _negative_ttl_untrusted(message)
    ttl = min([ttl, *(float(alias.ttl) for alias in aliases)])
    authenticated = bool(message.flags & dns.flags.AD)
    return Response(name, status, aliases, found, ttl, authenticated, message)


def _parse_untrusted(data: bytes, query: Query) -> Message:
    try:
        message = read_message_untrusted(data)
    except WireError as error:
        raise DNSError(DNSFailure.MALFORMED, f"the response cannot be read: {error}") from None
    if message.question != (query.name, query.kind):
        raise DNSError(DNSFailure.MALFORMED, "the response answers another question")
    return message


def _follow_untrusted(message: Message, query: Query) -> tuple[dns.name.Name, tuple[RRset, ...], RRset | None]:
    """Follow the aliases from the name asked for to the set of the type asked for."""
    sets = {(one.name, one.rdtype): one for one in message.answer}
    name, seen = query.name, {query.name}
    aliases: list[RRset] = []
    while True:
        found = sets.get((name, query.kind))
        if found is not None:
            if len(found) > MAX_RECORDS:
                raise DNSError(DNSFailure.TOO_MANY, f"more than {MAX_RECORDS} records of one type")
            return name, tuple(aliases), found
        alias = sets.get((name, RdataType.CNAME))
        if alias is None:
            break
        name = alias[0].target
        aliases.append(alias)
        if name in seen or len(aliases) > MAX_ALIASES:
            raise DNSError(DNSFailure.ALIAS_LOOP, "the aliases (CNAME) lead in a circle, or there are too many")
        seen.add(name)
    if message.rcode == dns.rcode.NOERROR and _is_referral(message):
        raise DNSError(DNSFailure.LAME, "the server refers to others and does not resolve")
    return name, tuple(aliases), None


def _is_referral(message: Message) -> bool:
    kinds = {one.rdtype for one in message.authority}
    recursive = message.flags & (dns.flags.RA | dns.flags.AA)
    return RdataType.NS in kinds and RdataType.SOA not in kinds and not recursive


def _negative_ttl_untrusted(message: Message) -> float:
    """Return how long a denial holds: the smaller of the SOA's TTL and its minimum field (RFC 2308 section 5)."""
    for one in message.authority:
        if one.rdtype == RdataType.SOA and len(one):
            return float(min(one.ttl, one[0].minimum))
    return _NEGATIVE_TTL
