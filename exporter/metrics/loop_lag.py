"""How late the event loop is, measured by how late a timer fires.

It is measured at all times, because not only scrapes block the loop: refreshes run between them. Between scrapes the
timer is slow, so that an idle exporter stays idle; a delay is then underestimated by up to the timer's interval.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

TICK_SECONDS = 0.02
IDLE_TICK_SECONDS = 0.1
WINDOW_SECONDS = 60.0


class LoopLag:
    """The longest delay of the last window, one or two minutes long. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._before = self._current = 0.0
        self._watching = 0
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    @property
    def longest(self) -> float:
        """The longest delay lately, in seconds."""
        self._move_on()
        return max(self._before, self._current)

    def note(self, seconds: float) -> None:
        """Take a delay in."""
        self._move_on()
        self._current = max(self._current, seconds)

    def _move_on(self) -> None:
        elapsed = self._clock() - self._began
        if elapsed >= WINDOW_SECONDS:
            self._before = self._current if elapsed < 2 * WINDOW_SECONDS else 0.0
            self._current = 0.0
            self._began += elapsed

    def start(self) -> None:
        """Measure from now on, until the running loop ends."""
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            if self._due - loop.time() <= TICK_SECONDS:
                return
            self._timer.cancel()
        self._wait(loop)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Measure closely while the block runs; any number of blocks share one timer."""
        self._watching += 1
        self.start()
        try:
            yield
        finally:
            self._watching -= 1

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = loop.time() + (TICK_SECONDS if self._watching else IDLE_TICK_SECONDS)
        self._timer = loop.call_at(self._due, self._tick, loop)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        self.note(loop.time() - self._due)
        self._wait(loop)
