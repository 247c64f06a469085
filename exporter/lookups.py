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
    it was its turn.
    """

    def __init__(self, name: str, threads: int, lookup: Lookup = socket.getaddrinfo) -> None:
        self._lookup = lookup
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._under_way: dict[tuple[str, int, int], _UnderWay] = {}

    async def look_up(self, host: str, port: int, family: int, *more: int) -> list[AddressInfo]:
        """Return what getaddrinfo returns for TCP, or raise what it raises; NoThreadError when none can be started.

        `more` are getaddrinfo's protocol and flags, the same for all that share lookups.
        """
        key = (host, port, family)
        lookup = self._under_way.get(key)
        if lookup is None:
            try:
                answer = self._threads.submit(self._lookup, host, port, family, socket.SOCK_STREAM, *more)
            except RuntimeError as error:
                raise NoThreadError(str(error)) from None
            lookup = self._under_way[key] = _UnderWay(answer)
            answer.add_done_callback(lambda _: self._under_way.pop(key, None))
        lookup.waiting += 1
        try:
            return await asyncio.shield(asyncio.wrap_future(lookup.answer))
        finally:
            lookup.waiting -= 1
            if not lookup.waiting:
                lookup.answer.cancel()  # which does nothing once it has begun

    def close(self) -> None:
        """Take no more lookups; those under way end on their own."""
        self._threads.shutdown(wait=False, cancel_futures=True)
