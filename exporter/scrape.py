"""One scrape, as a story: which targets, each probed and judged before the deadline, all of them in the answer.

A scrape never fails because targets fail: whatever is not finished in time is reported as a failure by timeout.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from exporter.config.model import Config
from exporter.reading import Reading
from exporter.target import Target
from exporter.watch import Watch, finished

BEGUN_AT_ONCE = 16  # probes: each takes the event loop a tenth of a millisecond before it waits for its peer
TICK_SECONDS = 0.01
CUT_AT_ONCE = 100


class SelectionError(ValueError):
    """A selection that names what is not configured, or is not of the form asked for."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which targets a scrape is about: all, or those of some modules, with some names, in one shard of several."""

    modules: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    shard: tuple[int, int] | None = None


def selected(config: Config, selection: Selection) -> list[Target]:
    """Return the targets of a selection, in the order of the configuration. Raises SelectionError."""
    for module in selection.modules:
        if module not in config.modules:
            raise SelectionError(f"unknown module {module!r}")
    names = {target.name for target in config.targets} if selection.targets else set()
    for name in selection.targets:
        if name not in names:
            raise SelectionError(f"target {name!r} is not configured")
    return [
        target
        for target in config.targets
        if (not selection.modules or target.module in selection.modules)
        and (not selection.targets or target.name in selection.targets)
        and (selection.shard is None or in_shard(target, *selection.shard))
    ]


def in_shard(target: Target, index: int, count: int) -> bool:
    """Tell whether a target is in a shard. It depends on the target's name alone, so a reload moves nothing."""
    digest = hashlib.sha256(target.name.encode()).digest()
    return int.from_bytes(digest[:8]) % count == index % count


def parse_shard(text: str) -> tuple[int, int]:
    """Read `I/N`. Raises SelectionError. I counts modulo N, so that both 0..N-1 and 1..N number all shards."""
    index, slash, count = text.partition("/")
    if not slash or not (index.isascii() and index.isdigit() and count.isascii() and count.isdigit()):
        raise SelectionError(f"bad shard {text!r}: write I/N, as 0/2 and 1/2")
    if len(text) > 16 or int(count) == 0 or int(index) > int(count):  # noqa: PLR2004
        raise SelectionError(f"bad shard {text!r}: I is at most N, and N at least 1")
    return int(index), int(count)


async def scrape(watch: Watch, config: Config, targets: Sequence[Target], deadline: float) -> list[Reading]:
    """Read targets before the deadline (loop time): as many at once as the configuration allows, none left out.

    A reload does not touch a scrape under way: it goes on with the configuration that it began with.
    """
    course = _Course(watch, config, targets, deadline)
    try:
        async with asyncio.timeout_at(deadline):
            await course.run()
    except TimeoutError:
        await course.cut()
    finally:
        course.leave()
    return [reading for reading in course.readings if reading is not None]


class _Course:
    """The course of one scrape. It begins few probes at a time, so that the event loop has time for the others."""

    def __init__(self, watch: Watch, config: Config, targets: Sequence[Target], deadline: float) -> None:
        self._watch = watch
        self._config = config
        self._targets = targets
        self._deadline = deadline
        self._next = 0
        self._under_way: dict[int, asyncio.Task[Reading]] = {}
        self._done = asyncio.Event()
        self.readings: list[Reading | None] = [None] * len(targets)

    async def run(self) -> None:
        """Begin a probe for each that ends, and a few more at each tick that comes in time, until all have ended.

        A tick that comes late says that the loop is busy as it is: more probes at once would only take longer each.
        """
        loop = asyncio.get_running_loop()
        while self._next < len(self._targets):
            room = self._config.global_.concurrency - len(self._under_way)
            for _ in range(min(BEGUN_AT_ONCE, room)):
                self._begin()
            due = loop.time() + TICK_SECONDS
            await asyncio.sleep(TICK_SECONDS)
            while loop.time() - due > TICK_SECONDS and len(self._under_way) >= BEGUN_AT_ONCE:
                due = loop.time() + TICK_SECONDS
                await asyncio.sleep(TICK_SECONDS)
        if self._under_way:
            await self._done.wait()

    def _begin(self) -> None:
        index = self._next
        if index < len(self._targets):
            self._next += 1
            target = self._targets[index]
            task = self._watch.begin(target, self._config.modules[target.module], self._deadline)
            self._under_way[index] = task
            task.add_done_callback(lambda task: self._end(index, task))

    def _end(self, index: int, task: asyncio.Task[Reading]) -> None:
        """Keep a reading, and begin the next probe in its place."""
        if self._under_way.pop(index, None) is None:
            return  # nobody waits for it any more
        target = self._targets[index]
        self._watch.leave(target, self._config.modules[target.module], task)
        self.readings[index] = task.result() if not task.cancelled() else self._cut(target)
        self._begin()
        if not self._under_way:
            self._done.set()

    async def cut(self) -> None:
        """Report what is not finished as failed by timeout of the phase that it has reached, or of the first."""
        self._next = len(self._targets)
        for index, target in enumerate(self._targets):
            if self.readings[index] is None:
                task = self._under_way.get(index)
                self.readings[index] = (finished(task) if task else None) or self._cut(target)
            if index % CUT_AT_ONCE == 0:
                await asyncio.sleep(0)

    def _cut(self, target: Target) -> Reading:
        return self._watch.cut(target, self._config.modules[target.module])

    def leave(self) -> None:
        """Wait no more for what is under way."""
        under_way, self._under_way = self._under_way, {}
        for index, task in under_way.items():
            target = self._targets[index]
            self._watch.leave(target, self._config.modules[target.module], task)
