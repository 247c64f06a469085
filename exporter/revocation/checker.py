"""Cached revocation status, refreshed in the background of the scrapes that ask for it.

Asking never waits: a scrape gets what is known and starts what is due, and the next one has the answer. Answers are
shared between targets, kept until their next update at most, and bounded in number and size. Nothing is fetched for a
chain that is not trusted, because a hostile certificate could name any URL. No scrape, no traffic.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Protocol, TypeVar
from urllib.parse import SplitResult, urlsplit

from exporter.bounded_cache import BoundedCache
from exporter.certificates.certificate import Certificate
from exporter.certificates.chain_cache import Chain
from exporter.config.model import Module, ProxyConfig
from exporter.net.fetch import FetchError, Limits
from exporter.probe.proxy import is_excepted
from exporter.revocation.crl import RevocationList, read_crl_untrusted
from exporter.revocation.ocsp import ocsp_request, read_ocsp_untrusted
from exporter.revocation.status import (
    CLOCK_SKEW_SECONDS,
    CRL,
    RESPONDER,
    STAPLE,
    Failure,
    Revocation,
    UnusableError,
    is_stale,
)
from exporter.target import is_ip_literal
from exporter.text import printable

OCSP_LIMITS = Limits(max_bytes=64 * 1024)
CRL_LIMITS = Limits(max_bytes=16 * 1024 * 1024, seconds=60)
MAX_ANSWERS = 20_000  # of responders and lists, and staples
MAX_LIST_BYTES = 64 * 1024 * 1024  # of all lists together
CONCURRENCY = 16  # of requests to responders, and of those to hosts of lists
HOST_CONCURRENCY = 4  # of them to one host, so that one that hangs does not take all
LIST_OVERHEAD = 1024  # bytes that a list costs besides its content, so that empty ones are bounded, too
MAX_WAITING = 2000  # refreshes in flight or queued; a later scrape starts the others
MAX_WAITING_FOR_A_HOST = 500
RETRY_SECONDS = 300.0  # at most, after a failure
EARLIEST_SECONDS = 60.0  # between two refreshes of an answer that is out of date

HTTP_PORT = 80

_AnswerKey = tuple[str, str, str, ProxyConfig | None]
_ListKey = tuple[str, str, ProxyConfig | None]
_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class Fetch(Protocol):
    """What `fetch.fetch` does: it returns the document or raises FetchError."""

    def __call__(
        self,
        url: str,
        limits: Limits,
        body: bytes | None = None,
        content_type: str = "",
        proxy: ProxyConfig | None = None,
    ) -> Awaitable[bytes]:
        """Get a document, or post a body."""


@dataclass(frozen=True, slots=True)
class _Question:
    """What is to be asked of one source about one leaf."""

    source: str
    url: str
    leaf: Certificate
    issuer: Certificate
    refresh: float
    loopback: bool
    proxy: ProxyConfig | None

    @property
    def key(self) -> _AnswerKey:
        """What the answer is kept under: by another way there may be another."""
        return self.source, self.leaf.fingerprint_sha256, self.issuer.fingerprint_sha256, self.proxy

    @property
    def host(self) -> str:
        """Who is to be asked: the authority of the http URL."""
        return self.url.split("/", 3)[2]


@dataclass(slots=True)
class _Answer:
    """What a source said last, and when to ask again. A failure leaves an older answer in place while it holds."""

    revocation: Revocation
    asked: float
    due: float


@dataclass(slots=True)
class _List:
    """A revocation list, and when to fetch it again."""

    content: RevocationList
    asked: float
    due: float


@dataclass(slots=True)
class _Host:
    """A host that is being asked, and how many refreshes wait for it."""

    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(HOST_CONCURRENCY))
    waiting: int = 0


@dataclass(slots=True)
class RevocationChecker:
    """What is known of the revocation of every chain that was seen. `clock` gives Unix seconds."""

    fetch: Fetch
    clock: Callable[[], float]
    _staples: BoundedCache[tuple[bytes, str], Revocation] = field(default_factory=lambda: _cache(MAX_ANSWERS))
    _answers: BoundedCache[_AnswerKey, _Answer] = field(default_factory=lambda: _cache(MAX_ANSWERS))
    _lists: BoundedCache[_ListKey, _List] = field(default_factory=lambda: _cache(MAX_LIST_BYTES))
    _in_flight: dict[_AnswerKey, asyncio.Task[None]] = field(default_factory=dict)
    _fetching: dict[_ListKey, asyncio.Task[_List]] = field(default_factory=dict)
    _hosts: dict[str, _Host] = field(default_factory=dict)
    _slots: dict[str, asyncio.Semaphore] = field(
        default_factory=lambda: {source: asyncio.Semaphore(CONCURRENCY) for source in (RESPONDER, CRL)}
    )

    def known(
        self, chain: Chain, staple: bytes | None, module: Module, address: str | None = None
    ) -> tuple[Revocation, ...]:
        """Return the known status of a chain's leaf from each source, and start refreshes that are due. Never waits.

        `address` is the endpoint's: if that is on this machine, its responder may be, too.
        """
        config = module.revocation
        if not chain.certificates:
            return ()
        now, leaf, issuer = self.clock(), chain.certificates[0], chain.issuer
        found = [self._staple(staple, leaf, issuer, now)] if staple is not None else []
        if config is None or issuer is None or not chain.trusted_chain:
            return tuple(found)
        for source, wanted, urls in ((RESPONDER, config.ocsp, leaf.ocsp_urls), (CRL, config.crl, leaf.crl_urls)):
            url = next((one for one in urls if one.startswith("http://")), None)
            if wanted and url is not None:
                proxy = proxy_of(url, module)
                question = _Question(source, url, leaf, issuer, config.refresh, _is_loopback(address), proxy)
                answer = self._answer(question, now)
                found += [answer.at(now)] if answer is not None else []
            elif wanted and urls:
                problem = f"not asked: {printable(urls[0])}"
                found.append(Revocation(source, failure=Failure.UNSUPPORTED_SCHEME, problem=problem))
        return tuple(found)

    def _staple(self, staple: bytes, leaf: Certificate, issuer: Certificate | None, now: float) -> Revocation:
        key = (hashlib.sha256(staple).digest(), leaf.fingerprint_sha256)
        known = self._staples.get(key)
        set_back = known is not None and known.failure is Failure.STALE and not is_stale(known.next_update, now)
        if known is None or set_back or known.failure in (Failure.FUTURE, Failure.NO_ISSUER):
            known = read_ocsp_untrusted(staple, leaf, issuer, now, STAPLE)
            self._staples.put(key, known, 1)
        return known.at(now)

    def _answer(self, question: _Question, now: float) -> Revocation | None:
        answer = self._answers.get(question.key)
        if answer is None or is_due(answer, now):
            self._start(question)
        return answer.revocation if answer is not None else None

    def _start(self, question: _Question) -> None:
        key, host = question.key, self._hosts.get(question.host) or _Host()
        if key in self._in_flight or len(self._in_flight) >= MAX_WAITING or host.waiting >= MAX_WAITING_FOR_A_HOST:
            return
        task = self._in_flight[key] = asyncio.get_running_loop().create_task(self._refresh(question))
        self._hosts[question.host] = host
        host.waiting += 1
        task.add_done_callback(lambda _: self._finished(question, host))

    def _finished(self, question: _Question, host: _Host) -> None:
        self._in_flight.pop(question.key, None)
        host.waiting -= 1
        if not host.waiting:
            del self._hosts[question.host]

    async def _refresh(self, question: _Question) -> None:
        """Ask, and keep the answer. A failure does not replace an answer that still holds."""
        try:
            ask = self._ask_responder if question.source == RESPONDER else self._ask_list
            answer = await ask(question)
        except UnusableError as error:
            now = self.clock()
            failed = Revocation(question.source, failure=error.failure, problem=error.detail)
            answer = _Answer(failed, now, now + min(question.refresh, RETRY_SECONDS))
        before = self._answers.get(question.key)
        has_none = answer.revocation.status is None
        if has_none and before is not None and before.revocation.at(self.clock()).status is not None:
            answer.revocation = before.revocation
        self._answers.put(question.key, answer, 1)

    async def _ask_responder(self, question: _Question) -> _Answer:
        request = ocsp_request(question.leaf, question.issuer)
        if request is None:
            raise UnusableError(Failure.UNREADABLE, "no request can be made for this certificate")
        data = await self._document(question, OCSP_LIMITS, request, "application/ocsp-request")
        now = self.clock()
        revocation = read_ocsp_untrusted(data, question.leaf, question.issuer, now, RESPONDER)
        due = due_at(revocation.next_update, revocation.status is not None, question.refresh, now)
        return _Answer(revocation, now, due)

    async def _ask_list(self, question: _Question) -> _Answer:
        """Look a certificate up in a list; reading a large one takes a while, so it is done in a thread."""
        current = await self._list(question)
        revocation = await asyncio.to_thread(current.content.status, question.leaf, self.clock())
        return _Answer(revocation, current.asked, current.due)

    async def _list(self, question: _Question) -> _List:
        """Return a list that is not due yet, or fetch it; concurrent callers share one fetch."""
        key = (question.url, question.issuer.fingerprint_sha256, question.proxy)
        known = self._lists.get(key)
        if known is not None and not is_due(known, self.clock()):
            return known
        task = self._fetching.get(key)
        if task is None:
            task = self._fetching[key] = asyncio.get_running_loop().create_task(self._fetch_list(key, question))
            task.add_done_callback(lambda _: self._fetching.pop(key, None))
        return await asyncio.shield(task)

    async def _fetch_list(self, key: _ListKey, question: _Question) -> _List:
        try:
            data = await self._document(question, CRL_LIMITS)
            content = await asyncio.to_thread(read_crl_untrusted, data, question.issuer, question.url)
        except UnusableError as error:
            data, content = b"", RevocationList(question.url, failure=error.failure, problem=error.detail)
        now = self.clock()
        fetched = _List(content, now, due_at(content.next_update, content.failure is None, question.refresh, now))
        self._lists.put(key, fetched, len(data) + LIST_OVERHEAD)
        return fetched

    async def _document(
        self, question: _Question, limits: Limits, body: bytes | None = None, content_type: str = ""
    ) -> bytes:
        """Fetch within the limits of the host and the source. Waiting for another caller's fetch does not count."""
        try:
            async with self._hosts[question.host].turns, self._slots[question.source]:
                limits = replace(limits, loopback=question.loopback)
                return await self.fetch(question.url, limits, body, content_type, question.proxy)
        except FetchError as error:
            raise UnusableError(Failure(error.reason.value), error.detail) from None

    async def settled(self) -> None:
        """Wait until nothing is in flight: for a single probe, which has no next scrape."""
        while tasks := (*self._in_flight.values(), *self._fetching.values()):
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(0)

    def shed(self) -> None:
        """Drop what can be fetched again, under memory pressure: lists and staples. The status of each leaf is kept."""
        self._lists.clear()
        self._staples.clear()

    def close(self) -> None:
        """Cancel what is in flight."""
        for task in (*self._in_flight.values(), *self._fetching.values()):
            task.cancel()

    def __len__(self) -> int:
        return len(self._answers) + len(self._staples)


