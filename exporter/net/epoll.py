"""A socket watcher on epoll(7), registered as one reader of the event loop. Linux only.

Why not the loop's own readers: asyncio registers a descriptor for each wait and unregisters it afterwards, and each
costs a system call; that was a tenth of a probe. Here a socket is registered once, when its connection begins.

Three properties of epoll make this safe, and each is easy to break:

- Edge-triggered (EPOLLET): an event comes when something changes, not while it lasts. A stream must therefore read
  until the kernel says EAGAIN (or less arrived than was asked for) before it waits; otherwise it waits for ever.
- A closed descriptor leaves the epoll by itself, but only if no other descriptor refers to the same open socket. No
  socket here is ever duplicated (dup, fork), so `remove` needs no system call.
- The kernel reuses descriptor numbers at once. An event of a poll that was made before a close could reach the next
  owner of the number; `_watched` is looked up for each event, and a new owner takes a spurious event for what it is:
  it reads, gets EAGAIN, and waits again.
"""

import asyncio
from select import EPOLLERR, EPOLLET, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLPRI, EPOLLRDHUP, epoll

from exporter.net.watcher import HUNG_UP, READABLE, URGENT, WRITABLE, SocketWatcher

_EDGES = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET
_END = EPOLLRDHUP | EPOLLHUP | EPOLLERR
_EVENTS_AT_ONCE = 16  # the rest is reported in the loop's next iteration, after what these have started


class EpollWatcher(SocketWatcher):
    """The sockets of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._epoll = epoll()
        loop.add_reader(self._epoll.fileno(), self._report)

    def follow(self, descriptor: int) -> None:
        """Register a socket. Raises OSError when the system has no room for it."""
        self._epoll.register(descriptor, _EDGES)

    def arm(self, descriptor: int, *, writing: bool) -> None:
        """Do nothing: edges are reported without being asked for."""

    def remove(self, descriptor: int) -> None:
        """Forget a socket, right before it is closed: that takes it out of the epoll."""
        self._watched.pop(descriptor, None)

    def close(self) -> None:
        """Close the epoll."""
        self._epoll.close()

    def _report(self) -> None:
        fault: Exception | None = None
        for descriptor, events in self._epoll.poll(0, _EVENTS_AT_ONCE):
            watched = self._watched.get(descriptor)
            if watched is not None:
                try:
                    watched.notice(_TRANSLATED.get(events) or _translate(events))
                except Exception as error:  # noqa: BLE001 - raised below: the edges of the others come only once
                    fault = error
        if fault is not None:
            raise fault


def _translate(events: int) -> int:
    """Return epoll's events as Readiness. The end of a connection can be read, as b"" or an error."""
    return (
        (READABLE if events & (EPOLLIN | _END) else 0)
        | (WRITABLE if events & EPOLLOUT else 0)
        | (HUNG_UP if events & _END else 0)
        | (URGENT if events & EPOLLPRI else 0)
    )


_TRANSLATED = {  # the common ones, as this runs for each event
    events: _translate(events) for events in (EPOLLIN, EPOLLOUT, EPOLLIN | EPOLLOUT, EPOLLIN | EPOLLOUT | EPOLLRDHUP)
}
