"""Schedules the probes of one scrape: starts them, collects their reports, and times out the rest at the deadline.

It starts few probes at once, so that the event loop stays free for other requests, and leaves out none.
"""

import asyncio
from collections.abc import Sequence
from functools import partial

from exporter.config.model import Config
from exporter.scrape.engine import Engine, finished
from exporter.scrape.report import TargetReport
from exporter.target import Target

TICK_SECONDS = 0.01
MIN_IN_FLIGHT = 16  # keeps a core busy, and the event loop for some ten milliseconds at a time
INCREASE = 8
DECREASE = 0.75
TIMED_OUT_AT_ONCE = 100  # reports made before the event loop gets control again


class ScrapeScheduler:
    """The probes of one scrape, and their reports in the order of its targets."""

    def __init__(self, engine: Engine, config: Config, targets: Sequence[Target], deadline: float) -> None:
        self._engine = engine
        self._config = config
        self._targets = targets
        self._deadline = deadline
        self._next = 0
        self._limit = min(MIN_IN_FLIGHT, config.global_.concurrency)
        self._in_flight: dict[int, asyncio.Task[TargetReport]] = {}
        self._done = asyncio.Event()
        self.reports: list[TargetReport | None] = [None] * len(targets)

    async def run(self) -> None:
        """Probe until all targets have their reports, with a higher limit after each tick that is on time.

        A tick that is late shows that the event loop is saturated: more probes at once would only block it longer.
        """
        loop, most = asyncio.get_running_loop(), self._config.global_.concurrency
        while self._next < len(self._targets):
            self._start()
            due = loop.time() + TICK_SECONDS
            await asyncio.sleep(TICK_SECONDS)
            if loop.time() - due > TICK_SECONDS:
                self._limit = max(MIN_IN_FLIGHT, int(self._limit * DECREASE))
            elif len(self._in_flight) >= self._limit:
                self._limit += INCREASE
            self._limit = min(self._limit, most)
        if self._in_flight:
            await self._done.wait()

    def _start(self) -> None:
        """Start as many probes as the limit allows."""
        while self._next < len(self._targets) and len(self._in_flight) < self._limit:
            index = self._next
            self._next += 1
            target = self._targets[index]
            task = self._engine.acquire(target, self._config.modules[target.module], self._deadline)
            self._in_flight[index] = task
            task.add_done_callback(partial(self._finish, index))

    def _finish(self, index: int, task: asyncio.Task[TargetReport]) -> None:
        """Keep a report, and start the next probe."""
        if self._in_flight.pop(index, None) is None:
            return  # released already
        target = self._targets[index]
        self._engine.release(target, self._config.modules[target.module], task)
        self.reports[index] = finished(task) or self._timed_out(target)
        self._start()
        if not self._in_flight and self._next == len(self._targets):
            self._done.set()

    async def time_out(self) -> None:
        """Report what is not finished as failed by timeout of the phase that it has reached, or of the first."""
        self._next = len(self._targets)
        for index, target in enumerate(self._targets):
            if self.reports[index] is None:
                task = self._in_flight.get(index)
                self.reports[index] = (finished(task) if task else None) or self._timed_out(target)
            if index % TIMED_OUT_AT_ONCE == 0:
                await asyncio.sleep(0)

    def _timed_out(self, target: Target) -> TargetReport:
        return self._engine.timed_out(target, self._config.modules[target.module])

    def release(self) -> None:
        """Stop waiting for what is in flight."""
        in_flight, self._in_flight = self._in_flight, {}
        for index, task in in_flight.items():
            target = self._targets[index]
            self._engine.release(target, self._config.modules[target.module], task)
