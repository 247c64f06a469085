"""Sockets watched edge by edge: no event of a peer is lost, late, or delivered to another socket's owner."""

import asyncio
import contextlib
import gc
import socket
import struct
import time
from pathlib import Path

import pytest

from exporter.net import watcher
from exporter.net.portable_watcher import PortableWatcher
from exporter.net.reason import NetworkError, Reason
from exporter.net.stream import CHUNK, SocketStream
from exporter.net.watcher import watcher_of

WATCHERS = {"portable": PortableWatcher}
with contextlib.suppress(ImportError):  # Linux only
    from exporter.net.epoll import EpollWatcher

    WATCHERS["epoll"] = EpollWatcher


@pytest.fixture(autouse=True, params=WATCHERS)
def implementation(request, monkeypatch):
    """Every test runs with both implementations: a stream cannot tell them apart."""
    monkeypatch.setattr(watcher, "make_watcher", WATCHERS[request.param])
    return request.param


MANY = 150  # more than are reported at once
LONG = bytes(range(256)) * 40_000  # more than a socket's buffers hold


def soon(seconds=5.0):
    return asyncio.get_running_loop().time() + seconds


async def connected(deadline=None):
    """Return a stream over TCP and the blocking socket at its other end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        unconnected = socket.socket()
        unconnected.setblocking(False)
        stream = SocketStream(unconnected, deadline or soon())
        await stream.connect(server.getsockname())
        return stream, server.accept()[0]


async def read_on(stream):
    """Read to the end."""
    parts = []
    while data := await stream.read():
        parts.append(data)
    return b"".join(parts)


async def test_bytes_and_the_end_that_came_together_are_both_reported():
    stream, peer = await connected()
    peer.sendall(b"last words")
    peer.close()
    await asyncio.sleep(0.05)
    assert await stream.read() == b"last words"
    assert await stream.read() == b""
    stream.close()


async def test_an_end_that_comes_after_the_bytes_were_read_is_reported():
    stream, peer = await connected()
    peer.sendall(b"a")
    assert await stream.read() == b"a"
    report = asyncio.create_task(stream.read())
    await asyncio.sleep(0.05)
    assert not report.done()
    peer.close()
    assert await report == b""
    stream.close()


async def test_more_than_is_read_at_once_needs_no_further_news():
    stream, peer = await connected()
    peer.sendall(LONG[: 3 * CHUNK])
    await asyncio.sleep(0.05)
    sizes = [len(await stream.read()) for _ in range(3)]
    assert sizes == [CHUNK] * 3
    peer.close()
    assert await stream.read() == b""
    stream.close()


async def test_a_flood_holds_up_neither_the_loop_nor_the_deadline():
    stream, peer = await connected(soon(0.2))
    peer.sendall(LONG[: 4 * CHUNK])
    await asyncio.sleep(0.05)
    assert len(await stream.read()) == CHUNK
    turned = []
    asyncio.get_running_loop().call_soon(turned.append, True)
    assert len(await stream.read()) == CHUNK
    assert turned
    time.sleep(0.2)  # noqa: ASYNC251 - as long as it takes others
    with pytest.raises(NetworkError) as caught:
        await read_on(stream)
    assert caught.value.reason is Reason.TIMEOUT
    peer.close()


async def test_bytes_before_a_reset_are_reported_before_it():
    stream, peer = await connected()
    peer.sendall(b"alert")
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    await asyncio.sleep(0.05)
    assert await stream.read() == b"alert"
    peer.close()
    with pytest.raises(NetworkError) as caught:
        await stream.read()
    assert caught.value.reason is Reason.RESET


async def test_bytes_behind_urgent_data_need_no_further_news():
    stream, peer = await connected(soon(1))
    peer.sendall(b"before")
    peer.send(b"!", socket.MSG_OOB)
    peer.sendall(b"behind")
    await asyncio.sleep(0.05)
    received = b""
    while len(received) < len(b"beforebehind"):
        received += await stream.read()
    assert received == b"beforebehind"
    peer.close()
    assert await stream.read() == b""
    stream.close()


async def test_what_does_not_fit_is_sent_when_it_does():
    stream, peer = await connected(soon(20))
    stream.write(LONG)
    stream.write(b"the end")

    def take():
        with peer:
            received = bytearray()
            while len(received) < len(LONG) + 7:
                received += peer.recv(1 << 20)
        return bytes(received)

    assert await asyncio.to_thread(take) == LONG + b"the end"
    assert await stream.read() == b""
    stream.close()


async def test_many_at_once_all_have_their_turn():
    pairs = [await connected() for _ in range(MANY)]
    report = [asyncio.create_task(read_on(stream)) for stream, _ in pairs]
    await asyncio.sleep(0)
    for number, (_, peer) in enumerate(pairs):
        peer.sendall(b"%d" % number)
        peer.close()
    assert await asyncio.gather(*report) == [b"%d" % number for number in range(MANY)]
    for stream, _ in pairs:
        stream.close()
    assert len(watcher_of(asyncio.get_running_loop())) == 0


async def test_every_deadline_holds_in_whichever_order_they_were_set():
    began = time.monotonic()
    seconds = (0.4, 0.1, 0.25, 0.1)
    pairs = [await connected(soon(one)) for one in seconds]

    async def until_the_end(stream):
        with pytest.raises(NetworkError) as caught:
            await stream.read()
        assert caught.value.reason is Reason.TIMEOUT
        return time.monotonic() - began

    took = await asyncio.gather(*(until_the_end(stream) for stream, _ in pairs))
    for one, wanted in zip(took, seconds, strict=True):
        assert wanted <= one
    assert sorted(seconds) == [wanted for _, wanted in sorted(zip(took, seconds, strict=True))]
    for _, peer in pairs:
        peer.close()


async def test_where_memory_ends_once_later_deadlines_hold(monkeypatch):
    loop = asyncio.get_running_loop()

    def fail_once(*_args, **_named):
        monkeypatch.undo()
        raise MemoryError

    monkeypatch.setattr(loop, "call_at", fail_once)
    with socket.socket() as unconnected, pytest.raises(MemoryError):
        SocketStream(unconnected, soon(0.1))
    stream, peer = await connected(soon(0.2))
    with pytest.raises(NetworkError) as caught:
        await asyncio.wait_for(stream.read(), 2)
    assert caught.value.reason is Reason.TIMEOUT
    peer.close()
    assert len(watcher_of(loop)) == 0


async def test_a_fault_at_one_deadline_leaves_the_others(monkeypatch):
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "call_exception_handler", lambda _: None)
    when = soon(0.1)
    (first, first_peer), (second, second_peer) = await connected(when), await connected(when)

    def fail_once():
        monkeypatch.undo()
        raise MemoryError

    monkeypatch.setattr(first, "expire", fail_once)
    for stream in (second, first):
        with pytest.raises(NetworkError) as caught:
            await asyncio.wait_for(stream.read(), 2)
        assert caught.value.reason is Reason.TIMEOUT
    first_peer.close()
    second_peer.close()


async def test_a_fault_in_telling_one_leaves_none_of_the_others_untold(monkeypatch):
    faults = []
    monkeypatch.setattr(asyncio.get_running_loop(), "call_exception_handler", faults.append)
    pairs = [await connected() for _ in range(10)]
    report = [asyncio.create_task(stream.read()) for stream, _ in pairs]
    await asyncio.sleep(0.05)

    def fail(_):
        raise MemoryError

    monkeypatch.setattr(pairs[0][0], "notice", fail)
    for _, peer in pairs:
        peer.sendall(b"x")
    assert await asyncio.wait_for(asyncio.gather(*report[1:]), 2) == [b"x"] * 9
    assert isinstance(faults[0]["exception"], MemoryError)
    pairs[0][0].close()
    await asyncio.gather(*report)
    for stream, peer in pairs:
        stream.close()
        peer.close()


async def test_a_closed_socket_gets_no_event_of_the_next_one_with_its_number():
    stream, peer = await connected()
    number = stream.descriptor
    peer.sendall(b"for the first")
    stream.close()
    peer.close()
    other, other_peer = await connected()
    while other.descriptor != number:  # something else took the number in between
        other, other_peer = await connected()
    report = asyncio.create_task(other.read())
    await asyncio.sleep(0.05)
    assert not report.done()
    other_peer.sendall(b"for the second")
    assert await report == b"for the second"
    other.close()
    other_peer.close()


def test_loops_that_have_ended_keep_no_descriptors():
    """Though a deadline was still to come when they ended."""

    async def connect_and_close():
        stream, peer = await connected(soon(100))
        peer.close()
        stream.close()

    asyncio.run(connect_and_close())
    gc.collect()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        asyncio.run(connect_and_close())
    gc.collect()
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
