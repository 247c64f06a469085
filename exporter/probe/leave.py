"""How a connection is closed: the protocol's farewell, close_notify, FIN, and waiting for the peer's FIN.

Servers log clients that merely disconnect, and some count them. Closing takes a round trip, which is not part of the
probe: its result is available before. A connection that is closing still counts towards the limit of its address.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Callable, Hashable

from exporter.net.reason import NetworkError
from exporter.net.stream import Stream
from exporter.probe.dialogue import converse
from exporter.probe.fast_path import FastPathUnavailableError
from exporter.wire.dialogue import Steps
from exporter.wire.starttls import PROTOCOLS

LEAVE_SECONDS = 1.0  # for the server's answer to a farewell
MAX_COUNTED = 10_000  # addresses
MAX_LEAVING = 1024  # connections at once; the next ones are closed without waiting

Then = Callable[[], None]


class Place:
    """A place that a probe holds until it is given back, once: by the probe, or by the connection that it leaves."""

    def __init__(self, release: Then) -> None:
        self._release = release
        self._is_held = True

    def take_over(self) -> Then:
        """Return the function that gives the place back; from then on the caller must call it."""
        is_held, self._is_held = self._is_held, False
        return self._release if is_held else _nothing

    def give_back(self) -> None:
        """Give the place back, unless it was taken over."""
        self.take_over()()


def _nothing() -> None:
    pass


class Departures:
    """The connections that are being left."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._streams: set[Stream] = set()
        self._all_left: asyncio.Future[None] | None = None

    def leave(self, stream: Stream, farewell: Steps[bytes] | None = None, then: Then = _nothing) -> None:
        """Leave a connection, and call `then` once it is closed. Never waits, never raises."""
        if len(self._streams) >= MAX_LEAVING:
            stream.close()
            then()
            return
        self._streams.add(stream)

        def gone() -> None:
            then()
            self._streams.discard(stream)
            if not self._streams and self._all_left is not None and not self._all_left.done():
                self._all_left.set_result(None)

        if farewell is None:
            stream.finish(gone)
            return
        task = asyncio.create_task(leave(stream, farewell, gone))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def all_left(self) -> None:
        """Wait until no connection is being left: for a single probe, whose process ends with it."""
        if self._streams:
            self._all_left = asyncio.get_running_loop().create_future()
            await self._all_left

    def close(self) -> None:
        """Close at once all connections that are closing: the event loop is about to end."""
        for task in tuple(self._tasks):
            task.cancel()
        for stream in tuple(self._streams):
            stream.close()

    def __len__(self) -> int:
        return len(self._streams)


async def leave(stream: Stream, farewell: Steps[bytes] | None, then: Then = _nothing) -> None:
    """Say a farewell, for LEAVE_SECONDS at most, and end the stream in order. Never raises except when cancelled."""
    if farewell is None:
        stream.finish(then)
        return
    try:
        with contextlib.suppress(TimeoutError, NetworkError, FastPathUnavailableError):
            async with asyncio.timeout(LEAVE_SECONDS):
                await converse(stream, farewell)
    finally:
        stream.finish(then)


class Interruptions:
    """How often scans have interrupted a login at an address whose server counts that, and shuts clients out.

    MySQL resets its count only after a successful login. So scans may use a share of what the server allows, once in
    the life of the process; a plain probe ends with a refused login, which MySQL does not count.
    """

    def __init__(self) -> None:
        self._made: OrderedDict[Hashable, int] = OrderedDict()

    def may_interrupt(self, address: Hashable, protocol: str | None) -> bool:
        """Count one more; False if it is one too many."""
        forgiven = _forgiven(protocol)
        if forgiven is None:
            return True
        made = self._made[address] = self._made.get(address, 0) + 1
        if len(self._made) > MAX_COUNTED:
            self._made.popitem(last=False)
        return made <= forgiven

    def is_spent(self, address: Hashable, protocol: str | None) -> bool:
        """Return whether there is no room for another scan of some questions."""
        forgiven = _forgiven(protocol)
        return forgiven is not None and self._made.get(address, 0) > forgiven // 2


def _forgiven(protocol: str | None) -> int | None:
    forgives = PROTOCOLS[protocol].forgives if protocol is not None else None
    return None if forgives is None else forgives // 3
