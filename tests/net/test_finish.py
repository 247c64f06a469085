"""The end of a connection: in order, with nothing of the peer's left unread, and never for long."""

import asyncio
import contextlib

from exporter.net.connect import connect_one
from exporter.net.resolve import Address
from exporter.net.stream import MAX_DISCARDED
from exporter.net.watcher import watcher_of


class Peer:
    """A server that follows a script, and records how its client closed the connection."""

    def __init__(self, *, sends=b"", closes=True, floods=False):
        self.sends, self.closes, self.floods = sends, closes, floods
        self.heard = b""
        self.end = ""
        self.ended = asyncio.Event()

    async def handle(self, reader, writer):
        self.writer = writer
        writer.write(self.sends)
        try:
            while data := await reader.read(100):
                self.heard += data
            self.end = "end of stream"
            while self.floods:
                writer.write(bytes(100_000))
                await writer.drain()
        except ConnectionError as error:
            self.end = self.end or type(error).__name__
        self.ended.set()
        if self.closes:
            await self.close()

    async def close(self):
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


async def connected(peer, seconds=5.0):
    server = await asyncio.start_server(peer.handle, "127.0.0.1", 0)
    address = Address("127.0.0.1", server.sockets[0].getsockname()[1], "ip4")
    return await connect_one(address, asyncio.get_running_loop().time() + seconds), server


async def finished(stream):
    done = asyncio.get_running_loop().create_future()
    stream.finish(lambda: done.set_result(None))
    async with asyncio.timeout(10):
        await done
    assert not len(watcher_of(asyncio.get_running_loop()))


async def test_what_is_unread_makes_no_reset():
    """A socket that is closed with unread data answers with a reset; one that is finished does not."""
    peer = Peer(sends=b"a ticket that nobody reads")
    stream, server = await connected(peer)
    async with server:
        stream.write(b"bye")
        await finished(stream)
        await peer.ended.wait()
    assert (peer.heard, peer.end) == (b"bye", "end of stream")


async def test_a_peer_that_does_not_end_is_not_waited_for():
    """Its end is waited for LINGER_SECONDS, whatever is left of the probe's own time."""
    peer = Peer(closes=False)
    stream, server = await connected(peer, seconds=600)
    async with server:
        await finished(stream)
        await peer.close()


async def test_a_peer_that_goes_on_sending_is_cut_off():
    peer = Peer(floods=True, closes=False)
    stream, server = await connected(peer, seconds=600)
    async with server:
        await finished(stream)
        await peer.ended.wait()
        await peer.close()
    assert peer.end == "end of stream"
    assert stream.bytes_received <= MAX_DISCARDED


async def test_much_that_is_unsent_goes_out_first():
    peer = Peer()
    stream, server = await connected(peer)
    async with server:
        stream.write(bytes(4_000_000))
        await finished(stream)
        await peer.ended.wait()
    assert len(peer.heard) == 4_000_000


async def test_the_end_of_an_end():
    """A stream that has ended, or was closed, is finished at once; `then` is called once, whatever follows."""
    peer = Peer()
    stream, server = await connected(peer)
    calls = []
    async with server:
        stream.close()
        stream.finish(lambda: calls.append("closed"))
        stream.close()
        stream, again = await connected(Peer(sends=b"x"))
        async with again:
            stream.finish(lambda: calls.append("finished"))
            stream.close()
            stream.close()
    assert calls == ["closed", "finished"]
