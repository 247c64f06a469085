"""Values that are refreshed in the background of the scrapes that ask for them. Asking never waits.

`get` returns the known value and starts a refresh when it is due. A value expires with its records' TTL, but is not
refreshed more often than the pace allows: the more keys, the longer the interval of each, so that the work per second
is bounded whatever the number of targets and however short the TTLs. Expired values are still returned (`is_fresh`
says so), and after a failure the old value stays in place for one more try.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from exporter.bounded_cache import BoundedCache

MAX_KEPT = 60_000
MAX_IN_FLIGHT = 1000  # refreshes; others are started by a later scrape
SHORTEST_SECONDS = 5.0  # between two refreshes of one key; with many keys it is longer, see KEYS_PER_SECOND
LONGEST_SECONDS = 86_400.0
RETRY_SECONDS = 60.0  # at most, after failures: the first is retried soon, the next ones later each time
KEYS_PER_SECOND = 8.0  # renewed in the long run, all together
CLOCK_SKEW_SECONDS = 300.0

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Failed:
    """Why there is no value: a reason of a closed list, and a sentence. `count` failures came one after the other."""

    reason: str
    detail: str
    count: int = 1


class RefreshError(Exception):
    """Raised by a function that cannot make its value."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Kept(Generic[Value]):
    """A value and when it was made, lives until, and is due. `failed` is the last failure since it was made."""

    value: Value | None
    asked: float
    fresh_until: float
    due: float
    failed: Failed | None = None


class Refreshed(Generic[Key, Value]):
    """Values by key. `clock` gives Unix seconds; a value is made together with the seconds that it lives."""

    def __init__(self, clock: Callable[[], float], shortest: float = SHORTEST_SECONDS) -> None:
        self._clock = clock
        self._shortest = shortest
        self._kept: BoundedCache[Key, Kept[Value]] = BoundedCache(MAX_KEPT, MAX_KEPT)
        self._in_flight: dict[Key, asyncio.Task[None]] = {}

    def get(self, key: Key, make: Callable[[], Awaitable[tuple[Value, float]]]) -> Kept[Value] | None:
        """Return what is known under a key, and start a refresh if it is due. Never waits."""
        kept, now = self._kept.get(key), self._clock()
        if kept is None or now >= kept.due or now < kept.asked - CLOCK_SKEW_SECONDS:
            self.renew(key, make)
        return kept

    def is_fresh(self, kept: Kept[Value]) -> bool:
        """Return whether a value's records have not expired, so that a contradiction with them may be reported."""
        return self._clock() < kept.fresh_until

    def renew(self, key: Key, make: Callable[[], Awaitable[tuple[Value, float]]]) -> None:
        """Start a refresh, unless one is in flight or too many are."""
        if key in self._in_flight or len(self._in_flight) >= MAX_IN_FLIGHT:
            return
        task = self._in_flight[key] = asyncio.get_running_loop().create_task(self._refresh(key, make))
        task.add_done_callback(lambda _: self._in_flight.pop(key, None))

    async def _refresh(self, key: Key, make: Callable[[], Awaitable[tuple[Value, float]]]) -> None:
        try:
            value, life = await make()
        except RefreshError as error:
            self._note_failure(key, error)
            return
        now = self._clock()
        life = min(max(life, 0.0), LONGEST_SECONDS)
        due = now + max(life, self._shortest, len(self._kept) / KEYS_PER_SECOND)
        self._kept.put(key, Kept(value, now, now + max(life, self._shortest), due), 1)

    def _note_failure(self, key: Key, error: RefreshError) -> None:
        now, before = self._clock(), self._kept.get(key)
        count = 1 + (before.failed.count if before is not None and before.failed is not None else 0)
        failed = Failed(error.reason, error.detail, count)
        value = before.value if before is not None and count == 1 else None
        fresh_until = before.fresh_until if before is not None else now
        wait = min(RETRY_SECONDS, self._shortest * 2.0 ** min(count, 6))
        due = now + max(wait, len(self._kept) / KEYS_PER_SECOND / 4)
        self._kept.put(key, Kept(value, now, fresh_until, due, failed), 1)

    async def settled(self) -> None:
        """Wait until nothing is in flight: for a single probe, which has no next scrape."""
        while self._in_flight:
            await asyncio.gather(*self._in_flight.values(), return_exceptions=True)
            await asyncio.sleep(0)

    def close(self) -> None:
        """Give up what is in flight."""
        for task in self._in_flight.values():
            task.cancel()

    def __len__(self) -> int:
        return len(self._kept)
