"""Refreshes: only when a scrape asks, spread over time, few at once, and what is known survives what is not."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from exporter.posture import refresh
from exporter.posture.downgrades import SIGNATURES
from exporter.posture.facts import Posture
from exporter.posture.finite_fields import DHGroup
from exporter.posture.merge import merged
from exporter.posture.refresh import PostureRefresher

WEAK = DHGroup(1024, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", weakness="the prime has 1024 bits")
FULL = Posture(
    timestamp=100.0,
    versions={"TLSv1.0": True, "TLSv1.2": True},
    features={"sha1_signature": True},
    dh_groups=(WEAK,),
)
NOTHING = Posture(undetermined={"baseline": "timeout", "signatures": "timeout", "ciphers": "timeout"})
REFRESH = 600.0


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Scans:
    """Replaces the scans of endpoints: counts them, and returns the configured postures."""

    gives: list[Posture] = field(default_factory=lambda: [FULL])
    skipped: list[frozenset[str]] = field(default_factory=list)
    running: int = 0
    most: int = 0

    async def __call__(self, skip: frozenset[str]) -> Posture:
        self.skipped.append(skip)
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0)
        self.running -= 1
        return self.gives.pop(0) if len(self.gives) > 1 else self.gives[0]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def postures(clock):
    one = PostureRefresher(clock)
    yield one
    one.close()
    await one.settled()


async def test_the_first_scrape_begins_and_the_next_one_sees(postures):
    scans = Scans()
    assert postures.latest("a") is None
    postures.renew("a", scans, REFRESH)
    assert postures.latest("a") is None, "a scrape does not wait for the posture"
    await postures.settled()
    assert postures.latest("a") == FULL


async def test_scrapes_in_between_begin_nothing(postures, clock):
    scans = Scans()
    for _ in range(50):
        postures.renew("a", scans, REFRESH)
        await postures.settled()
        clock.now += 10
    assert len(scans.skipped) == 1
    clock.now += 200
    postures.renew("a", scans, REFRESH)
    await postures.settled()
    assert len(scans.skipped) == 2


async def test_without_scrapes_nothing_is_renewed(postures, clock):
    scans = Scans()
    postures.renew("a", scans, REFRESH)
    await postures.settled()
    clock.now += 100 * REFRESH
    await asyncio.sleep(0.01)
    assert (len(scans.skipped), postures.in_flight) == (1, 0)


async def test_a_key_waits_or_runs_once_however_many_scrapes_ask(postures):
    scans = Scans()
    for _ in range(5):
        postures.renew("a", scans, REFRESH)
    await postures.settled()
    assert len(scans.skipped) == 1


async def test_few_scans_run_at_once(postures):
    scans = Scans()
    for key in range(90):
        postures.renew(key, scans, REFRESH)
    await postures.settled()
    assert len(scans.skipped) == 90
    assert scans.most == refresh.SCANS_AT_ONCE


async def test_ten_thousand_targets_do_not_refresh_in_one_scrape(postures, clock):
    """Scraped once a minute: after one interval every target had its scan, and no minute had more than its share."""
    scans = Scans()
    counts = []
    for _ in range(10):
        before = len(scans.skipped)
        for key in range(10_000):
            postures.renew(key, scans, REFRESH)
        await postures.settled()
        counts.append(len(scans.skipped) - before)
        clock.now += 60
    assert sum(counts) == 10_000
    assert max(counts) <= 60 * refresh.SCANS_PER_SECOND + refresh.AT_ONCE_TARGETS


async def test_an_outage_keeps_what_is_known_and_when_it_was_fully_known(postures, clock):
    scans = Scans([FULL, NOTHING])
    postures.renew("a", scans, REFRESH)
    await postures.settled()
    clock.now += 2 * REFRESH
    postures.renew("a", scans, REFRESH)
    await postures.settled()
    known = postures.latest("a")
    assert known is not None
    assert (known.versions, known.dh_bits, known.timestamp) == (FULL.versions, 1024, 100.0)
    assert known.undetermined == NOTHING.undetermined


async def test_an_incomplete_scan_is_tried_again_sooner(postures, clock):
    scans = Scans([NOTHING, FULL])
    postures.renew("a", scans, REFRESH)
    await postures.settled()
    clock.now += REFRESH * refresh.RETRY_SHARE * 1.2
    postures.renew("a", scans, REFRESH)
    await postures.settled()
    assert postures.latest("a") == FULL


async def test_sha1_is_asked_for_once_a_day(postures, clock):
    """Nginx logs that one refusal as critical: what was found stays known in between."""
    scans = Scans([FULL, replace(FULL, features={})])
    for _ in range(3):
        postures.renew("a", scans, REFRESH)
        await postures.settled()
        clock.now += 2 * REFRESH
    clock.now += refresh.SELDOM[SIGNATURES]
    postures.renew("a", scans, REFRESH)
    await postures.settled()
    only_signatures = frozenset((SIGNATURES,))
    assert scans.skipped == [frozenset(), only_signatures, only_signatures, frozenset()]


def test_a_skipped_check_leaves_its_fact_as_it_was():
    again = replace(FULL, features={}, timestamp=200.0)
    assert merged(FULL, again, {SIGNATURES}) == replace(FULL, timestamp=200.0)
    assert merged(FULL, again).features == {}, "what a whole scan found not to apply is not kept"


async def test_an_internal_error_costs_one_refresh_and_no_other_key(postures, clock):
    async def internal_error_report(_skip):
        raise RuntimeError("a fault")

    postures.renew("a", internal_error_report, REFRESH)
    await postures.settled()
    assert postures.latest("a") is None
    assert postures.consult("a", REFRESH) == (None, False)
    clock.now += REFRESH
    assert postures.consult("a", REFRESH) == (None, True)
    postures.renew("b", Scans(), REFRESH)
    await postures.settled()
    assert postures.latest("b") == FULL


async def test_what_is_kept_is_bounded(postures, monkeypatch):
    monkeypatch.setattr(refresh, "MAX_KEPT", 100)
    for key in range(1000):
        postures.consult(key, REFRESH)
    assert len(postures) == 100
    assert postures.latest(0) is None


async def test_close_ends_scans_in_flight(postures):
    async def endless(_skip):
        await asyncio.Event().wait()

    postures.renew("a", endless, REFRESH)
    await asyncio.sleep(0)
    postures.close()
    await postures.settled()
    assert postures.in_flight == 0
