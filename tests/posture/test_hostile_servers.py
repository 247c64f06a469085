"""Servers that answer with anything but TLS, without end, or byte by byte: a scan ends, and knows nothing."""

import asyncio
import contextlib
import itertools
import os

import pytest

from exporter.posture.exchange import MAX_BYTES, AnswerKind, Wire, has_all
from exporter.wire.records import handshake_message, record
from tests.support.scanning import Loopback, posture_of

HELLO = b"\x03\x03" + bytes(32) + b"\x00\xc0\x2f\x00"
UNOFFERED = b"\x03\x03" + bytes(32) + b"\x00\x12\x34\x00"


async def drips(writer):
    for byte in itertools.cycle(record(22, 0x0303, handshake_message(2, HELLO) + bytes(9000))):
        writer.write(bytes((byte,)))
        await writer.drain()
        await asyncio.sleep(0.01)


async def floods(writer):
    while True:
        writer.write(record(22, 0x0303, handshake_message(0, b"") * 1000))
        await writer.drain()


async def heartbeats(writer):
    while True:
        writer.write(record(24, 0x0303, bytes(16000)))
        await writer.drain()


def says(*answers):
    async def script(writer):
        for answer in answers:
            writer.write(answer)
        await writer.drain()

    return script


SCRIPTS = {
    "drips": drips,
    "floods": floods,
    "endless heartbeats": heartbeats,
    "plain text": says(b"HTTP/1.1 400 Bad Request\r\n\r\nThe plain HTTP request was sent to HTTPS port"),
    "a message of sixteen megabytes": says(record(22, 0x0303, b"\x02\xff\xff\xff" + bytes(8000))),
    "a record too long": says(b"\x16\x03\x03\xff\xff" + bytes(65535)),
    "half a hello": says(record(22, 0x0303, handshake_message(2, HELLO)[:20])),
    "a broken hello": says(record(22, 0x0303, handshake_message(2, HELLO + b"\x00\x05\x00"))),
    "an encrypted beginning": says(record(23, 0x0303, bytes(100))),
    "noise": says(os.urandom(5000)),
    "nothing but zeros": says(bytes(5000)),
}


@contextlib.asynccontextmanager
async def serving(script):
    tasks = set()

    async def handle(reader, writer):
        tasks.add(asyncio.current_task())
        try:
            await reader.read(1)
            await script(writer)
            await reader.read(-1)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("name", SCRIPTS)
async def test_a_scan_ends_and_claims_nothing(name):
    async with serving(SCRIPTS[name]) as port:
        posture = await posture_of(port, seconds=0.3)
    assert (posture.versions, posture.cipher_classes, posture.groups) == ({}, {}, {})
    assert posture.undetermined
    assert posture.timestamp is None
    assert posture.bytes_received < (MAX_BYTES + 70_000) * posture.connections


async def test_a_hello_that_goes_on_without_end_is_read_to_the_limit_and_no_further():
    async def script(writer):
        writer.write(record(22, 0x0303, handshake_message(2, HELLO)))
        await heartbeats(writer)

    async with serving(script) as port:
        reader = Wire(Loopback(port), 5.0)
        answer = await reader.ask(b"hello", has_all)
    assert answer.kind is AnswerKind.HELLO
    assert reader.bytes_received < MAX_BYTES + 70_000


async def test_a_suite_that_nobody_offered_is_in_no_class():
    """A server that names what was not offered is broken; no class is accepted on its word."""
    async with serving(says(record(22, 0x0303, handshake_message(2, UNOFFERED) + handshake_message(14, b"")))) as port:
        posture = await posture_of(port, seconds=0.3, active=False)
    assert posture.cipher_classes == {}
    assert posture.undetermined["tls12"] == "protocol_error"
