"""The list of all targets as the status page shows it: rows, filters, orders, pages. Pure, and quick for 10,000."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exporter.findings.catalogue import SEVERITIES
from exporter.history import Digest, Past
from exporter.target import Target
from exporter.web.validity import LEVELS, Validity, validity

PAGE_SIZE = 100
NO_FINDING = len(SEVERITIES)
_NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Row:
    """One target with what its last probe gave; `digest` is None before the first."""

    target: Target
    digest: Digest | None
    validity: Validity

    @property
    def state(self) -> str:
        """`down`, `unknown` or `up`."""
        if self.digest is None:
            return "unknown"
        return "down" if self.digest.failure else "up"

    @property
    def urgency(self) -> int:
        """0 is worst. An end that is near counts like a finding."""
        if self.digest is None:
            return 5
        if self.digest.failure:
            return 0
        by_expiry = {"expired": 1, "early": 1, "imminent": 1, "soon": 2}.get(self.validity.level, 6)
        return min(by_expiry, 1 + self.digest.worst if self.digest.worst < NO_FINDING else 6)

    @property
    def counts(self) -> list[tuple[str, int]]:
        """How many findings of each severity there are, without those that there are none of."""
        if self.digest is None:
            return []
        return [(name, count) for name, count in zip(SEVERITIES, self.digest.counts, strict=True) if count]


def row(target: Target, past: Past | None, now: float) -> Row:
    """Return the row of a target."""
    if past is None:
        return Row(target, None, Validity("unknown"))
    return Row(target, past.digest, validity(past.digest.not_before, past.digest.not_after, now))


SHOWN: Mapping[str, tuple[str, Callable[[Row], bool]]] = {
    "": ("All", lambda _: True),
    "down": ("Down", lambda one: one.state == "down"),
    "critical": ("Critical", lambda one: bool(one.digest and one.digest.counts[0])),
    "high": ("High", lambda one: bool(one.digest and one.digest.counts[1])),
    "medium": ("Medium", lambda one: bool(one.digest and one.digest.counts[2])),
    "low": ("Low", lambda one: bool(one.digest and one.digest.counts[3])),
    "expiring": ("Expiring", lambda one: one.validity.level in ("expired", "imminent", "soon")),
    "healthy": ("Healthy", lambda one: one.urgency == 6),  # noqa: PLR2004 - see Row.urgency
    "unknown": ("Not probed", lambda one: one.digest is None),
}
"""What the list can be narrowed to: the name in the address, the words on the page, the condition."""


def _expiry(one: Row) -> tuple[float, ...]:
    unknown = one.digest is None or one.digest.not_after is None
    return (_NEVER,) if unknown else (float(one.digest.not_after or 0),)  # type: ignore[union-attr]


def _findings(one: Row) -> tuple[int, ...]:
    return tuple(-count for count in one.digest.counts) if one.digest else (1,)


ORDERS: Mapping[str, tuple[str, Callable[[Row], tuple[Any, ...]]]] = {
    "urgency": ("Urgency", lambda one: (one.urgency, LEVELS.index(one.validity.level), *_expiry(one))),
    "target": ("Target", lambda one: (one.target.name, one.target.module)),
    "state": ("State", lambda one: (one.state, one.digest.failure if one.digest else "")),
    "expiry": ("Expires", _expiry),
    "protocol": ("Protocol", lambda one: (one.digest.protocol or "~" if one.digest else "~",)),
    "findings": ("Findings", _findings),
    "checked": ("Checked", lambda one: (one.digest.at if one.digest else 0.0,)),
}


@dataclass(frozen=True, slots=True)
class Wish:
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


def listing(targets: Sequence[Target], pasts: Mapping[Target, Past], wish: Wish, now: float) -> Listing:
    """Return the page that is asked for; a page beyond the last is the last."""
    rows = [row(target, pasts.get(target), now) for target in targets]
    newest = max((one.digest.at for one in rows if one.digest), default=None)
    words = wish.text.lower().split()
    found = [
        one
        for one in rows
        if (not wish.module or one.target.module == wish.module) and (not words or _holds(one, words))
    ]
    counts = _counted(found)
    matching = [one for one in found if SHOWN[wish.show][1](one)]
    matching.sort(key=lambda one: one.target.name)
    matching.sort(key=ORDERS[wish.sort][1], reverse=wish.descending)
    pages = max(1, -(-len(matching) // PAGE_SIZE))
    number = min(wish.page, pages)
    return Listing(
        rows=tuple(matching[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]),
        total=len(rows),
        matching=len(matching),
        page=number,
        pages=pages,
        shown=tuple((name, words_of, counts[name]) for name, (words_of, _) in SHOWN.items()),
        newest=newest,
    )


def _counted(rows: Iterable[Row]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for one in rows:
        counts.update(name for name, (_, holds) in SHOWN.items() if holds(one))
    return counts


def _holds(one: Row, words: list[str]) -> bool:
    target, digest = one.target, one.digest
    parts = [target.name, target.module, *(f"{name}={value}" for name, value in target.labels)]
    if digest is not None:
        parts += [digest.failure, digest.protocol, *digest.findings]
    text = " ".join(parts).lower()
    return all(word in text for word in words)
