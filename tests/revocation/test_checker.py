"""Revocation beside the scrapes: asked for without waiting, shared, kept until the next update, absent when unknown."""

import asyncio
import contextlib

import pytest
from aiohttp import web

from exporter.certificates.chain_cache import ChainAssessor
from exporter.config.model import Module, RevocationConfig
from exporter.net.http_fetch import fetch
from exporter.revocation import checker
from exporter.revocation.checker import RevocationChecker, due_at
from exporter.revocation.status import Failure
from tests.support import der
from tests.support.pki import DAY, NOW, Extension, ec_key, intermediate, leaf, root
from tests.support.revocation import REVOKED, ocsp_response, revocation_list, serving
from tests.support.trust import store_of

TOP = root()
MIDDLE = intermediate(TOP)
STORE = store_of(TOP)
CONFIG = RevocationConfig(refresh=3600)
LOCAL = "127.0.0.1"
KEY = ec_key()  # of leaves that only need to be many


class Clock:
    def __init__(self):
        self.now = float(NOW)

    def __call__(self):
        return self.now


class World:
    """A responder, a list, and what is known of leaves that name them."""

    def __init__(self, pages):
        self.pages = pages
        self.clock = Clock()
        self.revocations = RevocationChecker(fetch, self.clock)

    def leaf(self, ocsp="/ocsp", crl="/crl", issuer=MIDDLE, **changes):
        extra = []
        if ocsp:
            access = der.sequence(der.oid("1.3.6.1.5.5.7.48.1"), der.element(0x86, (self.pages.url + ocsp).encode()))
            extra.append(Extension("1.3.6.1.5.5.7.1.1", der.sequence(access)))
        if crl:
            name = der.element(0xA0, der.element(0xA0, der.element(0x86, (self.pages.url + crl).encode())))
            extra.append(Extension("2.5.29.31", der.sequence(der.sequence(name))))
        return leaf(issuer, extra=extra, **changes)

    def known(self, one, staple=None, config=CONFIG, address=LOCAL, store=STORE, **module):
        chain = ChainAssessor().assess_chain((one.der, MIDDLE.der), store, NOW)
        asked = Module("m", revocation=config, **module)
        return {a.source: a for a in self.revocations.known(chain, staple, asked, address)}

    async def settled(self, one, **options):
        """Ask, wait for what that starts, and ask again as the next scrape does."""
        self.known(one, **options)
        await self.revocations.settled()
        return self.known(one, **options)

    def asked(self, path):
        return sum(asked == path for _, asked, _ in self.pages.asked)


@pytest.fixture
async def world():
    async with serving() as pages:
        world = World(pages)
        yield world
        world.revocations.close()
        await world.revocations.settled()


async def test_the_first_scrape_waits_for_nothing_and_the_next_one_knows(world):
    one = world.leaf()
    world.pages.answers |= {"/ocsp": ocsp_response(one, MIDDLE), "/crl": revocation_list(MIDDLE)}
    assert world.known(one) == {}
    await world.revocations.settled()
    known = world.known(one)
    assert {source: answer.status for source, answer in known.items()} == {"responder": "good", "crl": "good"}
    assert world.pages.asked[0][0] == "POST"


async def test_both_sources_may_say_revoked(world):
    one = world.leaf()
    world.pages.answers |= {"/ocsp": ocsp_response(one, MIDDLE, REVOKED), "/crl": revocation_list(MIDDLE, one)}
    known = await world.settled(one)
    assert {answer.is_revoked for answer in known.values()} == {True}


async def test_a_staple_is_read_at_once_and_without_asking_anybody(world):
    one = world.leaf()
    known = world.known(one, staple=ocsp_response(one, MIDDLE), config=None)
    assert {source: answer.status for source, answer in known.items()} == {"staple": "good"}
    world.clock.now += 2 * DAY
    later = world.known(one, staple=ocsp_response(one, MIDDLE), config=None)["staple"]
    assert (later.status, later.is_stale) == (None, True)
    assert world.pages.asked == []


async def test_a_kept_staple_grows_old(world):
    one = world.leaf()
    staple = ocsp_response(one, MIDDLE)
    assert world.known(one, staple=staple, config=None)["staple"].status == "good"
    world.clock.now += 2 * DAY
    assert world.known(one, staple=staple, config=None)["staple"].failure is Failure.STALE


@pytest.mark.parametrize(
    ("config", "sources"),
    [
        (None, set()),
        (RevocationConfig(ocsp=False, crl=False), set()),
        (RevocationConfig(crl=False), {"responder"}),
        (RevocationConfig(ocsp=False), {"crl"}),
    ],
)
async def test_only_what_the_module_wants_is_asked(world, config, sources):
    one = world.leaf()
    world.pages.answers |= {"/ocsp": ocsp_response(one, MIDDLE), "/crl": revocation_list(MIDDLE)}
    assert set(await world.settled(one, config=config)) == sources


