"""Work under way that several may wait for: started once, cancelled when nobody waits for it any more.

It keeps no result once the work is done.
"""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Outcome = TypeVar("Outcome")


@dataclass(slots=True)
class _UnderWay(Generic[Outcome]):
    task: asyncio.Task[Outcome]
    waiting: int = 0


@dataclass(slots=True)
class Sharing(Generic[Outcome]):
    """Work by key. `joined` counts how often someone waited for what another had started."""

    joined: int = 0
    _under_way: dict[Hashable, _UnderWay[Outcome]] = field(default_factory=dict)

    def join(self, key: Hashable, start: Callable[[], Coroutine[Any, Any, Outcome]]) -> asyncio.Task[Outcome]:
        """Return the work under way for the key, or new work. Whoever joins does not cancel it, but leaves."""
        under_way = self._under_way.get(key)
        if under_way is None:
            under_way = _UnderWay(asyncio.create_task(start()))
            self._under_way[key] = under_way
        else:
            self.joined += 1
        under_way.waiting += 1
        return under_way.task

    def leave(self, key: Hashable, task: asyncio.Task[Outcome]) -> None:
        """Wait no more for work that was joined; without anybody left who waits, it is cancelled."""
        under_way = self._under_way.get(key)
        if under_way is None or under_way.task is not task:
            return  # the last one has left already
        under_way.waiting -= 1
        if under_way.waiting == 0:
            del self._under_way[key]
            task.cancel()  # does nothing to work that is done

    async def share(self, key: Hashable, start: Callable[[], Coroutine[Any, Any, Outcome]]) -> Outcome:
        """Return the outcome of the work under way for the key, or of new work. Raises what the work raises."""
        task = self.join(key, start)
        try:
            return await asyncio.shield(task)
        finally:
            self.leave(key, task)

    def __len__(self) -> int:
        return len(self._under_way)
