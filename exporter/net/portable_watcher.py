"""A socket watcher on the event loop's own readers and writers, for systems without epoll.

The loop reports a level, not an edge: as long as a socket is readable, its callback runs. So a callback unregisters
itself, and `arm` registers it again before the next wait. The loop does not tell an end of connection from bytes;
each report therefore includes HUNG_UP, which makes a stream look for an error and read until EAGAIN.
"""

import asyncio
from functools import partial

from exporter.net.watcher import HUNG_UP, READABLE, WRITABLE, SocketWatcher


class PortableWatcher(SocketWatcher):
    """The sockets of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop

    def follow(self, descriptor: int) -> None:
        """Do nothing: `arm` registers what is waited for."""

    def arm(self, descriptor: int, *, writing: bool) -> None:
        """Register a socket for one report each of bytes and, when `writing`, of room to send."""
        self._loop.add_reader(descriptor, partial(self._readable, descriptor))
        if writing:
            self._loop.add_writer(descriptor, partial(self._writable, descriptor))

    def _readable(self, descriptor: int) -> None:
        self._loop.remove_reader(descriptor)
        self._notice(descriptor, READABLE | HUNG_UP)

    def _writable(self, descriptor: int) -> None:
        self._loop.remove_writer(descriptor)
        self._notice(descriptor, WRITABLE | READABLE | HUNG_UP)

    def _notice(self, descriptor: int, events: int) -> None:
        watched = self._watched.get(descriptor)
        if watched is not None:
            watched.notice(events)

    def remove(self, descriptor: int) -> None:
        """Forget a socket, right before it is closed."""
        if self._watched.pop(descriptor, None) is not None:
            self._loop.remove_reader(descriptor)
            self._loop.remove_writer(descriptor)

    def close(self) -> None:
        """Do nothing: there is no descriptor of its own."""
