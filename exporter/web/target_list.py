"""The list of all targets as pages and the API show it: rows, filters, orders, groups, pages. Pure."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from exporter.findings.catalogue import SEVERITIES
from exporter.findings.state import FAILED, UNKNOWN, State, Status
from exporter.scrape.history import Summary, TargetHistory
from exporter.scrape.report import TargetReport
from exporter.target import Target
from exporter.web.expiry import LEVELS, Validity, validity
from exporter.web.list_filter import leaf_of, target_filter
from exporter.web.list_query import LABEL_GROUP, ListQuery

PAGE_SIZE = 100
_NEVER = float("inf")

SHOWN: Mapping[str, str] = {
    "": "All",
    "down": "Down",
    "critical": "Critical",
    "high": "High",
    "medium": "Medium",
    "low": "Low",
    "expiring": "Expiring",
    "accepted": "Accepted",
    "healthy": "Healthy",
    "unknown": "Not probed",
}
"""What the list can be narrowed to: the name in the address, and the words on the page."""

_EXPIRING = frozenset(("certificate_expired", "certificate_expiry_imminent", "certificate_expiring_soon"))
_UNKNOWN_VALIDITY = Validity("unknown")


class Row(NamedTuple):
    """One target with what its last probe gave, `at` and in `seconds`; `summary` is None before the first."""

    target: Target
    summary: Summary | None
    status: Status
    validity: Validity
    kinds: tuple[str, ...]  # those of SHOWN that it belongs to
    at: float = 0.0
    seconds: float = 0.0
    group: str = ""

    @property
    def checked_at(self) -> float | None:
        """When the last probe began; None before the first."""
        return self.at if self.summary is not None else None

    @property
    def colour(self) -> str:
        """How the state is coloured: by its severity, `good`, or `unknown`."""
        if self.status.state is State.UNKNOWN:
            return "unknown"
        return "good" if self.status.state is State.HEALTHY else self.status.severity or "good"

    @property
    def counts(self) -> list[tuple[str, int]]:
        """How many findings of each severity there are, without those that there are none of."""
        if self.summary is None:
            return []
        return [(name, count) for name, count in zip(SEVERITIES, self.summary.counts, strict=True) if count]


def row(target: Target, history: TargetHistory | None, now: float) -> Row:
    """Return the row of a target."""
    if history is None:
        return _not_probed(target)
    summary = history.unchanged
    status = summary.status
    left = validity(summary.not_before, summary.not_after, now, summary.expiry)
    kinds = [""]
    if status.state in FAILED:
        kinds.append("down")
    if summary.findings:
        kinds += [name for name, count in zip(SEVERITIES, summary.counts, strict=True) if count]
        if not _EXPIRING.isdisjoint(summary.findings):
            kinds.append("expiring")
    if summary.accepted:
        kinds.append("accepted")
    if status.state is State.HEALTHY:
        kinds.append("healthy")
    return Row(target, summary, status, left, tuple(kinds), history.at, history.seconds)


def _not_probed(target: Target) -> Row:
    return Row(target, None, UNKNOWN, _UNKNOWN_VALIDITY, ("", "unknown"))


_LEVEL = {level: index for index, level in enumerate(LEVELS)}


def _ends(one: Row) -> float:
    return one.summary.not_after if one.summary is not None and one.summary.not_after is not None else _NEVER


def _findings(one: Row) -> tuple[int, ...]:
    return tuple(-count for count in one.summary.counts) if one.summary else (1,)


ORDERS: Mapping[str, tuple[str, Callable[[Row], tuple[Any, ...]]]] = {
    "urgency": ("Urgency", lambda one: (*one.status.order, _LEVEL[one.validity.level], _ends(one))),
    "target": ("Target", lambda one: (one.target.name, one.target.module)),
    "state": ("State", lambda one: (*one.status.order, one.summary.failure if one.summary else "")),
    "expiry": ("Expires", lambda one: (_ends(one),)),
    "protocol": ("Protocol", lambda one: (one.summary.protocol or "~" if one.summary else "~",)),
    "findings": ("Findings", _findings),
    "checked": ("Checked", lambda one: (one.at,)),
}


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the list. `shown` has for each choice of SHOWN its words and how many it would show.

    `groups` has how many targets each group has, on all pages. `newest` is when the newest of all results was made.
    """

    rows: tuple[Row, ...]
    total: int
    matching: int
    page: int
    pages: int
    shown: tuple[tuple[str, str, int], ...]
    groups: Mapping[str, int]
    newest: float | None


def matching_rows(
    targets: Sequence[Target],
    histories: Mapping[Target, TargetHistory],
    reports: Mapping[Target, TargetReport],
    query: ListQuery,
    now: float,
) -> list[Row]:
    """Return the rows that a query means, whatever its tab, in the order of the configuration."""
    made = [row(target, histories.get(target), now) for target in targets]
    is_meant = target_filter(query)
    if is_meant is None:
        return made
    return [one for one in made if is_meant(one.target, one.summary, reports.get(one.target))]


def ordered(rows: Sequence[Row], query: ListQuery) -> list[Row]:
    """Return the rows of the query's tab in its order."""
    found = [one for one in rows if not query.show or query.show in one.kinds]
    found.sort(key=lambda one: one.target.name)
    found.sort(key=ORDERS[query.sort or "urgency"][1], reverse=query.descending)
    return found


def listing(
    targets: Sequence[Target],
    histories: Mapping[Target, TargetHistory],
    reports: Mapping[Target, TargetReport],
    query: ListQuery,
    now: float,
) -> Listing:
    """Return the page that is asked for; a page beyond the last is the last."""
    rows = matching_rows(targets, histories, reports, query, now)
    counts = Counter(kind for one in rows for kind in one.kinds)
    found = ordered(rows, query)
    groups: Counter[str] = Counter()
    if query.group:
        found = [one._replace(group=_group_of(one.target, reports.get(one.target), query.group)) for one in found]
        found.sort(key=lambda one: (one.group == "", one.group))
        groups.update(one.group for one in found)
    pages = max(1, -(-len(found) // PAGE_SIZE))
    number = min(query.page, pages)
    return Listing(
        rows=tuple(found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]),
        total=len(targets),
        matching=len(found),
        page=number,
        pages=pages,
        shown=tuple((name, title, counts[name]) for name, title in SHOWN.items()),
        groups=groups,
        newest=max((one.at for one in rows if one.summary is not None), default=None),
    )


def _group_of(target: Target, report: TargetReport | None, group: str) -> str:
    if group.startswith(LABEL_GROUP):
        return dict(target.labels).get(group.removeprefix(LABEL_GROUP), "")
    if group == "issuer":
        leaf = leaf_of(report)
        return leaf.issuer if leaf is not None else ""
    return target.module if group == "module" else ""
