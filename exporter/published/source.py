"""What a source of published facts is: a function from an endpoint and what is kept to a verdict.

A source asks for values by key through `Asking`, which starts what is due and never waits. Where one value is needed
to ask for the next (the policy of a record), the source finds the first one missing at first, and asks for the second
at a later scrape.
"""

from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from exporter.certificates.verdict import TrustStore
from exporter.published.documents import FetchDocument
from exporter.published.facts import SourceFailure
from exporter.published.https_lookup import Connect, TryECH
from exporter.published.lookup import Lookup
from exporter.published.question import Question
from exporter.published.refreshed import Kept, Refreshed

FOREVER = float("inf")
Make = Callable[[], Awaitable[tuple[Any, float]]]


@dataclass(frozen=True, slots=True)
class Reach:
    """How refreshes for an endpoint reach the world: the module's roots, and connections as its module makes them."""

    roots: TrustStore | None
    ari_roots: TrustStore | None
    connect: Connect
    try_ech: TryECH


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one source means for an endpoint: the fields of `Published` that it fills. It holds until `until`.

    `contradicts`: the endpoint does not keep what is published.
    """

    source: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    contradicts: bool = False
    until: float = FOREVER
    failures: tuple[SourceFailure, ...] = ()


@dataclass(slots=True)
class Asking:
    """What one source asks for about one endpoint. `due` is when something is to be asked for again."""

    question: Question
    values: Refreshed[Hashable, Any]
    lookup: Lookup
    fetch: FetchDocument
    reach: Callable[[], Reach]
    now: float
    due: float = FOREVER
    fresh_until: float = FOREVER
    _asked: list[tuple[Hashable, Make]] = field(default_factory=list)

    def get(self, key: Hashable, make: Make) -> Kept[Any] | None:
        """Return what is kept under a key; start a refresh if that is due."""
        kept = self.values.get(key, make)
        self._asked.append((key, make))
        self.due = min(self.due, kept.due if kept is not None else self.now)
        if kept is not None:
            self.fresh_until = min(self.fresh_until, kept.fresh_until)
        return kept

    def renew(self) -> None:
        """Ask for everything again."""
        for key, make in self._asked:
            self.values.renew(key, make)


Assess = Callable[[Asking], Verdict | None]


def failure(source: str, kept: Kept[Any] | None) -> tuple[SourceFailure, ...]:
    """Return why there is no value, if it was asked for and did not come."""
    if kept is None or kept.value is not None or kept.failed is None:
        return ()
    return (SourceFailure(source, kept.failed.reason, kept.failed.detail),)
