"""Waiters acquire in order, few at a time under memory pressure, and no acquisition is lost."""

import asyncio

from exporter.net.limiter import CHECK_SECONDS, LIMIT_UNDER_PRESSURE, Limiter
from exporter.scrape.memory_pressure import RESERVE_BYTES, MemoryPressure


async def waiting(turns, count):
    """Let so many wait for a turn; return their tasks."""
    tasks = [asyncio.create_task(turns.acquire()) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


def ended(tasks):
    return [task.done() for task in tasks]


async def test_a_turn_is_free_until_the_limit():
    turns = Limiter(2)
    assert [turns.try_acquire(), turns.try_acquire(), turns.try_acquire()] == [True, True, False]
    turns.release()
    assert turns.try_acquire()
    assert len(turns) == 2


async def test_waiters_acquire_in_order():
    turns = Limiter(1)
    await turns.acquire()
    tasks = await waiting(turns, 2)
    assert ended(tasks) == [False, False]
    turns.release()
    await asyncio.sleep(0)
    assert ended(tasks) == [True, False]
    turns.release()
    await asyncio.gather(*tasks)
    turns.release()
    assert len(turns) == 0


async def test_a_later_waiter_does_not_overtake():
    turns = Limiter(1)
    await turns.acquire()
    first, second = await waiting(turns, 2)
    turns.release()
    await asyncio.gather(first)
    assert not turns.try_acquire()
    turns.release()
    await second


async def test_a_wait_that_is_given_up_takes_no_turn():
    turns = Limiter(1)
    await turns.acquire()
    given_up, handed_over, last = await waiting(turns, 3)
    given_up.cancel()
    await asyncio.sleep(0)
    turns.release()
    handed_over.cancel()  # in the same moment as it is given its turn
    await asyncio.wait_for(last, 1)
    assert len(turns) == 1
    turns.release()
    assert len(turns) == 0


async def test_few_at_once_under_memory_pressure_and_all_again_afterwards():
    short = True
    turns = Limiter(100, lambda: short)
    tasks = await waiting(turns, 50)
    assert sum(ended(tasks)) == LIMIT_UNDER_PRESSURE
    for expected in range(LIMIT_UNDER_PRESSURE + 1, LIMIT_UNDER_PRESSURE + 4):
        turns.release()
        await asyncio.sleep(0)
        assert sum(ended(tasks)) == expected
    short = False
    turns.release()
    await asyncio.gather(*tasks)


async def test_waiters_wait_no_longer_than_the_memory_pressure_lasts():
    """Those who have the few turns may be silent until their deadlines."""
    short = True
    turns = Limiter(LIMIT_UNDER_PRESSURE + 3, lambda: short)
    tasks = await waiting(turns, LIMIT_UNDER_PRESSURE + 5)
    short = False
    await asyncio.wait_for(asyncio.gather(*tasks[: LIMIT_UNDER_PRESSURE + 3]), 20 * CHECK_SECONDS)
    assert ended(tasks[-2:]) == [False, False]
    for _ in tasks:
        turns.release()
    await asyncio.gather(*tasks)
    assert len(turns) == 0


def test_a_shortage_is_looked_for_from_time_to_time_and_reported_when_it_begins():
    now, left, reported = 0.0, RESERVE_BYTES, []
    memory_pressure = MemoryPressure(lambda: left, lambda: reported.append(now), lambda: now)
    assert not memory_pressure()
    left -= 1
    assert not memory_pressure(), "not looked at again yet"
    now = CHECK_SECONDS
    assert memory_pressure()
    now = 2 * CHECK_SECONDS
    assert memory_pressure()
    assert reported == [CHECK_SECONDS]
    left, now = RESERVE_BYTES, 3 * CHECK_SECONDS
    assert not memory_pressure()
    left, now = 0, 4 * CHECK_SECONDS
    assert memory_pressure()
    assert reported == [CHECK_SECONDS, 4 * CHECK_SECONDS]


async def test_where_no_memory_is_left_to_look_for_it_it_is_short_and_no_turn_is_lost():
    def fail():
        raise MemoryError

    for memory_pressure in (MemoryPressure(fail, lambda: None), MemoryPressure(lambda: 0, fail)):
        turns = Limiter(100, memory_pressure)
        tasks = await waiting(turns, LIMIT_UNDER_PRESSURE + 1)
        assert sum(ended(tasks)) == LIMIT_UNDER_PRESSURE
        turns.release()
        await asyncio.wait_for(asyncio.gather(*tasks), 1)
