"""How many new series a target may make within an hour."""

import pytest

from exporter.scrape.series_limit import WINDOW_SECONDS, SeriesLimit


@pytest.fixture
def now():
    return [0.0]


@pytest.fixture
def limit(now):
    return SeriesLimit(lambda: now[0], limit=10)


def test_what_stays_as_it_is_is_admitted_for_ever(limit, now):
    for _ in range(100):
        assert limit.admit("a", ("x", "y"))
        now[0] += 15
    assert limit.limited == 0


def test_beyond_the_limit_nothing_new_is_admitted_until_the_hour_is_over(limit, now):
    admitted = [limit.admit("a", (number, "same")) for number in range(20)]
    assert admitted == [True] * 9 + [False] * 11
    assert limit.limited == 1
    assert limit.admit("a", (3, "same")), "what was admitted stays so"
    assert limit.limited == 0
    assert not limit.admit("a", (30,))
    now[0] = WINDOW_SECONDS
    assert limit.admit("a", (30,))


def test_the_first_of_an_hour_is_admitted_however_much_it_is(limit):
    assert limit.admit("a", range(101))
    assert not limit.admit("a", range(102))


def test_targets_have_limits_of_their_own(limit):
    for number in range(20):
        limit.admit("a", (number,))
    assert limit.admit("b", (1, 2, 3))
    limit.forget("a")
    assert limit.admit("a", (77,))
    assert len(limit) == 2
