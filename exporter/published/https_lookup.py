"""HTTPS records looked up, and the endpoint tried as a client that follows them would (RFC 9460 section 3)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from dns.rdatatype import RdataType

from exporter.published.dns_answer import Answer, DNSError, DNSFailure, Status
from exporter.published.https_record import (
    DEFAULT_PROTOCOL,
    Attempt,
    HTTPSAgreement,
    HTTPSRecords,
    ServiceRecord,
    mismatches,
    owner_name,
    read_https_untrusted,
)
from exporter.published.lookup import Lookup

MAX_ALIASES = 8
MAX_ATTEMPTS = 8  # connections for one name
MAX_ADDRESSES = 3  # of one record that are tried
DEFAULT_PORT = 443


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection to be made: TLS to an address with a server name, offering protocols."""

    address: str
    port: int
    server_name: str
    alpn: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Connected:
    """How a connection ended. `works` is None where nothing can be said, as after a timeout."""

    works: bool | None
    alpn: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ECHOutcome:
    """Whether a server accepted a published ECH configuration; None where nothing can be said."""

    accepted: bool | None
    detail: str = ""


Connect = Callable[[Connection], Awaitable[Connected]]
TryECH = Callable[[Connection, bytes], Awaitable[ECHOutcome]]


async def check_https(
    lookup: Lookup, host: str, port: int, agreed: str, connect: Connect, try_ech: TryECH
) -> tuple[HTTPSAgreement | None, float]:
    """Return what the HTTPS records of an origin say and what contradicts them; None if there are none.

    Raises DNSError. `agreed` is the protocol that the ordinary probe agreed on and needs no further proof.
    """
    records, ttl = await look_up_https(lookup, host, port)
    if records is None or not (records.services or records.problem):
        return None, ttl
    attempts: list[Attempt] = []
    ech = ECHOutcome(None)
    for service in records.services:
        addresses, life = await _addresses(lookup, service)
        ttl = min(ttl, life)
        attempts += await _try(service, addresses, host, port, agreed, connect, MAX_ATTEMPTS - len(attempts))
        if service.ech is not None and ech.accepted is None and addresses:
            alpn = service.tcp_protocols
            ech = await try_ech(Connection(addresses[0], service.port or port, host, alpn), service.ech)
    return HTTPSAgreement(records, mismatches(records, attempts), ech.accepted, ech.detail), ttl


async def look_up_https(lookup: Lookup, host: str, port: int) -> tuple[HTTPSRecords | None, float]:
    """Follow aliases to the services of an origin (section 2.4.2); None if there is no record."""
    name, ttl = owner_name(host, port), float("inf")
    seen = {name}
    for _ in range(MAX_ALIASES):
        answer = await lookup.look_up(name, RdataType.HTTPS)
        ttl = min(ttl, answer.ttl)
        if answer.status is not Status.FOUND:
            return None, ttl
        records = read_https_untrusted(answer.records, answer.name)
        if records.alias is None:
            return records, ttl
        name = records.alias
        if name in seen:
            break
        seen.add(name)
    raise DNSError(DNSFailure.ALIAS_LOOP, "the aliases (priority 0) lead in a circle, or there are too many")


async def _addresses(lookup: Lookup, service: ServiceRecord) -> tuple[list[str], float]:
    """Return the addresses that clients may use: the hints, and those of the target."""
    found, ttl = list(service.hints), float("inf")
    for kind in (RdataType.A, RdataType.AAAA):
        answer: Answer = await lookup.look_up(service.target, kind)
        ttl = min(ttl, answer.ttl)
        found += [one.address for one in answer.records]
    return list(dict.fromkeys(found)), ttl


async def _try(
    service: ServiceRecord,
    addresses: list[str],
    host: str,
    port: int,
    agreed: str,
    connect: Connect,
    most: int,
) -> list[Attempt]:
    """Connect to each address with the first protocol, and to the first address with each further one.

    What the ordinary probe has shown already is not tried again: the protocol that it agreed on, unless the record
    leads elsewhere.
    """
    protocols = service.tcp_protocols
    leads_elsewhere = service.port not in (None, port) or service.target != host or bool(service.hints)
    if leads_elsewhere:
        wanted = list(protocols or (DEFAULT_PROTOCOL,))
    else:
        wanted = [one for one in protocols if one not in (agreed, DEFAULT_PROTOCOL)]
    pairs = [(address, wanted[0]) for address in addresses[:MAX_ADDRESSES] if wanted]
    pairs += [(addresses[0], protocol) for protocol in wanted[1:] if addresses]
    attempts = []
    for address, protocol in pairs[: max(most, 0)]:
        blank = Attempt(service, address, service.port or port, (protocol,), works=None)
        connected = await connect(Connection(address, blank.port, host, (protocol,)))
        attempts.append(replace(blank, works=connected.works, alpn=connected.alpn, detail=connected.detail))
    return attempts