def proxy_of(url: str, module: Module) -> ProxyConfig | None:
    """Return the proxy through which a source is asked: `revocation.proxy_url`, or else the module's own."""
    parts = urlsplit(url)
    proxy = (module.revocation.proxy if module.revocation is not None else None) or module.proxy
    excepted = is_excepted(parts.hostname or "", _port(parts), module.no_proxy)
    return None if proxy is None or excepted else proxy


def _port(parts: SplitResult) -> int:
    try:
        return parts.port or HTTP_PORT
    except ValueError:  # a hostile URL: it is refused where it is asked
        return HTTP_PORT


def is_due(kept: _Answer | _List, now: float) -> bool:
    """Return whether to fetch again: it is due, or the clock has been set back since the last fetch."""
    return now >= kept.due or now < kept.asked - CLOCK_SKEW_SECONDS


def due_at(next_update: int | None, usable: bool, refresh: float, now: float) -> float:
    """Return when to ask again: after `refresh`, or at the next update if that comes first, or soon after a failure."""
    if not usable:
        return now + min(refresh, RETRY_SECONDS)
    due = now + refresh
    return due if next_update is None else max(min(due, next_update), now + min(refresh, EARLIEST_SECONDS))


def _cache(bound: int) -> BoundedCache[_Key, _Value]:
    return BoundedCache(bound, bound)


def _is_loopback(address: str | None) -> bool:
    return address is not None and is_ip_literal(address) and ip_address(address).is_loopback
