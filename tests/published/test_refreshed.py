"""Values renewed next to the scrapes: asking never waits, work is paced, a contradiction needs records that live."""

import asyncio

import pytest
from support import pki
from support.pki import NOW, dns

from exporter.certificates.chain_cache import ChainAssessor
from exporter.config.model import DNSConfig
from exporter.published.checker import PublishedChecker
from exporter.published.question import Question
from exporter.published.refreshed import KEYS_PER_SECOND, MAX_IN_FLIGHT, RETRY_SECONDS, Refreshed, RefreshError
from exporter.published.source import Reach
from tests.published.fake_lookup import FakeLookup, tlsa
from tests.support.trust import store_of

ROOT = pki.root()
STORE = store_of(ROOT)


class Clock:
    def __init__(self):
        self.now = float(NOW)

    def __call__(self):
        return self.now


class Source:
    """Makes numbered values that live for some seconds, or fails."""

    def __init__(self, life=100.0):
        self.life, self.made, self.fails = life, 0, False

    async def __call__(self):
        if self.fails:
            raise RefreshError("timeout", "no answer")
        self.made += 1
        return self.made, self.life


async def test_the_first_one_to_ask_gets_nothing_and_the_next_one_the_value():
    values, source = Refreshed(Clock()), Source()
    assert values.get("a", source) is None
    await values.settled()
    assert values.get("a", source).value == 1
    assert source.made == 1


async def test_a_value_is_asked_for_again_when_its_records_are_over():
    clock, source = Clock(), Source(life=100)
    values = Refreshed(clock)
    values.get("a", source)
    await values.settled()
    clock.now += 99
    values.get("a", source)
    await values.settled()
    assert source.made == 1
    clock.now += 2
    assert values.get("a", source).value == 1  # still given out
    await values.settled()
    assert values.get("a", source).value == 2


async def test_with_many_keys_each_is_renewed_later():
    clock = Clock()
    values = Refreshed(clock)
    sources = [Source(life=1) for _ in range(2000)]
    for _ in range(3):
        for number, source in enumerate(sources):
            values.get(number, source)
        await values.settled()
    clock.now += 2000 / KEYS_PER_SECOND / 2
    for number, source in enumerate(sources):
        values.get(number, source)
    await values.settled()
    assert sum(source.made for source in sources) < 3200


async def test_no_more_refreshes_than_allowed_are_in_flight_and_the_rest_comes_later():
    values, gate = Refreshed(Clock()), asyncio.Event()

    async def make():
        await gate.wait()
        return 1, 100.0

    for key in range(MAX_IN_FLIGHT + 50):
        values.get(key, make)
    gate.set()
    await values.settled()
    assert len(values) == MAX_IN_FLIGHT
    for key in range(MAX_IN_FLIGHT + 50):
        values.get(key, make)
    await values.settled()
    assert len(values) == MAX_IN_FLIGHT + 50


async def test_one_failure_leaves_the_value_and_the_second_takes_it_away():
    clock, source = Clock(), Source(life=100)
    values = Refreshed(clock)
    values.get("a", source)
    await values.settled()
    source.fails = True
    counts = []
    for _ in range(2):
        clock.now += 200
        values.get("a", source)
        await values.settled()
        kept = values.get("a", source)
        counts.append((kept.value, kept.failed.count))
    assert counts == [(1, 1), (None, 2)]
    source.fails = False
    clock.now += RETRY_SECONDS + 1
    values.get("a", source)
    await values.settled()
    assert values.get("a", source).failed is None


async def test_a_clock_that_was_set_back_does_not_keep_old_values():
    clock, source = Clock(), Source(life=10_000)
    values = Refreshed(clock)
    values.get("a", source)
    await values.settled()
    clock.now -= 86_400
    values.get("a", source)
    await values.settled()
    assert source.made == 2


