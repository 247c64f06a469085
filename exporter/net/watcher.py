"""Which sockets are ready and whose deadline has passed: the interface, and the choice of an implementation.

Linux has `epoll` (cheap: a socket is registered once). Everywhere else `portable_watcher` uses the event loop's own
readers and writers. A stream cannot tell them apart: both report edges, and both are armed before a wait.
"""

import asyncio
import math
from abc import ABC, abstractmethod
from contextlib import suppress
from enum import IntFlag
from typing import Protocol

_SLACK_SECONDS = 0.005  # so that deadlines close to each other expire together, in one callback of the loop


class Readiness(IntFlag):
    """What has become true of a socket. Each is reported once, when it begins."""

    READABLE = 1
    WRITABLE = 2
    HUNG_UP = 4  # the peer has closed or reset the connection, or the connection has failed
    URGENT = 8  # out-of-band data has arrived (RFC 9293 section 3.8.5)


READABLE, WRITABLE, HUNG_UP, URGENT = (int(one) for one in Readiness)  # plain integers: an IntFlag's `&` is slow


class Watched(Protocol):
    """A socket's owner. `descriptor` is its number, `deadline` the end of its time (loop time)."""

    descriptor: int
    deadline: float

    def notice(self, events: int) -> None:
        """Take note of what has become true: READABLE, HUNG_UP, WRITABLE, URGENT."""

    def expire(self) -> None:
        """Take note that the deadline has passed."""


class SocketWatcher(ABC):
    """The sockets of one event loop, and one timer for all their deadlines."""

    def __init__(self) -> None:
        self._watched: dict[int, Watched] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._due = math.inf

    def add(self, watched: Watched, loop: asyncio.AbstractEventLoop) -> None:
        """Watch the deadline of a socket, until it is removed."""
        if watched.deadline < self._due:
            self._set_timer(watched.deadline, loop)
        self._watched[watched.descriptor] = watched

    @abstractmethod
    def follow(self, descriptor: int) -> None:
        """Watch a socket that is connected or connecting. Raises OSError when the system has no room for it."""

    @abstractmethod
    def arm(self, descriptor: int, *, writing: bool) -> None:
        """Prepare for a wait: for bytes, and when `writing` also for room to send."""

    @abstractmethod
    def remove(self, descriptor: int) -> None:
        """Forget a socket, right before it is closed."""

    @abstractmethod
    def close(self) -> None:
        """Give the watcher's own descriptors back, once the loop has ended."""

    def _set_timer(self, due: float, loop: asyncio.AbstractEventLoop) -> None:
        timer = loop.call_at(due + _SLACK_SECONDS, self._expire, loop)
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._due = timer, due

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        """Expire the sockets whose deadline has passed, and set the timer for the next."""
        self._timer, self._due = None, math.inf
        now = loop.time()
        try:
            for watched in [one for one in self._watched.values() if one.deadline <= now]:
                watched.expire()
        finally:
            if self._watched:
                self._set_timer(min(one.deadline for one in self._watched.values()), loop)

    def expire_all(self) -> None:
        """Expire every socket: for a loop that ends, or has ended, while connections are being left."""
        for watched in tuple(self._watched.values()):
            with suppress(RuntimeError):  # nobody can be woken in a loop that is closed
                watched.expire()

    def __len__(self) -> int:
        return len(self._watched)


def make_watcher(loop: asyncio.AbstractEventLoop) -> SocketWatcher:
    """Make the best watcher that this system has. Raises OSError when there are no descriptors left."""
    try:
        from exporter.net.epoll import EpollWatcher  # noqa: PLC0415 - Linux only
    except ImportError:
        from exporter.net.portable_watcher import PortableWatcher  # noqa: PLC0415 - everywhere else

        return PortableWatcher(loop)
    return EpollWatcher(loop)


def watcher_of(loop: asyncio.AbstractEventLoop) -> SocketWatcher:
    """Return the loop's watcher, made at first use. Raises OSError when there are no descriptors left to make it."""
    watcher = _watchers.get(loop)
    if watcher is None:
        for other in tuple(_watchers):  # which may be the loops of other threads
            if other.is_closed() and (ended := _watchers.pop(other, None)) is not None:
                ended.expire_all()
                ended.close()
        watcher = _watchers[loop] = make_watcher(loop)
    return watcher


_watchers: dict[asyncio.AbstractEventLoop, SocketWatcher] = {}