async def test_a_certificate_without_addresses_is_unknown(world):
    assert await world.settled(world.leaf(ocsp=None, crl=None)) == {}
    assert world.pages.asked == []


async def test_nothing_is_asked_for_a_chain_that_is_not_trusted(world):
    """Its addresses could be anybody's."""
    one = world.leaf()
    assert await world.settled(one, store=store_of(root("CN=Other"))) == {}
    assert world.pages.asked == []


@pytest.mark.parametrize("address", ["192.0.2.1", None])
async def test_a_far_endpoint_cannot_make_us_ask_this_machine(world, address):
    known = await world.settled(world.leaf(), address=address)
    assert {answer.failure for answer in known.values()} == {Failure.FORBIDDEN_ADDRESS}
    assert world.pages.asked == []


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (None, Failure.HTTP_STATUS),
        (b"<html>", Failure.UNREADABLE),
        (lambda _: web.Response(body=b"x" * 70_000), Failure.TOO_LARGE),
    ],
)
async def test_a_responder_that_fails_leaves_the_status_absent(world, answer, failure):
    if answer is not None:
        world.pages.answers["/ocsp"] = answer
    known = await world.settled(world.leaf(crl=None))
    assert (known["responder"].status, known["responder"].is_revoked) == (None, None)
    assert known["responder"].failure is failure


async def test_a_responder_that_is_down_leaves_the_status_absent(world):
    one = world.leaf(crl=None)
    world.pages.url = "http://127.0.0.1:1"
    down = world.leaf(crl=None)
    assert (await world.settled(down))["responder"].failure is Failure.UNREACHABLE
    assert world.known(one) == {}


async def test_an_answer_is_kept_for_the_refresh_interval(world):
    one = world.leaf()
    world.pages.answers |= {"/ocsp": ocsp_response(one, MIDDLE), "/crl": revocation_list(MIDDLE)}
    await world.settled(one)
    for seconds in (600, 1200, 1799):
        world.clock.now = NOW + seconds
        await world.settled(one)
    assert (world.asked("/ocsp"), world.asked("/crl")) == (1, 1)
    world.clock.now = NOW + 3601
    world.pages.answers["/ocsp"] = ocsp_response(one, MIDDLE, REVOKED)
    assert world.known(one)["responder"].status == "good"
    await world.revocations.settled()
    assert world.known(one)["responder"].status == "revoked"
    assert (world.asked("/ocsp"), world.asked("/crl")) == (2, 2)


async def test_an_answer_that_holds_survives_a_failure_until_its_next_update(world):
    one = world.leaf(crl=None)
    world.pages.answers["/ocsp"] = ocsp_response(one, MIDDLE)
    await world.settled(one)
    del world.pages.answers["/ocsp"]
    world.clock.now = NOW + 7200
    assert (await world.settled(one))["responder"].status == "good"
    world.clock.now = NOW + DAY + 1
    later = world.known(one)["responder"]
    assert (later.status, later.failure) == (None, Failure.STALE)
    await world.revocations.settled()
    assert world.known(one)["responder"].failure is Failure.HTTP_STATUS


async def test_what_a_clock_that_was_ahead_made_out_of_date_is_asked_again(world):
    """Ten days ahead no answer holds; once the clock is right again nobody waits ten days for another one."""
    one, stapled = world.leaf(), world.leaf(ocsp=None, crl=None)
    staple = ocsp_response(stapled, MIDDLE)
    world.pages.answers |= {"/ocsp": ocsp_response(one, MIDDLE), "/crl": revocation_list(MIDDLE)}
    world.clock.now = NOW + 10 * DAY
    known = await world.settled(one) | world.known(stapled, staple=staple)
    assert [answer.failure for answer in known.values()] == [Failure.STALE] * 3
    world.clock.now = NOW
    known = await world.settled(one) | world.known(stapled, staple=staple)
    assert {source: answer.status for source, answer in known.items()} == dict.fromkeys(known, "good")
    assert (world.asked("/ocsp"), world.asked("/crl")) == (2, 2)


async def test_a_clock_that_is_set_right_by_a_little_makes_nobody_ask(world):
    one = world.leaf()
    world.pages.answers |= {"/ocsp": ocsp_response(one, MIDDLE), "/crl": revocation_list(MIDDLE)}
    await world.settled(one)
    world.clock.now = NOW - 200
    await world.settled(one)
    assert (world.asked("/ocsp"), world.asked("/crl")) == (1, 1)


async def test_targets_share_what_is_asked(world):
    one = world.leaf()
    world.pages.answers |= {"/ocsp": ocsp_response(one, MIDDLE), "/crl": revocation_list(MIDDLE)}
    for _ in range(50):
        world.known(one)
    await world.revocations.settled()
    assert (world.asked("/ocsp"), world.asked("/crl")) == (1, 1)


async def test_certificates_share_a_list(world):
    leaves = [world.leaf(ocsp=None) for _ in range(20)]
    world.pages.answers["/crl"] = revocation_list(MIDDLE, *leaves[:10])
    for one in leaves:
        world.known(one)
    await world.revocations.settled()
    assert [world.known(one)["crl"].is_revoked for one in leaves] == [True] * 10 + [False] * 10
    assert world.asked("/crl") == 1


