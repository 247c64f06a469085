"""The list of all targets as the status page shows it: rows, filters, orders, pages. Pure, and quick for 10,000."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from exporter.findings.catalogue import SEVERITIES
from exporter.scrape.history import Summary, TargetHistory
from exporter.target import Target
from exporter.web.expiry import LEVELS, Validity, validity

PAGE_SIZE = 100
_NEVER = float("inf")


class Row(NamedTuple):
    """One target with what its last probe gave; `digest` is None before the first. `urgency` 0 is worst."""

    target: Target
    digest: Summary | None
    validity: Validity
    urgency: int
    kinds: tuple[str, ...]  # those of SHOWN that it belongs to

    @property
    def state(self) -> str:
        """`down`, `unknown` or `up`."""
        if self.digest is None:
            return "unknown"
        return "down" if self.digest.failure else "up"

    @property
    def counts(self) -> list[tuple[str, int]]:
        """How many findings of each severity there are, without those that there are none of."""
        if self.digest is None:
            return []
        return [(name, count) for name, count in zip(SEVERITIES, self.digest.counts, strict=True) if count]


SHOWN: Mapping[str, str] = {
    "": "All",
    "down": "Down",
    "critical": "Critical",
    "high": "High",
    "medium": "Medium",
    "low": "Low",
    "expiring": "Expiring",
    "healthy": "Healthy",
    "unknown": "Not probed",
}
"""What the list can be narrowed to: the name in the address, and the words on the page."""

DOWN, NOT_PROBED, HEALTHY = 0, 5, 6
_URGENCY_OF_EXPIRY = {"expired": 1, "early": 1, "imminent": 1, "soon": 2}
_EXPIRING = ("expired", "imminent", "soon")
_UNKNOWN = Validity("unknown")


def row(target: Target, past: TargetHistory | None, now: float) -> Row:
    """Return the row of a target. An end that is near counts like a finding."""
    if past is None:
        return Row(target, None, _UNKNOWN, NOT_PROBED, ("", "unknown"))
    digest = past.digest
    left = validity(digest.not_before, digest.not_after, now)
    urgency = _URGENCY_OF_EXPIRY.get(left.level, HEALTHY)
    kinds = ["", "expiring"] if left.level in _EXPIRING else [""]
    if any(digest.counts):
        urgency = min(urgency, 1 + digest.worst)
        kinds += [name for name, count in zip(SEVERITIES, digest.counts, strict=True) if count]
    if digest.failure:
        urgency = DOWN
        kinds.append("down")
    if urgency == HEALTHY:
        kinds.append("healthy")
    return Row(target, digest, left, urgency, tuple(kinds))


_LEVEL = {level: index for index, level in enumerate(LEVELS)}


def _ends(one: Row) -> float:
    return one.digest.not_after if one.digest is not None and one.digest.not_after is not None else _NEVER


def _findings(one: Row) -> tuple[int, ...]:
    return tuple(-count for count in one.digest.counts) if one.digest else (1,)


ORDERS: Mapping[str, tuple[str, Callable[[Row], tuple[Any, ...]]]] = {
    "urgency": ("Urgency", lambda one: (one.urgency, _LEVEL[one.validity.level], _ends(one))),
    "target": ("Target", lambda one: (one.target.name, one.target.module)),
    "state": ("State", lambda one: (one.state, one.digest.failure if one.digest else "")),
    "expiry": ("Expires", lambda one: (_ends(one),)),
    "protocol": ("Protocol", lambda one: (one.digest.protocol or "~" if one.digest else "~",)),
    "findings": ("Findings", _findings),
    "checked": ("Checked", lambda one: (one.digest.at if one.digest else 0.0,)),
}


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What of the list is asked for. `text` words must all be found; `page` counts from 1."""

    text: str = ""
    show: str = ""
    module: str = ""
    sort: str = "urgency"
    descending: bool = False
    page: int = 1


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the list. `shown` has for each choice of SHOWN its words and how many it would show."""

    rows: tuple[Row, ...]
    total: int
    matching: int
    page: int
    pages: int
    shown: tuple[tuple[str, str, int], ...]
    newest: float | None
    """When the newest of all results was made."""


def listing(
    targets: Sequence[Target], histories: Mapping[Target, TargetHistory], query: ListQuery, now: float
) -> Listing:
    """Return the page that is asked for; a page beyond the last is the last."""
    rows = [row(target, histories.get(target), now) for target in targets]
    newest = max((one.digest.at for one in rows if one.digest), default=None)
    words = query.text.lower().split()
    found = [
        one
        for one in rows
        if (not query.module or one.target.module == query.module) and (not words or _holds(one, words))
    ]
    counts = Counter(kind for one in found for kind in one.kinds)
    matching = [one for one in found if not query.show or query.show in one.kinds]
    matching.sort(key=lambda one: one.target.name)
    matching.sort(key=ORDERS[query.sort][1], reverse=query.descending)
    pages = max(1, -(-len(matching) // PAGE_SIZE))
    number = min(query.page, pages)
    return Listing(
        rows=tuple(matching[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]),
        total=len(rows),
        matching=len(matching),
        page=number,
        pages=pages,
        shown=tuple((name, title, counts[name]) for name, title in SHOWN.items()),
        newest=newest,
    )


def _holds(one: Row, words: list[str]) -> bool:
    target, digest = one.target, one.digest
    parts = [target.name, target.module, *(f"{name}={value}" for name, value in target.labels)]
    if digest is not None:
        parts += [digest.failure, digest.protocol, *digest.findings]
    text = " ".join(parts).lower()
    return all(word in text for word in words)
