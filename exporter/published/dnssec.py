"""DNSSEC validation from the trust anchors down (RFC 4035 section 5): secure, insecure (unsigned), or bogus.

The zone of a name is found by walking down from the anchor: at each label the parent says, signed, whether a zone
begins there and which keys it has. Zones are kept for as long as their records live. What a hostile zone can make
this compute is bounded: labels, keys, signatures and hashes (the KeyTrap and NSEC3 attacks of 2024).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import dns.dnssec
import dns.name
import dns.rdatatype
from dns.dnssectypes import Algorithm, DSDigest
from dns.exception import DeniedByPolicy
from dns.name import Name
from dns.rdataset import Rdataset
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.RRSIG import RRSIG
from dns.rrset import RRset

from exporter.bounded_cache import BoundedCache
from exporter.published.denial import Denial, Proof, prove, prove_expansion
from exporter.published.dns_answer import DNSError, DNSFailure, Record, Status
from exporter.published.dns_message import Query, Response
from exporter.published.dns_wire import Message
from exporter.published.trust_anchors import Anchors

MAX_ZONES = 20_000
MAX_LABELS = 24  # of a name whose zone is looked for: each costs a question
MAX_KEYS = 12  # of a zone
MAX_KEYS_OF_ONE_TAG = 2  # two by chance; more is an attack
MAX_SIGNATURES = 4  # of one set of records that are tried
_SHORTEST_SECONDS, _LONGEST_SECONDS = 60.0, 86_400.0
_ALGORITHMS = frozenset(
    {
        Algorithm.RSASHA1,
        Algorithm.RSASHA1NSEC3SHA1,
        Algorithm.RSASHA256,
        Algorithm.RSASHA512,
        Algorithm.ECDSAP256SHA256,
        Algorithm.ECDSAP384SHA384,
        Algorithm.ED25519,
        Algorithm.ED448,
    }
)
_DIGESTS = {DSDigest.SHA1: "SHA1", DSDigest.SHA256: "SHA256", DSDigest.SHA384: "SHA384"}
_ZONE_KEY = 0x0100


@dataclass(frozen=True, slots=True)
class Zone:
    """A signed zone and the keys that its parent vouches for."""

    name: Name
    keys: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    zone: Zone | None  # None: unsigned
    until: float


class Validator:
    """Validates responses. `ask` gives responses with DNSSEC records, unchecked; `clock` gives Unix seconds."""

    def __init__(
        self, ask: Callable[[Query], Awaitable[Response]], anchors: Anchors, clock: Callable[[], float]
    ) -> None:
        self._ask = ask
        self._anchors = anchors
        self._clock = clock
        self._zones: BoundedCache[Name, _Kept] = BoundedCache(MAX_ZONES, MAX_ZONES)
        self._in_flight: dict[Name, asyncio.Task[_Kept]] = {}

    async def is_secure(self, response: Response, query: Query) -> bool:
        """Return whether a whole answer is secure; False if it is unsigned; raises DNSError if it is bogus."""
        secure = True
        for one in (*response.aliases, *((response.found,) if response.found is not None else ())):
            secure &= await self._is_set_secure(one, response.message)
        if response.status is not Status.FOUND:
            secure &= await self._is_denial_secure(response.name, query.kind, response.message)
        return secure

    async def _is_set_secure(self, one: RRset, message: Message) -> bool:
        signatures = _signatures(message.answer, one)
        if not signatures:
            source = _source_of_alias(one, message)
            if source is not None:
                return await self._is_set_secure(source, message)
            if await self.zone(one.name) is None:
                return False
            raise DNSError(DNSFailure.BOGUS, f"DNSSEC: {_text(one.name)} is in a signed zone and has no signature")
        zone = await self._signing_zone(signatures[0].signer, one.name)
        if zone is None:
            return False
        signature = self._verify(one, signatures, zone)
        if signature.labels < len(one.name.labels) - 1 - (one.name.labels[0] == b"*"):
            return prove_expansion(one.name, signature.labels, self._proofs(message, zone), zone.name)
        return True

    async def _is_denial_secure(self, name: Name, kind: RdataType, message: Message) -> bool:
        signers = {s.signer for one in message.authority if one.rdtype == RdataType.RRSIG for s in one}
        signer = max((one for one in signers if name.is_subdomain(one)), key=lambda one: len(one.labels), default=None)
        if signer is None:
            if await self.zone(name) is None:
                return False
            raise DNSError(DNSFailure.BOGUS, f"DNSSEC: {_text(name)} is denied without signatures in a signed zone")
        zone = await self._signing_zone(signer, name)
        if zone is None:
            return False
        return prove(name, kind, self._proofs(message, zone), zone.name) is not Denial.OPT_OUT

    async def _signing_zone(self, signer: Name, name: Name) -> Zone | None:
        """Return the zone that signs, if it may sign a name."""
        if not name.is_subdomain(signer):
            raise DNSError(DNSFailure.BOGUS, f"DNSSEC: {_text(signer)} signs {_text(name)}, which is not below it")
        zone = await self.zone(signer)
        if zone is not None and zone.name != signer:
            raise DNSError(DNSFailure.BOGUS, f"DNSSEC: {_text(signer)} signs and is no zone")
        return zone

    def _proofs(self, message: Message, zone: Zone) -> list[Proof]:
        """Return the NSEC and NSEC3 records that the zone has signed."""
        proofs: list[Proof] = []
        for one in message.authority:
            if one.rdtype in (RdataType.NSEC, RdataType.NSEC3) and len(proofs) <= MAX_KEYS:
                self._verify(one, _signatures(message.authority, one), zone)
                proofs += [Proof(one.name, record) for record in one]
        return proofs

    async def zone(self, name: Name) -> Zone | None:
        """Return the signed zone that has a name, the child's side at a zone cut; None if it is unsigned."""
        if len(name.labels) > MAX_LABELS:
            raise DNSError(DNSFailure.BAD_NAME, f"more than {MAX_LABELS - 1} labels")
        ancestors = [name.split(depth)[1] for depth in range(1, len(name.labels) + 1)]
        start = max((at for at, one in enumerate(ancestors) if one in self._anchors), default=None)
        if start is None:
            return None
        zone: Zone | None = None
        for one in ancestors[start:]:
            kept = self._zones.get(one)
            if kept is None or self._clock() >= kept.until:
                kept = await self._shared_cut(one, zone)
            zone = kept.zone
            if zone is None:
                return None
        return zone

    async def _shared_cut(self, name: Name, parent: Zone | None) -> _Kept:
        """Find out once for all that wait; many names of one zone are asked about at the same time."""
        task = self._in_flight.get(name)
        if task is None:
            task = self._in_flight[name] = asyncio.get_running_loop().create_task(self._cut(name, parent))
            task.add_done_callback(lambda done: self._keep(name, done))
        return await asyncio.shield(task)

    def _keep(self, name: Name, done: asyncio.Task[_Kept]) -> None:
        del self._in_flight[name]
        if not done.cancelled() and done.exception() is None:
            self._zones.put(name, done.result(), 1)

    async def _cut(self, name: Name, parent: Zone | None) -> _Kept:
        """Find out whether a zone begins at a name below a signed zone, and with which keys."""
        if parent is None:  # an anchor
            return await self._with_keys(name, self._anchors[name])
        response = await self._ask(Query(name, RdataType.DS, dnssec_records=True, checking_disabled=True))
        until = self._clock() + min(max(response.ttl, _SHORTEST_SECONDS), _LONGEST_SECONDS)
        if response.aliases:
            return _Kept(parent, until)  # a name with an alias is no zone
        if response.found is None:
            proofs = self._proofs(response.message, parent)
            denial = prove(name, RdataType.DS, proofs, parent.name)
            return _Kept(None if denial in (Denial.DELEGATION, Denial.OPT_OUT) else parent, until)
        self._verify(response.found, _signatures(response.message.answer, response.found), parent)
        usable = tuple(one for one in response.found if one.algorithm in _ALGORITHMS and one.digest_type in _DIGESTS)
        if not usable:
            return _Kept(None, until)  # signed in ways that nobody here can check counts as unsigned (section 5.2)
        return await self._with_keys(name, usable)

    async def _with_keys(self, name: Name, vouched: Sequence[Record]) -> _Kept:
        """Fetch a zone's keys, and check that one that is vouched for has signed them."""
        response = await self._ask(Query(name, RdataType.DNSKEY, dnssec_records=True, checking_disabled=True))
        found = response.found
        if found is None or response.aliases:
            raise DNSError(DNSFailure.BOGUS, f"DNSSEC: {_text(name)} has no keys, and its parent vouches for some")
        keys = tuple(one for one in found if one.algorithm in _ALGORITHMS and one.flags & _ZONE_KEY)[:MAX_KEYS]
        entries = tuple(one for one in keys if any(_vouches(ds, name, one) for ds in vouched[:MAX_KEYS]))
        self._verify(found, _signatures(response.message.answer, found), Zone(name, entries))
        ttl = min(max(response.ttl, _SHORTEST_SECONDS), _LONGEST_SECONDS)
        return _Kept(Zone(name, keys), self._clock() + ttl)

    def _verify(self, one: RRset, signatures: Sequence[RRSIG], zone: Zone) -> RRSIG:
        """Return a signature of the zone over a set of records that verifies; raises DNSError if there is none."""
        why = "no signature is by a key that is vouched for"
        candidates = [
            (signature, tagged)
            for signature in signatures
            if signature.signer == zone.name and (tagged := [key for key in zone.keys if _matches(key, signature)])
        ]
        for signature, tagged in candidates[:MAX_SIGNATURES]:
            keys = Rdataset(one.rdclass, RdataType.DNSKEY)
            for key in tagged[:MAX_KEYS_OF_ONE_TAG]:
                keys.add(key)
            try:
                dns.dnssec.validate_rrsig(one, signature, {zone.name: keys}, now=self._clock())
            except Exception as error:  # noqa: BLE001 - hostile keys fail in the library's and in OpenSSL's ways
                why = str(error) or type(error).__name__
                continue
            return signature
        raise DNSError(DNSFailure.BOGUS, f"DNSSEC: {_text(one.name)} {dns.rdatatype.to_text(one.rdtype)}: {why}"[:200])


