"""The list of all certificates: each distinct one once, with where it is presented, and a calendar of their ends. Pure.

Certificates are distinguished by their SHA-256 fingerprints.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from exporter.certificates.certificate import Certificate
from exporter.policy import ExpiryThresholds
from exporter.scrape.history import Change, TargetHistory
from exporter.scrape.report import TargetReport
from exporter.target import Target
from exporter.web.expiry import LEVELS, Validity, validity
from exporter.web.list_filter import certificate_filter, search_text, target_filter
from exporter.web.list_query import ListQuery

PAGE_SIZE = 100
CALENDAR_DAYS = 90
MOST_CHANGES = 20
DAYS_OF_A_WEEK = 7
_DAY = 86_400
_NEVER = float("inf")

SHOWN: Mapping[str, str] = {
    "": "All",
    "leaf": "Leaves",
    "issuer": "Issuers",
    "expired": "Expired",
    "expiring": "Expiring",
}
"""What the list can be narrowed to: the name in the address, and the words on the page."""


@dataclass(slots=True)
class CertificateRow:
    """One certificate; `targets` present it, in the order of the configuration. `is_leaf`: at least once as a leaf."""

    certificate: Certificate
    thresholds: ExpiryThresholds
    targets: list[Target] = field(default_factory=list)
    is_leaf: bool = False
    validity: Validity = field(default_factory=lambda: Validity("unknown"))

    @property
    def kinds(self) -> tuple[str, ...]:
        """Those of SHOWN that it belongs to."""
        kinds = ["", "leaf" if self.is_leaf else "issuer"]
        if self.validity.level == "expired":
            kinds.append("expired")
        if self.validity.level in ("soon", "imminent"):
            kinds.append("expiring")
        return tuple(kinds)


def _ends(row: CertificateRow) -> float:
    return row.certificate.not_after if row.certificate.not_after is not None else _NEVER


ORDERS: Mapping[str, tuple[str, Callable[[CertificateRow], tuple[Any, ...]]]] = {
    "subject": ("Certificate", lambda row: (row.certificate.subject.lower(),)),
    "issuer": ("Issuer", lambda row: (row.certificate.issuer.lower(),)),
    "key": ("Key", lambda row: (row.certificate.key,)),
    "served": ("Found at", lambda row: (-len(row.targets),)),
    "expiry": ("Expires", lambda row: (_ends(row), LEVELS.index(row.validity.level))),
}


@dataclass(frozen=True, slots=True)
class Week:
    """One week of the calendar: its Monday, how many certificates end on each day, and whether it is asked for."""

    monday: date
    days: tuple[int, ...]
    is_chosen: bool

    @property
    def count(self) -> int:
        """How many certificates end in the week."""
        return sum(self.days)


@dataclass(frozen=True, slots=True)
class CertificateListing:
    """One page of the list, with the calendar of everything that matches whatever its week."""

    rows: tuple[CertificateRow, ...]
    total: int
    matching: int
    page: int
    pages: int
    shown: tuple[tuple[str, str, int], ...]
    weeks: tuple[Week, ...]


def distinct(
    targets: Iterable[Target], reports: Mapping[Target, TargetReport], query: ListQuery, now: float
) -> list[CertificateRow]:
    """Return each certificate once that targets present and that a query means, whatever its tab and week."""
    by_label = target_filter(ListQuery(module=query.module, labels=query.labels))
    rows: dict[str, CertificateRow] = {}
    for target in targets:
        report = reports.get(target)
        if report is None or (by_label is not None and not by_label(target, None, report)):
            continue
        for assessment in report.assessments:
            for position, certificate in enumerate(assessment.observation.certificates):
                row = rows.get(certificate.fingerprint_sha256)
                if row is None:
                    row = CertificateRow(certificate, assessment.observation.policy.expiry)
                    rows[certificate.fingerprint_sha256] = row
                row.is_leaf |= position == 0
                if not row.targets or row.targets[-1] is not target:
                    row.targets.append(target)
    found = _matching(rows.values(), query)
    for row in found:
        row.validity = validity(row.certificate.not_before, row.certificate.not_after, now, row.thresholds)
    return found


def _matching(rows: Iterable[CertificateRow], query: ListQuery) -> list[CertificateRow]:
    is_meant, words = certificate_filter(query), query.text.lower().split()
    found = [row for row in rows if is_meant(row.certificate)]
    if not words:
        return found
    texts = ((row, " ".join((search_text(row.certificate), *(one.name for one in row.targets)))) for row in found)
    return [row for row, text in texts if all(word in text.lower() for word in words)]


def ordered(rows: Sequence[CertificateRow], query: ListQuery) -> list[CertificateRow]:
    """Return the rows of the query's tab and week in its order."""
    found = [row for row in rows if not query.show or query.show in row.kinds]
    if query.week:
        found = [row for row in found if week_of(row.certificate.not_after) == query.week]
    found.sort(key=lambda row: row.certificate.fingerprint_sha256)
    found.sort(key=ORDERS[query.sort or "expiry"][1], reverse=query.descending)
    return found


def listing(rows: Sequence[CertificateRow], query: ListQuery, now: float) -> CertificateListing:
    """Return the page that is asked for; a page beyond the last is the last."""
    counts = Counter(kind for row in rows for kind in row.kinds)
    found = ordered(rows, query)
    pages = max(1, -(-len(found) // PAGE_SIZE))
    number = min(query.page, pages)
    return CertificateListing(
        rows=tuple(found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]),
        total=len(rows),
        matching=len(found),
        page=number,
        pages=pages,
        shown=tuple((name, words, counts[name]) for name, words in SHOWN.items()),
        weeks=calendar((row.certificate.not_after for row in rows), now, query.week),
    )


def calendar(ends: Iterable[int | None], now: float, chosen: str = "") -> tuple[Week, ...]:
    """Return the weeks from today on that hold the next 90 days. Days are in UTC, and weeks begin on Mondays."""
    today = datetime.fromtimestamp(now, UTC).date()
    first = today - timedelta(days=today.weekday())
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp()
    counts = Counter(int((one - begin) // _DAY) for one in ends if one is not None and one >= now)
    weeks = -(-(today.weekday() + CALENDAR_DAYS) // DAYS_OF_A_WEEK)
    mondays = [first + timedelta(weeks=number) for number in range(weeks)]
    return tuple(
        Week(
            monday,
            tuple(counts[number * DAYS_OF_A_WEEK + day] for day in range(DAYS_OF_A_WEEK)),
            monday.isoformat() == chosen,
        )
        for number, monday in enumerate(mondays)
    )


def week_of(seconds: int | None) -> str:
    """Return the Monday of a moment's week as `2026-11-30`, "" where the calendar does not know it."""
    try:
        day = datetime.fromtimestamp(seconds, UTC).date() if seconds is not None else None
        return (day - timedelta(days=day.weekday())).isoformat() if day is not None else ""
    except (OverflowError, ValueError, OSError):
        return ""


def renewals(targets: Iterable[Target], histories: Mapping[Target, TargetHistory]) -> list[tuple[Target, Change]]:
    """Return the newest changes of certificates among targets, the newest first."""
    found = [
        (target, change)
        for target in targets
        if (history := histories.get(target)) is not None
        for change in history.changes
        if change.leaf
    ]
    found.sort(key=lambda one: one[1].at, reverse=True)
    return found[:MOST_CHANGES]
