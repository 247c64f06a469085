"""The course of one scrape: its probes begun, waited for, and cut short when the deadline comes.

It begins few probes at a time, so that the event loop has time for the others, and leaves none of them out.
"""

import asyncio
from collections.abc import Sequence
from functools import partial

from exporter.config.model import Config
from exporter.scrape.engine import Engine, finished
from exporter.scrape.report import TargetReport
from exporter.target import Target

TICK_SECONDS = 0.01
FEWEST = 16  # probes under way that keep a core busy, and the event loop for some ten milliseconds in a turn
MORE = 8
LESS = 0.75
CUT_AT_ONCE = 100


class ScrapeScheduler:
    """The probes of one scrape, and their readings in the order of its targets."""

    def __init__(self, engine: Engine, config: Config, targets: Sequence[Target], deadline: float) -> None:
        self._engine = engine
        self._config = config
        self._targets = targets
        self._deadline = deadline
        self._next = 0
        self._at_once = min(FEWEST, config.global_.concurrency)
        self._in_flight: dict[int, asyncio.Task[TargetReport]] = {}
        self._done = asyncio.Event()
        self.reports: list[TargetReport | None] = [None] * len(targets)

    async def run(self) -> None:
        """Probe until all targets have their readings, more at once at each tick that comes in time.

        A tick that comes late says that the loop is busy as it is: more at once would only hold it up for longer.
        """
        loop, most = asyncio.get_running_loop(), self._config.global_.concurrency
        while self._next < len(self._targets):
            self._begin()
            due = loop.time() + TICK_SECONDS
            await asyncio.sleep(TICK_SECONDS)
            if loop.time() - due > TICK_SECONDS:
                self._at_once = max(FEWEST, int(self._at_once * LESS))
            elif len(self._in_flight) >= self._at_once:
                self._at_once += MORE
            self._at_once = min(self._at_once, most)
        if self._in_flight:
            await self._done.wait()

    def _begin(self) -> None:
        """Begin as many probes as there may be at once."""
        while self._next < len(self._targets) and len(self._in_flight) < self._at_once:
            index = self._next
            self._next += 1
            target = self._targets[index]
            task = self._engine.begin(target, self._config.modules[target.module], self._deadline)
            self._in_flight[index] = task
            task.add_done_callback(partial(self._end, index))

    def _end(self, index: int, task: asyncio.Task[TargetReport]) -> None:
        """Keep a reading, and begin the next probe in its place."""
        if self._in_flight.pop(index, None) is None:
            return  # nobody waits for it any more
        target = self._targets[index]
        self._engine.leave(target, self._config.modules[target.module], task)
        self.reports[index] = finished(task) or self._cut(target)
        self._begin()
        if not self._in_flight and self._next == len(self._targets):
            self._done.set()

    async def cut(self) -> None:
        """Report what is not finished as failed by timeout of the phase that it has reached, or of the first."""
        self._next = len(self._targets)
        for index, target in enumerate(self._targets):
            if self.reports[index] is None:
                task = self._in_flight.get(index)
                self.reports[index] = (finished(task) if task else None) or self._cut(target)
            if index % CUT_AT_ONCE == 0:
                await asyncio.sleep(0)

    def _cut(self, target: Target) -> TargetReport:
        return self._engine.cut(target, self._config.modules[target.module])

    def leave(self) -> None:
        """Wait no more for what is under way."""
        in_flight, self._in_flight = self._in_flight, {}
        for index, task in in_flight.items():
            target = self._targets[index]
            self._engine.leave(target, self._config.modules[target.module], task)
