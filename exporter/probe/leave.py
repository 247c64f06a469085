"""How a connection is left: its protocol's farewell, close_notify, the end of the stream, the peer's end.

A server logs a client that merely goes away, and some count it. To leave takes a round trip, which is no part of the
probe: the result is there before. A connection that is being left goes on holding its place at its address.
"""

import asyncio
import contextlib
from collections.abc import Callable

from exporter.net.reason import NetworkError
from exporter.net.stream import Stream
from exporter.probe.dialogue import converse
from exporter.probe.fast_path import FastPathUnavailableError
from exporter.wire.dialogue import Steps

LEAVE_SECONDS = 1.0  # for the server's answer to a farewell
MAX_LEAVING = 1024  # connections at once; the next ones are closed without waiting

Then = Callable[[], None]


class Place:
    """A place that a probe holds until it is given back, once: by the probe, or by the connection that it leaves."""

    def __init__(self, release: Then) -> None:
        self._release = release
        self._is_held = True

    def take_over(self) -> Then:
        """Return what gives the place back; whoever takes it over is the one to call it."""
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
        self._leaving = 0
        self._all_left: asyncio.Future[None] | None = None

    def leave(self, stream: Stream, farewell: Steps[bytes] | None = None, then: Then = _nothing) -> None:
        """Leave a connection, and call `then` once it is closed. Never waits, never raises."""
        if self._leaving >= MAX_LEAVING:
            stream.close()
            then()
            return
        self._leaving += 1

        def gone() -> None:
            then()
            self._leaving -= 1
            if not self._leaving and self._all_left is not None and not self._all_left.done():
                self._all_left.set_result(None)

        if farewell is None:
            stream.finish(gone)
            return
        task = asyncio.create_task(_say_farewell(stream, farewell, gone))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def all_left(self) -> None:
        """Wait until no connection is being left: for a single probe, whose process ends with it."""
        if self._leaving:
            self._all_left = asyncio.get_running_loop().create_future()
            await self._all_left

    def __len__(self) -> int:
        return self._leaving


async def _say_farewell(stream: Stream, farewell: Steps[bytes], gone: Then) -> None:
    try:
        with contextlib.suppress(TimeoutError, NetworkError, FastPathUnavailableError):
            async with asyncio.timeout(LEAVE_SECONDS):
                await converse(stream, farewell)
    finally:
        stream.finish(gone)
