"""The limits on lifetimes, by the day of issue."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from exporter.certificates.certificate import Certificate
from exporter.certificates.lifetime import SECONDS_PER_DAY, allowed_lifetime, lifetime


def issued(*day):
    start = int(datetime(*day, tzinfo=UTC).timestamp())
    return Certificate(b"", "", not_before=start, not_after=start + 90 * SECONDS_PER_DAY - 1)


@pytest.mark.parametrize(
    ("day", "days"),
    [
        ((2011, 1, 1), None),
        ((2012, 6, 30), None),
        ((2012, 7, 1), 1827),
        ((2015, 4, 1), 1188),
        ((2018, 2, 28), 1188),
        ((2018, 3, 1), 825),
        ((2020, 8, 31), 825),
        ((2020, 9, 1), 398),
        ((2026, 3, 14), 398),
        ((2026, 3, 15), 200),
        ((2027, 3, 14), 200),
        ((2027, 3, 15), 100),
        ((2029, 3, 14), 100),
        ((2029, 3, 15), 47),
        ((2040, 1, 1), 47),
    ],
)
def test_the_limit_is_that_of_the_day_of_issue(day, days):
    expected = days * SECONDS_PER_DAY if days is not None else None
    assert allowed_lifetime(issued(*day)) == expected


def test_both_ends_belong_to_a_lifetime():
    assert lifetime(issued(2026, 1, 1)) == 90 * SECONDS_PER_DAY


def test_without_dates_there_is_none():
    undated = replace(issued(2026, 1, 1), not_before=None)
    assert lifetime(undated) is None
    assert allowed_lifetime(undated) is None
    assert lifetime(replace(issued(2026, 1, 1), not_after=None)) is None
