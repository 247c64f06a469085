"""What is published about endpoints, as far as it is known now, and its refresh next to the scrapes that ask for it.

Asking never waits: a scrape gets what is known and starts what is due, and the next one has the answer. Values are
shared between endpoints; what they mean for one endpoint is assessed against its present chain, and that is kept until
the chain changes or something is due.

A contradiction is only reported on records that still live: where a new certificate meets records past their life,
they are asked for again first, or every orderly rollover would raise an alarm.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from exporter.bounded_cache import BoundedCache
from exporter.config.model import DNSConfig
from exporter.published.ari_source import assess_renewal
from exporter.published.dns_sources import assess_caa, assess_dane, assess_https
from exporter.published.documents import FetchDocument
from exporter.published.facts import Published, SourceFailure
from exporter.published.lookup import Lookup
from exporter.published.mail_sources import assess_mta_sts, assess_tls_reporting
from exporter.published.question import Question
from exporter.published.refreshed import SHORTEST_SECONDS, Refreshed
from exporter.published.source import FOREVER, Asking, Assess, Reach, Verdict

ASSESSORS: tuple[Assess, ...] = (
    assess_dane,
    assess_caa,
    assess_https,
    assess_mta_sts,
    assess_tls_reporting,
    assess_renewal,
)
MAX_LOOKUPS = 64  # different settings of modules
MAX_ENDPOINTS = 60_000
_NO_RECORDS = DNSConfig(tlsa=False, caa=False, https=False)


@dataclass(frozen=True, slots=True)
class _Assessed:
    """The last assessment of an endpoint. It holds for an equal question before `until`.

    `rejected` are the sources that the endpoint contradicted.
    """

    question: Question
    until: float
    published: Published
    rejected: frozenset[str]


class PublishedChecker:
    """One of these lives as long as the process. `clock` gives Unix seconds."""

    def __init__(
        self,
        fetch: FetchDocument,
        clock: Callable[[], float],
        make_lookup: Callable[[DNSConfig, Callable[[], float]], Lookup] = Lookup,
        shortest: float = SHORTEST_SECONDS,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._make_lookup = make_lookup
        self._lookups: BoundedCache[DNSConfig, Lookup] = BoundedCache(MAX_LOOKUPS, MAX_LOOKUPS)
        self._assessed: BoundedCache[Hashable, _Assessed] = BoundedCache(MAX_ENDPOINTS, MAX_ENDPOINTS)
        self._values: Refreshed[Hashable, Any] = Refreshed(clock, shortest)

    def known(self, question: Question, reach: Callable[[], Reach]) -> Published | None:
        """Return what is known about an endpoint now, and start refreshes that are due; None if the module has none."""
        if not question.chain.certificates or not question.name or question.asks_nothing:
            return None
        before, now = self._assessed.get(question.key), self._clock()
        if before is not None and now < before.until and before.question.is_like(question):
            return before.published
        assessed = self._assess(question, reach, now, before)
        self._assessed.put(question.key, assessed, 1)
        return assessed.published

    def _assess(
        self, question: Question, reach: Callable[[], Reach], now: float, before: _Assessed | None
    ) -> _Assessed:
        lookup = self._lookup(question.dns or _NO_RECORDS)
        facts: dict[str, Any] = {}
        failures: list[SourceFailure] = []
        rejected: set[str] = set()
        until = FOREVER
        for assess in ASSESSORS:
            asking = Asking(question, self._values, lookup, self._fetch, reach, now)
            verdict = assess(asking)
            if verdict is None:
                continue
            until = min(until, asking.due, verdict.until)
            failures += verdict.failures
            if verdict.contradicts:
                until = min(until, asking.fresh_until)
                if not _is_to_be_shown(verdict, asking, before):
                    continue
                rejected.add(verdict.source)
            facts.update(verdict.facts)
        published = Published(**facts, failures=tuple(failures))
        if before is not None and published == before.published:
            published = before.published  # the same object, so that comparing the two is immediate
        return _Assessed(question, until, published, frozenset(rejected))

    def _lookup(self, config: DNSConfig) -> Lookup:
        """Return the lookup of a module's settings, shared by all modules with the same."""
        key = DNSConfig(
            nameservers=config.nameservers, dnssec=config.dnssec, trust_anchors_file=config.trust_anchors_file
        )
        lookup = self._lookups.get(key)
        if lookup is None:
            lookup = self._make_lookup(key, self._clock)
            self._lookups.put(key, lookup, 1)
        return lookup

    async def settled(self) -> None:
        """Wait until nothing is in flight: for a single probe, which has no next scrape."""
        await self._values.settled()

    def close(self) -> None:
        """Give up what is in flight."""
        self._values.close()

    def __len__(self) -> int:
        return len(self._values)


def _is_to_be_shown(verdict: Verdict, asking: Asking, before: _Assessed | None) -> bool:
    """Whether a contradiction counts: its records still live, or it was there before and newer ones are on the way."""
    if asking.now < asking.fresh_until:
        return True
    asking.renew()
    return before is not None and verdict.source in before.rejected
