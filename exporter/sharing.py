"""Work under way that several may wait for: started once, cancelled when nobody waits for it any more.

It keeps no result once the work is done. Work that must end soon is not shared with whoever has more time.
"""

import asyncio
import math
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Outcome = TypeVar("Outcome")


@dataclass(slots=True)
class _UnderWay(Generic[Outcome]):
    task: asyncio.Task[Outcome]
    until: float
    waiting: int = 0


@dataclass(slots=True)
class Sharing(Generic[Outcome]):
    """Work by key. `joined` counts how often someone waited for what another had started."""

    joined: int = 0
    _under_way: dict[Hashable, _UnderWay[Outcome]] = field(default_factory=dict)
    _hasty: dict[asyncio.Task[Outcome], _UnderWay[Outcome]] = field(default_factory=dict)  # others took their place

    def join(
        self,
        key: Hashable,
        start: Callable[[], Coroutine[Any, Any, Outcome]],
        until: float = math.inf,
        at_least: float = -math.inf,
    ) -> asyncio.Task[Outcome]:
        """Return the work under way for the key, or new work. Whoever joins does not cancel it, but leaves.

        New work may go on `until` a time; work under way is shared if it may go on `at_least` that long.
        """
        under_way = self._under_way.get(key)
        if under_way is None or under_way.until < at_least:
            if under_way is not None:
                self._hasty[under_way.task] = under_way
            under_way = _UnderWay(asyncio.create_task(start()), until)
            self._under_way[key] = under_way
        else:
            self.joined += 1
        under_way.waiting += 1
        return under_way.task

    def leave(self, key: Hashable, task: asyncio.Task[Outcome]) -> None:
        """Wait no more for work that was joined; without anybody left who waits, it is cancelled."""
        current = self._under_way.get(key)
        under_way = current if current is not None and current.task is task else self._hasty.get(task)
        if under_way is None:
            return  # the last one has left already
        under_way.waiting -= 1
        if under_way.waiting == 0:
            if under_way is current:
                del self._under_way[key]
            else:
                del self._hasty[task]
            task.cancel()  # does nothing to work that is done

    async def share(self, key: Hashable, start: Callable[[], Coroutine[Any, Any, Outcome]]) -> Outcome:
        """Return the outcome of the work under way for the key, or of new work. Raises what the work raises."""
        task = self.join(key, start)
        try:
            return await asyncio.shield(task)
        finally:
            self.leave(key, task)

    def __len__(self) -> int:
        return len(self._under_way) + len(self._hasty)
