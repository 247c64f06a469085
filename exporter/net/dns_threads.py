"""A thread pool for name lookups, so that a resolver that hangs does not block the work of other threads.

It returns what getaddrinfo returns and caches nothing: that is the system resolver's job.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Any, TypeVar

AddressInfo = tuple[Any, ...]
Lookup = Callable[..., list[AddressInfo]]
Work = Callable[[], None]
_NO_PORT = 0
_Value = TypeVar("_Value")


class NoThreadError(Exception):
    """No thread can be started; the message says why."""


@dataclass(slots=True)
class _InFlight:
    answer: Future[list[AddressInfo]]
    waiting: int = 0


class DNSThreadPool:
    """Looks names up. `lookup` has getaddrinfo's shape, so that tests need no DNS.

    Concurrent lookups of one name share one thread, whatever the port. A lookup that every waiter has given up before
    it started is not made.
    """

    def __init__(self, name: str, threads: int, lookup: Lookup = socket.getaddrinfo) -> None:
        self._lookup = lookup
        self._threads = _Threads(name, threads)
        self._in_flight: dict[tuple[str, int], _InFlight] = {}

    async def look_up(self, host: str, port: int, family: int, *more: int) -> list[AddressInfo]:
        """Return what getaddrinfo returns for TCP, or raise what it raises; NoThreadError when none can be started.

        `more` are getaddrinfo's protocol and flags, the same for all that share lookups.
        """
        lookup = self._in_flight.get((host, family)) or self._begin(host, family, more)
        lookup.waiting += 1
        try:
            found = await asyncio.shield(_noted(asyncio.wrap_future(lookup.answer)))
            return [(*kind, (address[0], port, *address[2:])) for *kind, address in found]
        finally:
            lookup.waiting -= 1
            if not lookup.waiting:
                lookup.answer.cancel()  # which does nothing once it has begun
            del lookup  # an error's traceback would keep it, and it keeps the error

    def _begin(self, host: str, family: int, more: tuple[int, ...]) -> _InFlight:
        answer: Future[list[AddressInfo]] = Future()
        question = (host, _NO_PORT, family, socket.SOCK_STREAM, *more)
        self._threads.give(lambda: _answer(answer, self._lookup, question))
        lookup = self._in_flight[host, family] = _InFlight(answer)
        answer.add_done_callback(lambda _: self._in_flight.pop((host, family), None))
        return lookup

    @property
    def are_busy(self) -> bool:
        """Whether every thread is looking up a name, and none more can be started."""
        return self._threads.are_busy

    def close(self) -> None:
        """Take no more lookups; those in flight end on their own."""
        self._threads.close()
        for lookup in tuple(self._in_flight.values()):
            lookup.answer.cancel()


def _noted(answer: asyncio.Future[_Value]) -> asyncio.Future[_Value]:
    """Return an answer whose error is retrieved even when it comes after every waiter has given up.

    `shield` stops listening when its waiter is cancelled, and asyncio would log the error as never retrieved.
    """
    answer.add_done_callback(lambda late: late.cancelled() or late.exception())
    return answer


def _answer(answer: Future[list[AddressInfo]], lookup: Lookup, question: tuple[Any, ...]) -> None:
    if not answer.set_running_or_notify_cancel():
        return  # nobody waits any more
    try:
        answer.set_result(lookup(*question))
    except BaseException as error:  # noqa: BLE001 - raised in the waiter
        answer.set_exception(error.with_traceback(None))  # which would keep the answer, which keeps the error


class _Threads:
    """At most `most` threads, started as they are needed. The process does not wait for them when it exits.

    `ThreadPoolExecutor` would wait: with a resolver that hangs, longer than systemd or Kubernetes gives a process to
    stop. It also leaves work in its queue when a thread cannot be started, after the caller got an exception.
    """

    def __init__(self, name: str, most: int) -> None:
        self._name, self._most = name, most
        self._changed = Condition()
        self._queue: deque[Work] = deque()
        self._started = self._idle = 0
        self._is_closed = False

    @property
    def are_busy(self) -> bool:
        """Whether none is idle, and none more may be started."""
        with self._changed:
            return not self._idle and (self._started == self._most or bool(self._queue))

    def give(self, work: Work) -> None:
        """Run work on a thread, now or queued. Raises NoThreadError if there is no thread and none can be started."""
        with self._changed:
            if self._is_closed:
                raise NoThreadError("no lookups are made any more")
            if len(self._queue) < self._idle or self._started == self._most or not self._start(work):
                self._queue.append(work)
                self._changed.notify()

    def _start(self, work: Work) -> bool:
        """Start one more with its first work; where that cannot be, those that there are do all."""
        thread = Thread(target=self._run, args=(work,), name=f"{self._name}-{self._started}", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            if not self._started:
                raise NoThreadError(str(error)) from None
            return False
        self._started += 1
        return True

    def _run(self, work: Work) -> None:
        while True:
            with suppress(Exception):  # such as MemoryError; the waiter has a deadline
                work()
            del work  # and what it holds, while the thread waits
            with self._changed:
                while not self._queue:
                    if self._is_closed:
                        return
                    self._idle += 1
                    self._changed.wait()
                    self._idle -= 1
                work = self._queue.popleft()

    def close(self) -> None:
        """Let each thread end when nothing is left to do."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
