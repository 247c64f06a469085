"""Determines the posture of a server on loopback, as the exporter does."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from exporter.net.connect import connect_one
from exporter.net.resolve import Address
from exporter.net.stream import Stream
from exporter.net.watcher import watcher_of
from exporter.posture.determine import determine
from exporter.posture.exchange import Connect
from exporter.posture.facts import Posture


@dataclass(slots=True)
class Loopback:
    """Connects to a port on loopback; `opened` counts how often, `most_at_once` how many at the same time."""

    port: int
    seconds: float = 5.0
    opened: int = 0
    most_at_once: int = 0
    _open: int = 0

    async def __call__(self) -> Stream:
        self.opened += 1
        deadline = asyncio.get_running_loop().time() + self.seconds
        stream = await connect_one(Address("127.0.0.1", self.port, "ip4"), deadline)
        self._open += 1
        self.most_at_once = max(self.most_at_once, self._open)
        return _Counted(stream, self)

    def closed(self) -> None:
        self._open -= 1


@dataclass(slots=True)
class _Counted:
    stream: Stream
    owner: Loopback
    closed: bool = False

    async def read(self) -> bytes:
        return await self.stream.read()

    def write(self, data: bytes) -> None:
        self.stream.write(data)

    def finish(self, then: Callable[[], None] | None = None) -> None:
        self.stream.finish(then)
        self._note_end()

    def close(self) -> None:
        self.stream.close()
        self._note_end()

    def _note_end(self) -> None:
        if not self.closed:
            self.closed = True
            self.owner.closed()


async def scanned(connect: Connect, *, server_name: str = "localhost", seconds: float = 5.0, **more: Any) -> Posture:
    """Determine a posture, and leave no connection open that is still being left."""
    try:
        return await determine(connect, server_name=server_name, seconds=seconds, **more)
    finally:
        watcher_of(asyncio.get_running_loop()).expire_all()


async def posture_of(
    port: int, *, active: bool = True, seconds: float = 5.0, server_name: str = "localhost"
) -> Posture:
    return await scanned(Loopback(port, seconds), server_name=server_name, seconds=seconds, active=active)
