"""How late the event loop is, measured while there is work: a timer that comes late was held up that long.

Without work there is no timer, so that an idle exporter stays idle.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

TICK_SECONDS = 0.02
WINDOW_SECONDS = 60.0


class LoopLag:
    """The longest delay of the last window, one or two minutes long. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._before = self._current = 0.0
        self._watching = 0
        self._timed = False
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

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Measure while the block runs; any number of blocks share one timer."""
        self._watching += 1
        if not self._timed:
            self._wait(asyncio.get_running_loop())
        try:
            yield
        finally:
            self._watching -= 1

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timed = True
        self._due = loop.time() + TICK_SECONDS
        loop.call_at(self._due, self._tick, loop)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        self.note(loop.time() - self._due)
        self._timed = False
        if self._watching:
            self._wait(loop)
