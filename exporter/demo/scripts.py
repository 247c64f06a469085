"""Peers that do not speak TLS, or speak it badly: lists of steps, and the one reader of such lists.

A script sends bytes and waits; it understands nothing of what a client sends and keeps at most 64 KiB of it.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass

_READ = 64 * 1024
_LONGEST_SECONDS = 120.0  # nobody is served for longer: a forgotten connection must not stay


@dataclass(frozen=True, slots=True)
class Await:
    """Wait until the client has sent something."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send bytes at once."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """Send what a function makes of everything that the client has sent so far."""

    reply: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Drip:
    """Send bytes one at a time, with a pause before each."""

    data: bytes
    seconds: float


@dataclass(frozen=True, slots=True)
class Flood:
    """Send the same bytes again and again, as fast as the client reads."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Pause:
    """Do nothing for a while."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hold:
    """Read and forget until the client is gone."""


@dataclass(frozen=True, slots=True)
class Finish:
    """Send the end of the stream in order, then hold."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Break the connection with an RST."""


Step = Await | Send | Answer | Drip | Flood | Pause | Hold | Finish | Reset
Script = tuple[Step, ...]


class ScriptedPeer(asyncio.StreamReaderProtocol):
    """One connection that is served by a script. It adds itself to the sets of open transports and tasks."""

    def __init__(self, script: Script, connected: set[asyncio.Transport], tasks: set[asyncio.Task[None]]) -> None:
        self._reader = asyncio.StreamReader()
        super().__init__(self._reader)
        self._script = script
        self._received = b""
        self._connected = connected
        self._tasks = tasks
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with the script."""
        assert isinstance(transport, asyncio.Transport)
        super().connection_made(transport)
        self._transport = transport
        self._connected.add(transport)
        task = asyncio.get_running_loop().create_task(self._serve(transport))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        if self._transport is not None:
            self._connected.discard(self._transport)

    async def _serve(self, transport: asyncio.Transport) -> None:
        """Go through the script, then close in order. Whatever the client does ends this connection only."""
        writer = asyncio.StreamWriter(transport, self, self._reader, asyncio.get_running_loop())
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_LONGEST_SECONDS):
                for step in self._script:
                    await self._perform(step, self._reader, writer)
        transport.close()

    async def _perform(self, step: Step, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match step:
            case Await():
                self._received = (self._received + await reader.read(_READ))[-_READ:]
            case Send(data):
                await _send(writer, data)
            case Answer(reply):
                await _send(writer, reply(self._received))
            case Drip(data, seconds):
                await _drip(writer, data, seconds)
            case Flood(data):
                await _flood(writer, data)
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Finish():
                writer.write_eof()
                await _hold(reader)
            case Hold():
                await _hold(reader)
            case Reset():
                reset(writer.transport)


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


async def _flood(writer: asyncio.StreamWriter, data: bytes) -> None:
    while not writer.is_closing():
        await _send(writer, data)
        await asyncio.sleep(0)


async def _drip(writer: asyncio.StreamWriter, data: bytes, seconds: float) -> None:
    for value in data:
        await asyncio.sleep(seconds)
        if writer.is_closing():
            return
        await _send(writer, bytes((value,)))


async def _hold(reader: asyncio.StreamReader) -> None:
    while await reader.read(_READ):
        pass


def reset(transport: asyncio.BaseTransport) -> None:
    """Close a connection so that the other side sees an RST (SO_LINGER of socket(7) with no time)."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert isinstance(transport, asyncio.WriteTransport)
    transport.abort()
