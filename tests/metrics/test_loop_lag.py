"""The longest delay of the event loop: kept for a minute or two, and measured only while there is work."""

import asyncio
import time

from exporter.metrics.loop_lag import WINDOW_SECONDS, LoopLag


def hold_up(seconds):
    """Do what the loop's work must never do."""
    time.sleep(seconds)


def test_the_longest_delay_is_kept_for_one_window_and_forgotten_after_two():
    now = [0.0]
    loop_lag = LoopLag(lambda: now[0])
    loop_lag.note(0.3)
    loop_lag.note(0.1)
    assert loop_lag.longest == 0.3
    now[0] = WINDOW_SECONDS
    loop_lag.note(0.2)
    assert loop_lag.longest == 0.3, "the window before still counts"
    now[0] = 2 * WINDOW_SECONDS
    assert loop_lag.longest == 0.2
    now[0] = 9 * WINDOW_SECONDS
    assert loop_lag.longest == 0.0


async def test_a_loop_that_is_held_up_is_late():
    loop_lag = LoopLag()
    with loop_lag.watched():
        await asyncio.sleep(0)
        hold_up(0.1)
        await asyncio.sleep(0.05)
    assert loop_lag.longest > 0.05


async def test_without_work_a_delay_is_seen_as_well():
    """What holds the loop up between scrapes, as reading a revocation list, is nobody's scrape."""
    loop_lag = LoopLag()
    loop_lag.start()
    await asyncio.sleep(0)
    hold_up(0.3)
    while not loop_lag.longest:
        await asyncio.sleep(0)
    assert loop_lag.longest > 0.1


async def test_blocks_that_follow_each_other_at_once_are_measured_by_one_timer():
    loop_lag, loop = LoopLag(), asyncio.get_running_loop()
    calls, call_at = [], loop.call_at

    def counted(*arguments):
        calls.append(arguments)
        return call_at(*arguments)

    loop.call_at = counted
    for _ in range(5):
        with loop_lag.watched():
            pass
    loop.call_at = call_at
    assert len(calls) == 1
