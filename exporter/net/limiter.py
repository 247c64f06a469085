"""How many probes run at once: globally, for each address, and fewer under memory pressure.

Waiting for a limiter is not part of a probe's duration. Nothing here waits longer than its caller: a waiter is
cancelled or timed out from outside.
"""

import asyncio
from collections import deque
from collections.abc import Callable

CHECK_SECONDS = 0.05
LIMIT_UNDER_PRESSURE = 4  # one silent peer must not block all others


class Limiter:
    """At most `limit` holders at once, LIMIT_UNDER_PRESSURE while `under_pressure()`; waiters are served in order.

    Nothing announces the end of memory pressure, so it is checked every CHECK_SECONDS while there are waiters.
    """

    def __init__(self, limit: int, under_pressure: Callable[[], bool] = lambda: False) -> None:
        self._limit = limit
        self._under_pressure = under_pressure
        self._taken = 0
        self._queue: deque[asyncio.Future[None]] = deque()
        self._check: asyncio.TimerHandle | None = None

    def try_acquire(self) -> bool:
        """Acquire without waiting: True if there was room and no waiter."""
        if self._queue or not self._is_free():
            return False
        self._taken += 1
        return True

    def _is_free(self) -> bool:
        return self._taken < self._limit and (self._taken < LIMIT_UNDER_PRESSURE or not self._under_pressure())

    async def acquire(self) -> None:
        """Acquire; a cancelled wait holds nothing."""
        if self.try_acquire():
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(waiter)
        try:
            self._wake_waiters()
            await waiter
        except (asyncio.CancelledError, MemoryError):
            if not waiter.cancel() and not waiter.cancelled():
                self.release()  # it was acquired in the same moment: pass it on
            raise

    def release(self) -> None:
        """Release, and wake as many waiters as there is room for."""
        self._taken -= 1
        self._wake_waiters()

    def _wake_waiters(self) -> None:
        while self._queue and (self._queue[0].done() or self._is_free()):
            waiter = self._queue.popleft()
            if not waiter.done():
                self._taken += 1
                waiter.set_result(None)
        if self._queue and self._taken < self._limit and self._check is None:
            self._check = self._queue[0].get_loop().call_later(CHECK_SECONDS, self._check_again)

    def _check_again(self) -> None:
        self._check = None
        self._wake_waiters()

    def __len__(self) -> int:
        return self._taken


class KeyedLimiter:
    """At most `limit` holders for each key; a key is forgotten with its last holder."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._limiters: dict[object, Limiter] = {}

    def try_acquire(self, key: object) -> bool:
        """Acquire without waiting: True if there was room."""
        return self._of(key).try_acquire()

    async def acquire(self, key: object) -> None:
        """Acquire; a cancelled wait holds nothing."""
        try:
            await self._of(key).acquire()
        finally:
            self._forget(key)

    def release(self, key: object) -> None:
        """Release, to the next waiter if there is one."""
        self._limiters[key].release()
        self._forget(key)

    def _of(self, key: object) -> Limiter:
        limiter = self._limiters.get(key)
        if limiter is None:
            limiter = self._limiters[key] = Limiter(self.limit)
        return limiter

    def _forget(self, key: object) -> None:
        if key in self._limiters and not self._limiters[key]:
            del self._limiters[key]

    def __len__(self) -> int:
        return len(self._limiters)
