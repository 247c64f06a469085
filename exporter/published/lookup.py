"""DNS lookups: answers cached for their TTL and shared by all callers, with DNSSEC's verdict.

There are two ways to that verdict. `resolver` trusts the AD bit of the name servers, which must then be trusted and
near. `validate` trusts no server and checks each signature from the trust anchors down. A resolver that validates
answers "server failure" for a bogus name: the same question with checking disabled tells that apart from a broken
server.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from weakref import WeakValueDictionary

from dns.rdatatype import RdataType

from exporter.bounded_cache import BoundedCache
from exporter.config.model import DNSConfig, DNSSECMode, NameServer
from exporter.published import dns_client
from exporter.published.dns_answer import Answer, DNSError, DNSFailure
from exporter.published.dns_client import system_servers
from exporter.published.dns_message import Query, Response, make_name, make_text
from exporter.published.dnssec import Validator
from exporter.published.trust_anchors import TrustAnchorError, load_anchors

MAX_ANSWERS = 50_000
MAX_BYTES = 64 * 1024 * 1024
CONCURRENCY = 64  # questions in flight
FAILURE_SECONDS = 5.0  # how long a failure is not asked about again
MAX_TTL = 86_400.0
RESOLV_CONF_SECONDS = 10.0  # how long a changed resolv.conf may go unnoticed
_ANSWER_OVERHEAD = 500  # bytes that an answer costs besides its records
_RECORD_OVERHEAD = 300
Ask = Callable[[Query, Sequence[NameServer]], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class _Kept:
    outcome: Answer | DNSError
    until: float


class Lookup:
    """Looks names up by one module's settings. `clock` gives Unix seconds."""

    def __init__(self, config: DNSConfig, clock: Callable[[], float] = time.time, ask: Ask = dns_client.ask) -> None:
        self._config = config
        self._clock = clock
        self._send = ask
        self._slots = asyncio.Semaphore(CONCURRENCY)
        self._answers: BoundedCache[tuple[str, RdataType], _Kept] = BoundedCache(MAX_ANSWERS, MAX_BYTES)
        self._in_flight: WeakValueDictionary[tuple[str, RdataType], asyncio.Task[Answer]] = WeakValueDictionary()
        self._system: tuple[float, tuple[NameServer, ...]] = (0.0, ())
        self._problem = ""
        self._validator = self._make_validator()

    def _make_validator(self) -> Validator | None:
        if self._config.dnssec is not DNSSECMode.VALIDATE:
            return None
        try:
            anchors = load_anchors(self._config.trust_anchors_file)
        except TrustAnchorError as error:
            self._problem = str(error)
            return None
        return Validator(self._ask, anchors, self._clock)

    @property
    def servers(self) -> tuple[NameServer, ...]:
        """The name servers to ask: the module's, or the system's."""
        if self._config.nameservers:
            return self._config.nameservers
        now = time.monotonic()
        if not self._system[1] or now - self._system[0] >= RESOLV_CONF_SECONDS:
            self._system = (now, system_servers())
        return self._system[1]

    async def look_up(self, name: str, kind: RdataType) -> Answer:
        """Return the records of a name; one that does not exist is an answer, too. Raises DNSError."""
        key = (name, kind)
        kept = self._answers.get(key)
        if kept is not None and self._clock() < kept.until:
            if isinstance(kept.outcome, DNSError):
                raise DNSError(kept.outcome.reason, kept.outcome.detail)
            return kept.outcome
        task = self._in_flight.get(key)
        if task is None:
            task = self._in_flight[key] = asyncio.get_running_loop().create_task(self._look_up(key))
            task.add_done_callback(_retrieve)
        return await asyncio.shield(task)

    async def check_unsigned(self, name: str, kind: RdataType) -> None:
        """Check that an answer that is not secure is indeed unsigned. Raises DNSError if that cannot be determined.

        A resolver that does not validate calls nothing secure. Where signatures are there, one question about the
        root, which is signed, tells such a resolver from one that has found no way from the root to the signatures.
        """
        if self._validator is not None:
            return
        response = await self._ask(Query(make_name(name), kind, dnssec_records=True, checking_disabled=True))
        if not any(one.rdtype == RdataType.RRSIG for one in response.message.answer):
            return
        root = await self.look_up(".", RdataType.SOA)
        if not root.secure:
            raise DNSError(DNSFailure.NOT_VALIDATING, "the records are signed and the resolver does not validate")

    async def addresses(self, host: str) -> list[str]:
        """Return the IP addresses of a name, IPv4 first; none if it has none. Raises DNSError."""
        answers = [await self.look_up(host, kind) for kind in (RdataType.A, RdataType.AAAA)]
        return [record.address for answer in answers for record in answer.records]

    async def _look_up(self, key: tuple[str, RdataType]) -> Answer:
        try:
            answer = await self._resolve(*key)
        except DNSError as error:
            self._answers.put(key, _Kept(error, self._clock() + FAILURE_SECONDS), _ANSWER_OVERHEAD)
            raise
        size = _ANSWER_OVERHEAD + sum(_RECORD_OVERHEAD + len(one.to_wire() or b"") for one in answer.records)
        self._answers.put(key, _Kept(answer, self._clock() + answer.ttl), size)
        return answer

    async def _resolve(self, name: str, kind: RdataType) -> Answer:
        validator = self._validator
        if self._problem:
            raise DNSError(DNSFailure.NO_TRUST_ANCHOR, self._problem)
        query = Query(make_name(name), kind, *((True, True) if validator is not None else (False, False)))
        try:
            response = await self._ask(query)
        except DNSError as error:
            if validator is None and error.reason is DNSFailure.SERVER_FAILURE:
                await self._check_bogus(query)
            raise
        secure = response.authenticated if validator is None else await validator.is_secure(response, query)
        found = tuple(response.found) if response.found is not None else ()
        ttl = min(max(response.ttl, 0.0), MAX_TTL)
        return Answer(make_text(query.name), make_text(response.name), response.status, found, secure, ttl)

    async def _check_bogus(self, query: Query) -> None:
        """Raise BOGUS if a resolver has the data and refuses to give it out because of its signatures."""
        try:
            await self._ask(Query(query.name, query.kind, checking_disabled=True))
        except DNSError:
            return
        raise DNSError(DNSFailure.BOGUS, "the resolver has an answer and its DNSSEC signatures do not hold")

    async def _ask(self, query: Query) -> Response:
        async with self._slots:
            return await self._send(query, self.servers)

    def __len__(self) -> int:
        return len(self._answers)


def _retrieve(task: asyncio.Task[Answer]) -> None:
    """Look at the failure of a lookup that nobody waits for any more, so that asyncio does not log it."""
    if not task.cancelled():
        task.exception()
