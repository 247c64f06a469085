"""The seam to the network: what a peer or the system does becomes bytes, or one of the closed list of reasons."""

import asyncio
import errno
import socket
import struct

import pytest

from exporter.net.connect import connect, connect_one, connect_unix
from exporter.net.limiter import KeyedLimiter
from exporter.net.reason import NetworkError, Reason, network_error
from exporter.net.resolve import Address
from exporter.net.stream import CHUNK
from exporter.net.watcher import watcher_of
from exporter.text import printable


@pytest.fixture
async def peer():
    """Serve a behaviour on the loopback; return its address."""
    servers = []

    async def serve(behave, host="127.0.0.1"):
        async def handle(reader, writer):
            try:
                await behave(reader, writer)
            finally:
                writer.close()

        server = await asyncio.start_server(handle, host, 0)
        servers.append(server)
        return Address(host, server.sockets[0].getsockname()[1], "ip6" if ":" in host else "ip4")

    yield serve
    for server in servers:
        server.close()


def soon(seconds=5.0):
    return asyncio.get_running_loop().time() + seconds


async def test_bytes_come_in_order_and_the_end_is_empty(peer):
    async def behave(reader, writer):
        writer.write((await reader.readexactly(3))[::-1])

    stream = await connect_one(await peer(behave), soon())
    stream.write(b"abc")
    assert await stream.read() == b"cba"
    assert await stream.read() == b""
    assert await stream.read() == b"", "the end stays the end"
    assert (stream.bytes_sent, stream.bytes_received) == (3, 3)
    stream.close()
    stream.close()


async def test_a_drip_cannot_stretch_the_deadline(peer):
    async def behave(_, writer):
        while True:
            writer.write(b".")
            await asyncio.sleep(0.02)

    stream = await connect_one(await peer(behave), soon(0.3))

    async def read_on():
        while True:
            await stream.read()

    with pytest.raises(NetworkError) as caught:
        await read_on()
    assert caught.value.reason is Reason.TIMEOUT
    stream.close()


async def test_a_reset_is_distinguished_from_an_end(peer):
    async def behave(reader, writer):
        await reader.read(1)
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    stream = await connect_one(await peer(behave), soon())
    stream.write(b"x")
    with pytest.raises(NetworkError) as caught:
        await stream.read()
    assert caught.value.reason is Reason.RESET


async def test_a_flood_waits_at_the_peer(peer):
    """What nobody reads is not kept: it waits with the system, and then with the peer."""

    async def behave(_, writer):
        for _ in range(400):
            writer.write(bytes(65536))
            await writer.drain()

    stream = await connect_one(await peer(behave), soon())
    await asyncio.sleep(0.2)
    assert stream.bytes_received == 0
    assert len(await stream.read()) == stream.bytes_received == CHUNK
    stream.close()


async def test_the_first_address_that_answers_wins(peer):
    async def behave(_, writer):
        writer.write(b"here")

    answers = await peer(behave)
    refuses = Address("127.0.0.1", 1, "ip4")
    stream, address = await connect([refuses, answers], soon())
    assert address == answers
    assert await stream.read() == b"here"
    stream.close()


async def test_when_none_answers_the_first_reason_is_reported():
    with pytest.raises(NetworkError) as caught:
        await connect([Address("127.0.0.1", 1, "ip4"), Address("::1", 1, "ip6")], soon())
    assert caught.value.reason is Reason.REFUSED


async def test_a_source_address_that_is_not_ours_is_an_error_of_the_network():
    with pytest.raises(NetworkError) as caught:
        await connect_one(Address("127.0.0.1", 1, "ip4"), soon(), "192.0.2.1")
    assert caught.value.reason is Reason.UNREACHABLE


async def test_a_unix_socket(tmp_path):
    async def behave(_, writer):
        writer.write(b"unix")
        writer.close()

    server = await asyncio.start_unix_server(behave, tmp_path / "s")
    stream = await connect_unix(str(tmp_path / "s"), soon())
    assert await stream.read() == b"unix"
    stream.close()
    server.close()
    with pytest.raises(NetworkError) as caught:
        await connect_unix(str(tmp_path / "absent"), soon())
    assert caught.value.reason is Reason.REFUSED


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ECONNREFUSED, Reason.REFUSED),
        (errno.ECONNRESET, Reason.RESET),
        (errno.EHOSTUNREACH, Reason.UNREACHABLE),
        (errno.ETIMEDOUT, Reason.TIMEOUT),
        (errno.EMFILE, Reason.INTERNAL_ERROR),
        (errno.ENOSPC, Reason.INTERNAL_ERROR),
        (9999, Reason.UNREACHABLE),
    ],
)
def test_the_systems_errors_map_to_the_closed_list(number, reason):
    assert network_error(OSError(number, "text")).reason is reason


def test_a_peers_words_are_escaped_and_cut():
    assert printable("a\x1b[31m\r\n\u202e") == "a\\x1b[31m\\r\\n\\u202e"
    assert printable("x" * 300) == "x" * 200 + "..."


async def test_slots_go_to_those_who_wait_in_order():
    slots = KeyedLimiter(2)
    await slots.acquire("a")
    await slots.acquire("a")
    order = []

    async def wait(name):
        await slots.acquire("a")
        order.append(name)

    waiting = [asyncio.create_task(wait(name)) for name in ("first", "second", "third")]
    await asyncio.sleep(0)
    waiting[1].cancel()
    await asyncio.sleep(0)
    slots.release("a")
    slots.release("a")
    await asyncio.gather(*waiting, return_exceptions=True)
    assert order == ["first", "third"]
    slots.release("a")
    slots.release("a")
    assert len(slots) == 0, "an address is forgotten with its last slot"


async def test_a_slot_handed_to_a_cancelled_waiter_is_passed_on():
    slots = KeyedLimiter(1)
    await slots.acquire("a")
    first = asyncio.create_task(slots.acquire("a"))
    second = asyncio.create_task(slots.acquire("a"))
    await asyncio.sleep(0)
    slots.release("a")
    first.cancel()
    await asyncio.wait_for(second, 1)
    slots.release("a")
    assert len(slots) == 0


async def test_a_connection_that_times_out_leaves_no_watch_behind():
    """A number that is still watched could be nobody else's: its next owner would never get an event."""
    loop = asyncio.get_running_loop()
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for filler in (first, second):  # the queue takes one more than it says; from then on SYNs are dropped
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        with pytest.raises(NetworkError) as failed:
            await connect_one(Address("127.0.0.1", full.getsockname()[1], "ip4"), loop.time() + 0.2)
        assert failed.value.reason is Reason.TIMEOUT
        assert len(watcher_of(loop)) == 0
