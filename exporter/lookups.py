"""Names looked up on threads of their own, so that a hung resolver holds up nobody who works on other threads.

It answers what getaddrinfo answers and caches nothing: that is the resolver's business.
"""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

AddressInfo = tuple[Any, ...]
Lookup = Callable[..., list[AddressInfo]]


class NoThreadError(Exception):
    """No thread can be started; the message says why."""


@dataclass(slots=True)
class _UnderWay:
    answer: Future[list[AddressInfo]]
    waiting: int = 0


class Lookups:
    """Looks names up. `lookup` has getaddrinfo's shape, so that tests need no DNS.

    A name that is being looked up is shared, so that it takes one thread, and none if everybody has given up before
    it was its turn. Where no further thread can be started, those that there are do all.
    """

    def __init__(self, name: str, threads: int, lookup: Lookup = socket.getaddrinfo) -> None:
        self._lookup = lookup
        self._most, self._name = threads, name
        self._threads = self._new_threads()
        self._is_staffed = False  # by a thread, which stays
        self._is_closed = False
        self._under_way: dict[tuple[str, int, int], _UnderWay] = {}

    async def look_up(self, host: str, port: int, family: int, *more: int) -> list[AddressInfo]:
        """Return what getaddrinfo returns for TCP, or raise what it raises; NoThreadError when none can be started.

        `more` are getaddrinfo's protocol and flags, the same for all that share lookups.
        """
        lookup = self._under_way.get((host, port, family)) or self._begin(host, port, family, more)
        lookup.waiting += 1
        try:
            return await asyncio.shield(asyncio.wrap_future(lookup.answer))
        finally:
            lookup.waiting -= 1
            if not lookup.waiting:
                lookup.answer.cancel()  # which does nothing once it has begun
            del lookup  # an error's traceback would keep it, and it keeps the error

    def _begin(self, host: str, port: int, family: int, more: tuple[int, ...]) -> _UnderWay:
        """Let a thread have a question. Its answer is a future of ours: an executor queues what it then refuses."""
        answer: Future[list[AddressInfo]] = Future()
        try:
            self._threads.submit(_answer, answer, self._lookup, (host, port, family, socket.SOCK_STREAM, *more))
        except RuntimeError as error:
            if self._is_closed or not self._is_staffed:
                if not self._is_closed:
                    self._threads = self._new_threads()  # without what is queued for nobody
                raise NoThreadError(str(error)) from None
        self._is_staffed = True
        key = (host, port, family)
        lookup = self._under_way[key] = _UnderWay(answer)
        answer.add_done_callback(lambda _: self._under_way.pop(key, None))
        return lookup

    def _new_threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._most, thread_name_prefix=self._name)

    def close(self) -> None:
        """Take no more lookups; those under way end on their own."""
        self._is_closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        for lookup in tuple(self._under_way.values()):
            lookup.answer.cancel()


def _answer(answer: Future[list[AddressInfo]], lookup: Lookup, question: tuple[Any, ...]) -> None:
    if not answer.set_running_or_notify_cancel():
        return  # nobody waits any more
    try:
        answer.set_result(lookup(*question))
    except BaseException as error:  # noqa: BLE001 - for whoever waits
        answer.set_exception(error.with_traceback(None))  # which would keep the answer, which keeps the error
