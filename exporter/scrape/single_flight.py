"""Work that several callers may wait for: started once, and cancelled when the last waiter has left.

The name is that of Go's singleflight package. No result is kept once the work is done. Work that must end soon is not
shared with a caller that has more time.
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
    """Work by key. `shared` counts how often a caller got the work that another had started."""

    shared: int = 0
    _in_flight: dict[Hashable, _InFlight[Outcome]] = field(default_factory=dict)
    # Work that ends too soon for later callers, who got new work under its key.
    _superseded: dict[asyncio.Task[Outcome], _InFlight[Outcome]] = field(default_factory=dict)

    def acquire(
        self,
        key: Hashable,
        start: Callable[[], Coroutine[Any, Any, Outcome]],
        until: float = math.inf,
        at_least: float = -math.inf,
    ) -> asyncio.Task[Outcome]:
        """Return the work in flight for the key, or new work. Each acquire needs a `release`; never cancel the task.

        New work may take `until` a time; work in flight is shared if it may take `at_least` that long.
        """
        in_flight = self._in_flight.get(key)
        if in_flight is None or in_flight.until < at_least:
            if in_flight is not None:
                self._superseded[in_flight.task] = in_flight
            in_flight = _InFlight(asyncio.create_task(start()), until)
            self._in_flight[key] = in_flight
        else:
            self.shared += 1
        in_flight.waiting += 1
        return in_flight.task

    def release(self, key: Hashable, task: asyncio.Task[Outcome]) -> None:
        """Stop waiting for acquired work; when nobody waits any more, it is cancelled."""
        current = self._in_flight.get(key)
        in_flight = current if current is not None and current.task is task else self._superseded.get(task)
        if in_flight is None:
            return  # the last caller has released it already
        in_flight.waiting -= 1
        if in_flight.waiting == 0:
            if in_flight is current:
                del self._in_flight[key]
            else:
                del self._superseded[task]
            task.cancel()  # does nothing to work that is done

    async def run(self, key: Hashable, start: Callable[[], Coroutine[Any, Any, Outcome]]) -> Outcome:
        """Return the outcome of the work in flight for the key, or of new work. Raises what the work raises."""
        task = self.acquire(key, start)
        try:
            return await asyncio.shield(task)
        finally:
            self.release(key, task)

    def __len__(self) -> int:
        return len(self._in_flight) + len(self._superseded)
