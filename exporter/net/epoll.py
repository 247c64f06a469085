"""Which sockets are ready, and whose time is over: one epoll(7) of our own inside the event loop's selector.

The loop's own watches are made and dropped for each wait, and each costs as much as a system call. Here a socket is
watched once, from its connection to its close, and told each edge of its readiness; all deadlines share one timer.
It reads and writes nothing, and without sockets it does nothing.
"""

import asyncio
import math
import select
from typing import Protocol

READABLE = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
HUNG_UP = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
WRITABLE = select.EPOLLOUT
URGENT = select.EPOLLPRI
_EDGES = select.EPOLLIN | select.EPOLLOUT | select.EPOLLPRI | select.EPOLLRDHUP | select.EPOLLET
_EVENTS_AT_ONCE = 16  # the rest has its turn after what these set going
_SLACK_SECONDS = 0.005  # so that many deadlines, one after another, do not each take a turn of their own


class Watched(Protocol):
    """A socket's owner. `descriptor` is its number, `deadline` the end of its time, in the loop's."""

    descriptor: int
    deadline: float

    def notice(self, events: int) -> None:
        """Take in what has happened: READABLE, HUNG_UP, WRITABLE, URGENT, each told once when it begins."""

    def expire(self) -> None:
        """Take in that the time is over."""


class EpollWatcher:
    """The sockets of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._epoll = select.epoll()
        self._watched: dict[int, Watched] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._due = math.inf
        loop.add_reader(self._epoll.fileno(), self._tell)

    @staticmethod
    def of(loop: asyncio.AbstractEventLoop) -> "EpollWatcher":
        """Return the loop's one. Raises OSError when there are no descriptors left to make it."""
        poll = _polls.get(loop)
        if poll is None:
            for other in tuple(_polls):  # which may be the loops of other threads
                if other.is_closed() and (ended := _polls.pop(other, None)) is not None:
                    ended.close()
            poll = _polls[loop] = EpollWatcher(loop)
        return poll

    def add(self, watched: Watched, loop: asyncio.AbstractEventLoop) -> None:
        """Watch the time of a socket, until it is removed."""
        if watched.deadline < self._due:
            self._set_timer(watched.deadline, loop)
        self._watched[watched.descriptor] = watched

    def follow(self, descriptor: int) -> None:
        """Watch the socket, too: one that is connected, or on its way."""
        self._epoll.register(descriptor, _EDGES)

    def remove(self, descriptor: int) -> None:
        """Forget a socket that is closed right after: by that the system forgets it, too."""
        self._watched.pop(descriptor, None)

    def close(self) -> None:
        """Give the descriptor back, once the loop has ended."""
        self._epoll.close()

    def _tell(self) -> None:
        fault: Exception | None = None
        for descriptor, events in self._epoll.poll(0, _EVENTS_AT_ONCE):
            watched = self._watched.get(descriptor)
            if watched is not None:
                try:
                    watched.notice(events)
                except Exception as error:  # noqa: BLE001 - raised below: the others are not told a second time
                    fault = error
        if fault is not None:
            raise fault

    def _set_timer(self, due: float, loop: asyncio.AbstractEventLoop) -> None:
        timer = loop.call_at(due + _SLACK_SECONDS, self._expire, loop)
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._due = timer, due

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        """End those whose time is over, and wait for the next."""
        self._timer, self._due = None, math.inf
        now = loop.time()
        try:
            for watched in [one for one in self._watched.values() if one.deadline <= now]:
                watched.expire()
        finally:
            if self._watched:
                self._set_timer(min(one.deadline for one in self._watched.values()), loop)

    def __len__(self) -> int:
        return len(self._watched)


_polls: dict[asyncio.AbstractEventLoop, EpollWatcher] = {}
