"""The list of certificates: each once, its tabs and orders, and the calendar of their ends."""

from datetime import UTC, date, datetime

import pytest

from exporter.certificates.certificate import Certificate
from exporter.config.model import Module
from exporter.findings.assessment import assess
from exporter.findings.observation import Observation
from exporter.probe.result import Result
from exporter.scrape.history import Change, Summary, TargetHistory
from exporter.scrape.report import make_report
from exporter.target import Target, parse_endpoint
from exporter.web.certificate_list import calendar, distinct, listing, renewals, week_of
from exporter.web.list_query import ListQuery

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()  # a Wednesday
DAY = 86_400
MODULE = Module("tls")


def target(name, **labels):
    return Target(name, parse_endpoint(f"{name}:443"), "tls", tuple(labels.items()))


def certificate(name, days, issuer="CN=CA"):
    ends = None if days is None else int(NOW + days * DAY)
    begins = None if ends is None else ends - 90 * DAY
    return Certificate(name.encode(), name * 4, f"CN={name}", issuer, f"0{name}", begins, ends, dns_names=(name,))


def report(one, *certificates):
    return make_report(one, MODULE, (assess(Observation(one, MODULE, Result(NOW, 0.1), NOW, certificates)),))


CA = certificate("ca", 900, "CN=Root")
A, B, C, D = certificate("aa", 60), certificate("bb", 3), certificate("cc", -2), certificate("dd", None)
TARGETS = tuple(target(name, team=team) for name, team in (("one", "web"), ("two", "shop"), ("three", "web")))
REPORTS = dict(
    zip(TARGETS, (report(TARGETS[0], A, CA), report(TARGETS[1], B, CA), report(TARGETS[2], C, A, CA, D)), strict=True)
)


def found(**query):
    asked = ListQuery(**query)
    rows = listing(distinct(TARGETS, REPORTS, asked, NOW), asked, NOW).rows
    return {row.certificate.subject.removeprefix("CN="): [one.name for one in row.targets] for row in rows}


def test_each_certificate_is_there_once_with_all_that_present_it_the_first_to_end_first():
    assert list(found().items()) == [
        ("cc", ["three"]),
        ("bb", ["two"]),
        ("aa", ["one", "three"]),
        ("ca", ["one", "two", "three"]),
        ("dd", ["three"]),
    ]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"show": "leaf"}, {"aa", "bb", "cc"}),
        ({"show": "issuer"}, {"ca", "dd"}),
        ({"show": "expired"}, {"cc"}),
        ({"show": "expiring"}, {"bb"}),
        ({"labels": ("team=shop",)}, {"bb", "ca"}),
        ({"labels": ("team",), "issuer": "root"}, {"ca"}),
        ({"text": "three"}, {"aa", "cc", "ca", "dd"}),
        ({"text": "CN=bb"}, {"bb"}),
        ({"serial": "aa"}, {"aa"}),
        ({"fingerprint": "bbb"}, {"bb"}),
        ({"san": "C"}, {"ca", "cc"}),
        ({"week": "2026-11-23"}, {"bb", "cc"}),
        ({"week": "2026-11-30"}, set()),
    ],
)
def test_filters(query, names):
    assert set(found(**query)) == names


def test_the_calendar_holds_ninety_days_from_the_monday_of_this_week():
    weeks = calendar([int(NOW), int(NOW) - 1, int(NOW + 4 * DAY), int(NOW + 5 * DAY), None, 10**15], NOW, "2026-11-30")
    assert weeks[0].monday == date(2026, 11, 23)
    assert (weeks[0].days, weeks[1].days) == ((0, 0, 1, 0, 0, 0, 1), (1, 0, 0, 0, 0, 0, 0))
    assert [week.is_chosen for week in weeks].index(True) == 1
    assert sum(week.count for week in weeks) == 3
    last = weeks[-1].monday.toordinal() + 6
    assert last >= date(2026, 11, 25).toordinal() + 89 > last - 7


@pytest.mark.parametrize("seconds", [None, 10**15, -(10**15)])
def test_a_year_that_no_calendar_knows_has_no_week(seconds):
    assert week_of(seconds) == ""
    assert week_of(int(NOW)) == "2026-11-23"


def test_the_newest_change_comes_first():
    histories = {}
    for number, one in enumerate(TARGETS):
        summary = Summary(NOW, 0.1, "", "TLSv1.3", None, None, (0, 0, 0, 0), (), "aa")
        histories[one] = TargetHistory(summary, changes=(Change(NOW + number, "new", None, f"{number}"),))
    histories[TARGETS[0]].changes += (Change(NOW + 9, "TLSv1.2 instead of TLSv1.3", False),)
    assert [change.leaf for _, change in renewals(TARGETS, histories)] == ["2", "1", "0"]
