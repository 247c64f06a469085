"""Whose turn it is to probe: so many at once, and few while memory is short.

To wait for a turn is no part of a probe. Nothing here waits longer than its caller.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable

RESERVE_BYTES = 16 * 1024 * 1024  # what probes begun at once, and the answer to a scrape, may take
CHECK_SECONDS = 0.05
LIMIT_UNDER_PRESSURE = 4  # at once: one silent peer must not hold up everybody else


class MemoryPressure:
    """Whether memory is short, looked at from time to time. `left` gives bytes, `clock` monotonic seconds.

    `tell` is called when it has become so.
    """

    def __init__(
        self, left: Callable[[], float], tell: Callable[[], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._left = left
        self._tell = tell
        self._clock = clock
        self._look_again = 0.0
        self._under_pressure = False

    def __call__(self) -> bool:
        """Tell whether memory is short."""
        now = self._clock()
        if now >= self._look_again:
            self._look_again = now + CHECK_SECONDS
            before = self._under_pressure
            try:
                self._under_pressure = self._left() < RESERVE_BYTES
                if self._under_pressure and not before:
                    self._tell()
            except MemoryError:
                self._under_pressure = True
        return self._under_pressure


class Limiter:
    """At most `limit` turns at once, WHILE_SHORT while `is_short`; whoever waits gets one in order of arrival.

    No turn that comes back tells that memory is short no more: as long as somebody waits for that, it is looked for.
    """

    def __init__(self, limit: int, under_pressure: Callable[[], bool] = lambda: False) -> None:
        self._limit = limit
        self._under_pressure = under_pressure
        self._taken = 0
        self._queue: deque[asyncio.Future[None]] = deque()
        self._look: asyncio.TimerHandle | None = None

    def take(self) -> bool:
        """Take a turn if there is one and nobody waits for it."""
        if self._queue or not self._is_free():
            return False
        self._taken += 1
        return True

    def _is_free(self) -> bool:
        return self._taken < self._limit and (self._taken < LIMIT_UNDER_PRESSURE or not self._under_pressure())

    async def acquire(self) -> None:
        """Take a turn; a cancelled wait takes none."""
        if self.take():
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(waiter)
        try:
            self._wake_waiters()
            await waiter
        except (asyncio.CancelledError, MemoryError):
            if not waiter.cancel() and not waiter.cancelled():
                self.release()  # the turn was handed over in the same moment: pass it on
            raise

    def release(self) -> None:
        """Give a turn back, and let those who wait have what there is."""
        self._taken -= 1
        self._wake_waiters()

    def _wake_waiters(self) -> None:
        while self._queue and (self._queue[0].done() or self._is_free()):
            waiter = self._queue.popleft()
            if not waiter.done():
                self._taken += 1
                waiter.set_result(None)
        if self._queue and self._taken < self._limit and self._look is None:
            self._look = self._queue[0].get_loop().call_later(CHECK_SECONDS, self._look_again)

    def _look_again(self) -> None:
        self._look = None
        self._wake_waiters()

    def __len__(self) -> int:
        return self._taken