def _signatures(section: Sequence[RRset], one: RRset) -> list[RRSIG]:
    return [
        signature
        for other in section
        if other.rdtype == RdataType.RRSIG and other.name == one.name and other.covers == one.rdtype
        for signature in other
    ]


def _matches(key: Record, signature: RRSIG) -> bool:
    return key.algorithm == signature.algorithm and dns.dnssec.key_id(key) == signature.key_tag


def _vouches(ds: Record, name: Name, key: Record) -> bool:
    if ds.algorithm != key.algorithm or ds.key_tag != dns.dnssec.key_id(key):
        return False
    try:
        made = dns.dnssec.make_ds(name, key, _DIGESTS[ds.digest_type], validating=True)
    except (DeniedByPolicy, KeyError, ValueError):
        return False
    return bool(made.digest == ds.digest)


def _source_of_alias(one: RRset, message: Message) -> RRset | None:
    """Return the DNAME records that an alias without signature follows from (RFC 6672 section 5.3.1)."""
    if one.rdtype != RdataType.CNAME:
        return None
    for other in message.answer:
        if other.rdtype == RdataType.DNAME and one.name != other.name and one.name.is_subdomain(other.name):
            wanted = one.name.relativize(other.name).concatenate(other[0].target)
            return other if one[0].target == wanted else None
    return None


def _text(name: Name) -> str:
    return name.to_text()[:100]
