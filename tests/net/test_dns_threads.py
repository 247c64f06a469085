"""Names are looked up by as many threads as can be started, and by no thread for nobody."""

import asyncio
import contextlib
import gc
import socket
import subprocess
import sys
import threading
import time

import pytest

from exporter.net.dns_threads import DNSThreadPool, NoThreadError

ANSWER = [(2, 1, 6, "", ("192.0.2.1", 443))]


class Resolver:
    """Answers everything, and counts. `threads` are those it was called on."""

    def __init__(self):
        self.asked, self.threads = [], set()

    def __call__(self, host, *_):
        self.asked.append(host)
        self.threads.add(threading.current_thread())
        time.sleep(0.01)
        return ANSWER


@pytest.fixture
def resolver():
    return Resolver()


@pytest.fixture
def lookups(resolver):
    made = DNSThreadPool("test", 64, resolver)
    yield made
    made.close()


@pytest.fixture
def threads_run_out(monkeypatch):
    """Return a function after which no thread can be started, and one after which they can."""
    start = threading.Thread.start

    def refuse(_):
        raise RuntimeError("can't start new thread")

    return lambda: monkeypatch.setattr(threading.Thread, "start", refuse), lambda: monkeypatch.setattr(
        threading.Thread, "start", start
    )


async def look_up(lookups, *names):
    return await asyncio.gather(*(lookups.look_up(name, 443, 0) for name in names), return_exceptions=True)


async def test_the_threads_that_there_are_do_all_where_no_further_can_be_started(lookups, resolver, threads_run_out):
    await look_up(lookups, "first.example")
    run_out, _ = threads_run_out
    run_out()
    names = [f"{number}.example" for number in range(20)]
    assert await look_up(lookups, *names) == [ANSWER] * len(names)
    assert sorted(resolver.asked) == sorted(["first.example", *names])
    assert len(resolver.threads) == 1


async def test_what_no_thread_took_is_not_made_up_for_when_there_is_one(lookups, resolver, threads_run_out):
    run_out, recover = threads_run_out
    run_out()
    failed = await look_up(lookups, *(f"{number}.example" for number in range(100)))
    assert {type(one) for one in failed} == {NoThreadError}
    recover()
    assert await look_up(lookups, "fresh.example") == [ANSWER]
    assert resolver.asked == ["fresh.example"]


async def test_nobody_waits_for_lookups_that_are_closed(resolver):
    lookups = DNSThreadPool("test", 1, resolver)
    waiting = [asyncio.create_task(lookups.look_up(name, 443, 0)) for name in ("begun.example", "queued.example")]
    await asyncio.sleep(0.005)
    lookups.close()
    _, pending = await asyncio.wait(waiting, timeout=5)
    assert not pending
    assert resolver.asked == ["begun.example"]
    with pytest.raises(NoThreadError):
        await lookups.look_up("late.example", 443, 0)


async def test_a_lookup_that_fails_leaves_nothing_that_only_the_collector_finds():
    def fail(*_):
        raise socket.gaierror(socket.EAI_NONAME, "no name")

    lookups = DNSThreadPool("test", 1, fail)
    await look_up(lookups, "warm.example")
    gc.collect()
    gc.disable()
    try:
        for number in range(20):
            await look_up_and_forget(lookups, f"{number}.example")
        assert gc.collect() == 0
    finally:
        gc.enable()
        lookups.close()


async def look_up_and_forget(lookups, name):
    with contextlib.suppress(socket.gaierror):
        await lookups.look_up(name, 443, 0)


async def test_a_name_is_looked_up_once_for_all_ports(lookups, resolver):
    found = await asyncio.gather(*(lookups.look_up("shared.example", port, 0) for port in (443, 8443)))
    assert [address for ((*_, address),) in found] == [("192.0.2.1", 443), ("192.0.2.1", 8443)]
    assert resolver.asked == ["shared.example"]


async def test_a_thread_that_is_free_does_what_comes_next(lookups, resolver):
    for number in range(20):
        await look_up(lookups, f"{number}.example")
        await until(lambda: lookups._threads._idle == 1)
    assert len(resolver.threads) == 1


async def test_a_thread_that_goes_from_one_to_the_next_is_not_taken_for_a_free_one(lookups, resolver):
    """Else names would wait behind one that hangs, though more threads could be started."""
    hang = threading.Event()
    lookups._lookup = lambda host, *_: hang.wait(10) and ANSWER if host.startswith("hangs") else resolver(host)
    await look_up(lookups, *(f"{number}.example" for number in range(200)))
    hanging = [asyncio.create_task(look_up(lookups, f"hangs-{number}.example")) for number in range(63)]
    assert await asyncio.wait_for(look_up(lookups, "fresh.example"), 5) == [ANSWER]
    hang.set()
    await asyncio.gather(*hanging)


async def until(holds):
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.001)


def test_the_process_does_not_wait_for_a_name_that_hangs():
    """Nor does it say anything about it."""
    program = """
import asyncio, time
from exporter.net.dns_threads import DNSThreadPool

async def main():
    lookups = DNSThreadPool("test", 2, lambda *_: time.sleep(600))
    try:
        await asyncio.wait_for(lookups.look_up("hangs.example", 443, 0), 0.2)
    except TimeoutError:
        lookups.close()

asyncio.run(main())
"""
    ended = subprocess.run([sys.executable, "-c", program], timeout=60, capture_output=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


async def test_an_error_that_comes_when_nobody_waits_any_more_is_not_logged():
    """The scrape is over; `getaddrinfo` fails after it, as with a resolver that takes long to say no."""
    began, may_fail = threading.Event(), threading.Event()

    def failing(*_):
        began.set()
        may_fail.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    pool, loop = DNSThreadPool("test", 1, failing), asyncio.get_running_loop()
    waiting = asyncio.ensure_future(pool.look_up("a.example", 443, 0))
    await loop.run_in_executor(None, began.wait, 30)
    waiting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await waiting
    del waiting
    may_fail.set()
    while not pool._threads._idle:
        await asyncio.sleep(0)
    for _ in range(3):
        await asyncio.sleep(0)
    unnoted = [one for one in gc.get_objects() if isinstance(one, asyncio.Future) and one._log_traceback]
    assert unnoted == [], "asyncio would log it when it is collected, whenever that is"
    pool.close()
