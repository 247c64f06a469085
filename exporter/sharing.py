"""Work under way that several may wait for: started once, cancelled when nobody waits for it any more.

It keeps no result once the work is done.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

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

    async def share(self, key: Hashable, start: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """Return the outcome of the work under way for the key, or of new work. Raises what the work raises."""
        under_way = self._under_way.get(key)
        if under_way is None:
            under_way = _UnderWay(asyncio.ensure_future(start()))
            self._under_way[key] = under_way
        else:
            self.joined += 1
        under_way.waiting += 1
        try:
            return await asyncio.shield(under_way.task)
        finally:
            under_way.waiting -= 1
            if under_way.waiting == 0:
                if self._under_way.get(key) is under_way:
                    del self._under_way[key]
                under_way.task.cancel()

    def __len__(self) -> int:
        return len(self._under_way)
