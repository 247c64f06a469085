"""Cached postures, refreshed in the background of the scrapes that ask for them. No scrape, no refresh.

A scrape returns what is cached and starts what is due. Refreshes of many targets are spread: each target has its own
moment within the interval, a few scans run at once, and the rest wait in a queue that holds each target once. What a
scan could not determine keeps its last known value, so that an outage never looks like an improvement.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, field

from exporter.config.model import PostureConfig
from exporter.log import get_logger
from exporter.posture.clients import CLIENTS
from exporter.posture.downgrades import SIGNATURES
from exporter.posture.evidence import RATE_LIMITED
from exporter.posture.facts import Posture
from exporter.posture.merge import merged
from exporter.posture.pace import Pace

log = get_logger("posture")

Determine = Callable[[frozenset[str]], Awaitable[Posture]]
"""Determines a posture, leaving out the checks given. Raises nothing except cancellation."""

SCANS_AT_ONCE = 64  # most of them wait for their pace
SCANS_PER_SECOND = 20.0  # that the first scans of many targets are spread to
AT_ONCE_TARGETS = 100  # as many are determined as soon as they are seen
MAX_KEPT = 50_000  # postures; the one that was not asked for the longest goes first
RETRY_SHARE = 0.25  # of the interval: when an incomplete scan is tried again, unless the one before lacked the same
LONGEST_WAIT = 86_400.0
"""Seconds. Where a scan is turned away, the wait for the next doubles each time, up to this."""
SELDOM: Mapping[str, float] = {SIGNATURES: 86_400.0}
"""SHA-1 signatures are asked for once a day: nginx logs the refusal as critical, unlike every other one."""


@dataclass(slots=True)
class _Entry:
    due: float
    posture: Posture | None = None
    asked_at: dict[str, float] = field(default_factory=dict)  # when a check that is made seldom was last determined
    lacked: frozenset[str] = frozenset()  # checks without an answer, of the last scan
    times_turned_away: int = 0  # in a row
    queued: bool = False


class PostureRefresher:
    """The newest posture of every endpoint, by key. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, scans_at_once: int = SCANS_AT_ONCE) -> None:
        self._clock = clock
        self._scans_at_once = scans_at_once
        self.pace = Pace()
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._queue: OrderedDict[Hashable, tuple[Determine, float, Mapping[str, float]]] = OrderedDict()
        self._in_flight: set[asyncio.Task[None]] = set()

    def latest(self, key: Hashable) -> Posture | None:
        """Return what is known, None if nothing is."""
        entry = self._entries.get(key)
        return entry.posture if entry is not None else None

    def consult(self, key: Hashable, refresh: float) -> tuple[Posture | None, bool]:
        """Return what is known, and whether a scrape that sees the key now should renew it.

        A key that is new gets its moment.
        """
        entry = self._entries.get(key)
        now = self._clock()
        if entry is None:
            crowd = max(0, len(self._entries) - AT_ONCE_TARGETS)
            entry = self._entries[key] = _Entry(now + (crowd / SCANS_PER_SECOND) % max(refresh, 1.0))
            self._forget_oldest()
        else:
            self._entries.move_to_end(key)
        return entry.posture, not entry.queued and now >= entry.due

    def renew(self, key: Hashable, determine: Determine, refresh: float, seldom: Mapping[str, float] = SELDOM) -> None:
        """Begin a scan of the key if one is due, as soon as there is room for it.

        `seldom` has the checks that are made less often than at each scan, with the seconds between two.
        """
        _, is_due = self.consult(key, refresh)
        if not is_due:
            return
        self._entries[key].queued = True
        self._queue[key] = (determine, refresh, seldom)
        self._start()

    def _start(self) -> None:
        while self._queue and len(self._in_flight) < self._scans_at_once:
            key, (determine, refresh, seldom) = self._queue.popitem(last=False)
            task = asyncio.create_task(self._refresh(key, determine, refresh, seldom))
            self._in_flight.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        if task.cancelled():
            return
        if (error := task.exception()) is not None:
            log.error("posture scan failed because of an internal error", exc_info=error)
        self._start()

    async def _refresh(self, key: Hashable, determine: Determine, refresh: float, seldom: Mapping[str, float]) -> None:
        entry = self._entries.get(key)
        if entry is None:
            return
        try:
            began = self._clock()
            skip = frozenset(check for check, asked in entry.asked_at.items() if began - asked < seldom.get(check, 0.0))
            scanned = await determine(skip)
            for check in seldom.keys() - skip - scanned.undetermined.keys():
                entry.asked_at[check] = began
            entry.posture = merged(entry.posture, scanned, skip)
            interval = _interval(entry, scanned, refresh)
            # a tenth earlier or later, so that what once began together drifts apart
            entry.due = began + interval * (0.9 + 0.2 * _share((key, began)))
        except Exception:
            entry.due = self._clock() + refresh
            raise
        finally:
            entry.queued = False

    def _forget_oldest(self) -> None:
        while len(self._entries) > MAX_KEPT:
            self._entries.popitem(last=False)

    async def settled(self) -> None:
        """Wait until no scan is running or waiting."""
        while self._in_flight:
            await asyncio.wait(self._in_flight)

    def close(self) -> None:
        """End all scans in flight."""
        self._queue.clear()
        for task in tuple(self._in_flight):
            task.cancel()

    @property
    def in_flight(self) -> int:
        """How many scans are running or queued."""
        return len(self._in_flight) + len(self._queue)

    def __len__(self) -> int:
        return len(self._entries)


def seldom_checks(settings: PostureConfig) -> Mapping[str, float]:
    """Return the checks that are made less often than at each scan, with the seconds between two."""
    return SELDOM if settings.clients is None else {**SELDOM, CLIENTS: settings.clients}


def _interval(entry: _Entry, scanned: Posture, refresh: float) -> float:
    """Return the seconds until the next scan, and note what they depend on.

    A scan that lacks what the one before it lacked will not be complete the next time either. A server that turns
    scans away is asked ever less often.
    """
    lacked = frozenset(scanned.undetermined)
    if RATE_LIMITED in scanned.undetermined.values():
        entry.times_turned_away += 1
        interval = max(refresh, min(refresh * 2.0**entry.times_turned_away, LONGEST_WAIT))
    else:
        entry.times_turned_away = 0
        interval = refresh if lacked == entry.lacked else refresh * RETRY_SHARE if lacked else refresh
    entry.lacked = lacked
    return interval


def _share(key: Hashable) -> float:
    """Return a number from 0 to 1 that is the same for the same key."""
    return int.from_bytes(hashlib.sha256(repr(key).encode()).digest()[:4]) / 0xFFFFFFFF
