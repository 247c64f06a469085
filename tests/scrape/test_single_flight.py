"""Work that several wait for: done once, cancelled with its last waiter."""

import asyncio

import pytest

from exporter.scrape.single_flight import SingleFlight


async def test_two_waiters_share_one_piece_of_work():
    started = 0

    async def work():
        nonlocal started
        started += 1
        await asyncio.sleep(0.01)
        return started

    single_flight = SingleFlight()
    assert await asyncio.gather(single_flight.run("a", work), single_flight.run("a", work)) == [1, 1]
    assert single_flight.shared == 1
    assert await single_flight.run("a", work) == 2, "finished work is not shared"
    assert len(single_flight) == 0


async def test_the_last_waiter_takes_the_work_with_it():
    cancelled = asyncio.Event()

    async def work():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    single_flight = SingleFlight()
    first = asyncio.create_task(single_flight.run("a", work))
    second = asyncio.create_task(single_flight.run("a", work))
    await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.sleep(0.01)
    assert not cancelled.is_set(), "somebody still waits"
    second.cancel()
    await asyncio.wait_for(cancelled.wait(), 1)
    assert len(single_flight) == 0


async def test_a_failure_reaches_every_waiter():
    async def work():
        await asyncio.sleep(0)
        raise LookupError("gone")

    single_flight = SingleFlight()
    outcomes = await asyncio.gather(single_flight.run(1, work), single_flight.run(1, work), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [LookupError, LookupError]


async def test_new_work_can_begin_while_abandoned_work_still_ends():
    async def stubborn():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(0.02)
            raise

    async def quick():
        return "new"

    single_flight = SingleFlight()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await single_flight.run("a", stubborn)
    assert await single_flight.run("a", quick) == "new"
    await asyncio.sleep(0.03)
    assert len(single_flight) == 0


async def test_work_with_too_little_time_left_is_not_shared():
    """A waiter with time left does not share a deadline that is too near; each task ends with its own last waiter."""
    single_flight, loop = SingleFlight(), asyncio.get_running_loop()
    now = loop.time()
    urgent = single_flight.acquire("a", lambda: asyncio.sleep(60), until=now + 1)
    patient = single_flight.acquire("a", lambda: asyncio.sleep(60), until=now + 10, at_least=now + 5)
    assert patient is not urgent
    assert single_flight.acquire("a", lambda: asyncio.sleep(60), until=now + 20, at_least=now + 10) is patient
    assert len(single_flight) == 2
    single_flight.release("a", urgent)
    single_flight.release("a", patient)
    await asyncio.sleep(0)
    assert urgent.cancelled()
    assert not patient.done()
    assert single_flight.acquire("a", lambda: asyncio.sleep(60)) is patient, (
        "work that was left does not take the other along"
    )
    single_flight.release("a", patient)
    single_flight.release("a", patient)
    await asyncio.sleep(0)
    assert patient.cancelled()
    assert len(single_flight) == 0