async def test_at_most_so_many_are_asked_at_once(world, monkeypatch):
    """The others wait; and beyond a limit they are left to a later scrape."""
    in_flight = most = 0

    async def slow(_):
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)
        await asyncio.sleep(0.02)
        in_flight -= 1
        return web.Response(status=500)

    monkeypatch.setattr(checker, "MAX_WAITING", 40)
    world.pages.answers["/ocsp"] = slow
    leaves = [world.leaf(crl=None) for _ in range(60)]
    for one in leaves:
        world.known(one)
    await world.revocations.settled()
    assert most <= checker.HOST_CONCURRENCY
    assert world.asked("/ocsp") == 40
    assert sum(bool(world.known(one)) for one in leaves) == 40


@pytest.mark.parametrize("source", ["ocsp", "crl"])
async def test_a_host_that_hangs_holds_up_nobody_but_itself(world, source, monkeypatch):
    """More ask it than may be asked at once, and more than may wait for one host."""
    released = asyncio.Event()
    hanging = 0

    async def hangs(_):
        nonlocal hanging
        hanging += 1
        await released.wait()
        raise web.HTTPInternalServerError

    monkeypatch.setattr(checker, "MAX_WAITING_FOR_A_HOST", 50)
    other = "crl" if source == "ocsp" else "ocsp"
    world.pages.answers |= {f"/{number}": hangs for number in range(70)}
    for number in range(70):
        world.known(world.leaf(**{source: f"/{number}", other: None}, key=KEY))
    assert len(world.revocations._in_flight) == 50
    world.pages.url = world.pages.url.replace("127.0.0.1", "localhost")
    one = world.leaf(**{other: None})
    world.pages.answers |= {"/ocsp": ocsp_response(one, MIDDLE), "/crl": revocation_list(MIDDLE)}
    async with asyncio.timeout(5):
        while not (known := world.known(one)):
            await asyncio.sleep(0.01)
    assert [answer.status for answer in known.values()] == ["good"]
    assert hanging == checker.HOST_CONCURRENCY
    released.set()
    world.revocations.close()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.wait_for(world.revocations.settled(), 5)
    assert not world.revocations._hosts


async def test_certificates_that_wait_for_a_list_take_no_turns(world):
    """A hundred wait for one list of a host that hangs: another host's list comes all the same."""

    async def hangs(_):
        await asyncio.sleep(60)

    world.pages.answers["/crl"] = hangs
    for _ in range(100):
        world.known(world.leaf(ocsp=None, key=KEY))
    one = world.leaf(ocsp=None, crl="/other")
    world.pages.answers["/other"] = revocation_list(MIDDLE)
    async with asyncio.timeout(5):
        while not (known := world.known(one)):
            await asyncio.sleep(0.01)
    assert known["crl"].status == "good"


async def test_what_is_kept_is_bounded(world, monkeypatch):
    monkeypatch.setattr(checker, "MAX_ANSWERS", 5)
    monkeypatch.setattr(checker, "MAX_LIST_BYTES", 2000)
    world.revocations = RevocationChecker(fetch, world.clock)
    for number in range(12):
        one = world.leaf(ocsp=None, crl=f"/{number}")
        world.pages.answers[f"/{number}"] = revocation_list(MIDDLE, one)
        await world.settled(one, staple=ocsp_response(one, MIDDLE))
    assert len(world.revocations) <= 10
    assert len(world.revocations._lists) == 1


async def test_closing_cancels_what_is_in_flight(world):
    async def never(_):
        await asyncio.sleep(60)

    world.pages.answers |= {"/ocsp": never, "/crl": never}
    world.known(world.leaf())
    await asyncio.sleep(0.05)
    world.revocations.close()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.wait_for(world.revocations.settled(), 5)
    assert not world.revocations._in_flight


@pytest.mark.parametrize(
    ("next_update", "usable", "refresh", "due"),
    [
        (None, True, 3600, 3600),
        (10_000, True, 3600, 3600),
        (1_000, True, 3600, 1_000),
        (10, True, 3600, 60),
        (-500, True, 3600, 60),
        (10, True, 5, 5),
        (10_000, False, 3600, 300),
        (None, False, 5, 5),
    ],
)
def test_when_to_ask_again(next_update, usable, refresh, due):
    assert due_at(None if next_update is None else NOW + next_update, usable, refresh, NOW) == NOW + due


async def test_a_list_that_changes_is_seen_after_the_refresh(world):
    one = world.leaf(ocsp=None)
    world.pages.answers["/crl"] = revocation_list(MIDDLE)
    assert (await world.settled(one))["crl"].status == "good"
    world.pages.answers["/crl"] = revocation_list(MIDDLE, one)
    world.clock.now += 4000
    assert (await world.settled(one))["crl"].status == "revoked"