class World:
    """A checker above a DNS in memory, and one endpoint whose certificate changes."""

    def __init__(self, ttl=300.0):
        self.clock = Clock()
        self.lookup = FakeLookup(ttl)
        self.checker = PublishedChecker(None, self.clock, lambda *_: self.lookup)
        self.chains = ChainAssessor()
        self.config = DNSConfig(caa=False, https=False)

    def leaf(self):
        return pki.leaf(ROOT, names=(dns("host.test"),))

    def known(self, leaf):
        chain = self.chains.assess_chain((leaf.der,), STORE, self.clock.now)
        question = Question("endpoint", "host.test", 443, chain, name_match=True, dns=self.config)
        return self.checker.known(question, lambda: Reach(None, None, None, None))

    async def scraped(self, leaf):
        self.known(leaf)
        await self.checker.settled()
        return self.known(leaf)


@pytest.fixture
async def world():
    made = World()
    yield made
    made.checker.close()


async def test_a_mismatch_with_records_that_live_is_reported_at_once(world):
    first, second = world.leaf(), world.leaf()
    world.lookup.records = [tlsa(first)]
    assert (await world.scraped(first)).dane.valid is True
    assert world.known(second).dane.valid is False


async def test_an_orderly_rollover_raises_no_alarm_though_the_kept_records_are_old(world):
    """The next key was published and the old records' TTL waited for before the certificate changed."""
    first, second = world.leaf(), world.leaf()
    world.lookup.records = [tlsa(first)]
    await world.scraped(first)
    world.clock.now += 10
    world.lookup.records = [tlsa(first), tlsa(second)]
    world.clock.now += 301
    seen = [world.known(second)]
    await world.checker.settled()
    seen.append(world.known(second))
    assert [one.dane.valid if one.dane is not None else None for one in seen] == [None, True]


async def test_a_mismatch_stays_while_its_records_are_renewed(world):
    first, second = world.leaf(), world.leaf()
    world.lookup.records = [tlsa(first)]
    await world.scraped(second)
    for _ in range(5):
        world.clock.now += 301
        assert world.known(second).dane.valid is False
        await world.checker.settled()
        assert world.known(second).dane.valid is False


async def test_a_change_of_the_records_is_seen_after_their_ttl(world):
    first, second = world.leaf(), world.leaf()
    world.lookup.records = [tlsa(first)]
    assert (await world.scraped(first)).dane.valid is True
    world.lookup.records = [tlsa(second)]
    world.clock.now += 301
    assert (await world.scraped(first)).dane.valid is False


async def test_the_same_facts_are_the_same_object(world):
    first = world.leaf()
    world.lookup.records = [tlsa(first)]
    seen = await world.scraped(first)
    world.clock.now += 301
    assert await world.scraped(first) is seen


async def test_without_questions_nothing_is_asked(world):
    world.config = None
    assert await world.scraped(world.leaf()) is None
    assert world.lookup.asked == []


async def test_a_scrape_does_not_wait_for_a_resolver_that_hangs(world):
    """Nothing is awaited: the facts are absent for as long as the resolver says nothing, and there when it does."""
    answering = asyncio.Event()
    look_up = world.lookup.look_up

    async def hanging(name, kind):
        await answering.wait()
        return await look_up(name, kind)

    world.lookup.look_up = hanging
    first = world.leaf()
    world.lookup.records = [tlsa(first)]
    for _ in range(3):
        assert world.known(first).dane is None
        await asyncio.sleep(0)
    answering.set()
    await world.checker.settled()
    assert world.known(first).dane.valid is True


async def test_a_failed_source_is_tried_less_and_less_often():
    clock, source = Clock(), Source()
    values = Refreshed(clock)
    source.fails = True
    waits = []
    for _ in range(6):
        values.get("a", source)
        await values.settled()
        kept = values.get("a", source)
        waits.append(kept.due - clock.now)
        clock.now = kept.due
    assert waits == sorted(waits)
    assert waits[0] < waits[-1] == RETRY_SECONDS
