"""The longest delay of the event loop: kept for a minute or two, and measured only while there is work."""

import asyncio
import time

from exporter.metrics.lateness import WINDOW_SECONDS, Lateness


def hold_up(seconds):
    """Do what the loop's work must never do."""
    time.sleep(seconds)


def test_the_longest_delay_is_kept_for_one_window_and_forgotten_after_two():
    now = [0.0]
    lateness = Lateness(lambda: now[0])
    lateness.note(0.3)
    lateness.note(0.1)
    assert lateness.longest == 0.3
    now[0] = WINDOW_SECONDS
    lateness.note(0.2)
    assert lateness.longest == 0.3, "the window before still counts"
    now[0] = 2 * WINDOW_SECONDS
    assert lateness.longest == 0.2
    now[0] = 9 * WINDOW_SECONDS
    assert lateness.longest == 0.0


async def test_a_loop_that_is_held_up_is_late():
    lateness = Lateness()
    with lateness.watched():
        await asyncio.sleep(0)
        hold_up(0.1)
        await asyncio.sleep(0.05)
    assert lateness.longest > 0.05


async def test_without_work_nothing_is_measured():
    lateness = Lateness()
    with lateness.watched():
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)
    before = lateness.longest
    hold_up(0.3)
    await asyncio.sleep(0.05)
    assert lateness.longest == before


async def test_blocks_that_follow_each_other_at_once_are_measured_by_one_timer():
    lateness, loop = Lateness(), asyncio.get_running_loop()
    calls, call_at = [], loop.call_at

    def counted(*arguments):
        calls.append(arguments)
        return call_at(*arguments)

    loop.call_at = counted
    for _ in range(5):
        with lateness.watched():
            pass
    loop.call_at = call_at
    assert len(calls) == 1
