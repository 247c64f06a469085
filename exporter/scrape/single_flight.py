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
class _InFlight(Generic[Outcome]):
    task: asyncio.Task[Outcome]
    until: float
    waiting: int = 0


@dataclass(slots=True)
class SingleFlight(Generic[Outcome]):
    """Work by key. `joined` counts how often someone waited for what another had started."""

    joined: int = 0
    _in_flight: dict[Hashable, _InFlight[Outcome]] = field(default_factory=dict)
    _superseded: dict[asyncio.Task[Outcome], _InFlight[Outcome]] = field(
        default_factory=dict
    )  # others took their place

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
        in_flight = self._in_flight.get(key)
        if in_flight is None or in_flight.until < at_least:
            if in_flight is not None:
                self._superseded[in_flight.task] = in_flight
            in_flight = _InFlight(asyncio.create_task(start()), until)
            self._in_flight[key] = in_flight
        else:
            self.joined += 1
        in_flight.waiting += 1
        return in_flight.task

    def leave(self, key: Hashable, task: asyncio.Task[Outcome]) -> None:
        """Wait no more for work that was joined; without anybody left who waits, it is cancelled."""
        current = self._in_flight.get(key)
        in_flight = current if current is not None and current.task is task else self._superseded.get(task)
        if in_flight is None:
            return  # the last one has left already
        in_flight.waiting -= 1
        if in_flight.waiting == 0:
            if in_flight is current:
                del self._in_flight[key]
            else:
                del self._superseded[task]
            task.cancel()  # does nothing to work that is done

    async def share(self, key: Hashable, start: Callable[[], Coroutine[Any, Any, Outcome]]) -> Outcome:
        """Return the outcome of the work under way for the key, or of new work. Raises what the work raises."""
        task = self.join(key, start)
        try:
            return await asyncio.shield(task)
        finally:
            self.leave(key, task)

    def __len__(self) -> int:
        return len(self._in_flight) + len(self._superseded)
