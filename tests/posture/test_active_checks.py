"""The active checks against servers that have the flaw: no maintained program has any, so scripts answer as they did.

Each script speaks real records: a first flight up to ServerHelloDone, and then what the flawed or correct code does.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from exporter.posture import active_messages, hellos
from exporter.posture.evidence import Unanswered
from exporter.posture.exchange import Wire
from exporter.posture.facts import Oracle
from exporter.wire import heartbeat
from exporter.wire.records import RecordReader, alert, handshake_message, record
from tests.support.scanning import Loopback
from tests.support.servers.credential import make_credential

SCRIPT = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
SUITES = hellos.RSA_SUITES


def flight(certificate: bytes, *, with_heartbeat: bool = True) -> bytes:
    extensions = b"\x00\x0f\x00\x01\x01" if with_heartbeat else b""
    hello = b"\x03\x03" + bytes(32) + b"\x00" + b"\x00\x9c" + b"\x00" + len(extensions).to_bytes(2) + extensions
    chain = len(certificate).to_bytes(3) + certificate
    messages = handshake_message(2, hello) + handshake_message(11, len(chain).to_bytes(3) + chain)
    return record(22, 0x0303, messages + handshake_message(14, b""))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_credential(tmp_path_factory.mktemp("active")).der


@contextlib.asynccontextmanager
async def server(first: bytes, script: SCRIPT) -> AsyncIterator[Wire]:
    tasks = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        try:
            await reader.read(65536)
            writer.write(first)
            await script(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    listener = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield Wire(Loopback(listener.sockets[0].getsockname()[1]), 2.0, silence=0.2)
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.01)


def hello():
    return hellos.feature_hello(bytes(32), "localhost")


async def silence(reader, writer):
    await reader.read(-1)


async def closes(reader, writer):
    await reader.read(1)


def answers(*bytes_by_arrival: bytes) -> SCRIPT:
    async def script(reader, writer):
        for answer in bytes_by_arrival:
            await reader.read(65536)
            writer.write(answer)
        await reader.read(-1)

    return script


# Heartbleed


def echoing(*, checks_length: bool) -> SCRIPT:
    """Answer heartbeats as tls1_process_heartbeat of OpenSSL 1.0.1 did, with or without the correction of 1.0.1g."""

    async def script(reader, writer):
        records = RecordReader()
        while data := await reader.read(65536):
            for one in records.feed_untrusted(data):
                declared = int.from_bytes(one.content[1:3])
                if checks_length and 3 + declared + 16 > len(one.content):
                    continue
                memory = one.content[3 : 3 + declared]
                writer.write(record(24, one.version, b"\x02" + declared.to_bytes(2) + memory + bytes(16)))

    return script


@pytest.mark.parametrize(("checks_length", "vulnerable"), [(False, True), (True, False)])
async def test_heartbleed(checks_length, vulnerable, certificate):
    async with server(flight(certificate), echoing(checks_length=checks_length)) as wire:
        assert await active_messages.heartbleed(wire, hello()) is vulnerable


async def test_a_server_without_heartbeats_is_not_sent_any(certificate):
    async with server(flight(certificate, with_heartbeat=False), silence) as wire:
        assert await active_messages.heartbleed(wire, hello()) is False
    assert wire.bytes_sent < heartbeat.PAYLOAD_LENGTH


@pytest.mark.parametrize("script", [closes, answers(alert(2, 10, 0x0303))])
async def test_a_server_that_ends_on_a_heartbeat_is_not_vulnerable(script, certificate):
    """GnuTLS answers with unexpected_message."""
    async with server(flight(certificate), script) as wire:
        assert await active_messages.heartbleed(wire, hello()) is False


async def test_silence_to_heartbeats_tells_nothing(certificate):
    async with server(flight(certificate), silence) as wire:
        wire.seconds = 0.2
        with pytest.raises(Unanswered, match="timeout"):
            await active_messages.heartbleed(wire, hello())


# CVE-2014-0224

EARLY = [
    pytest.param(answers(alert(2, 10, 0x0303)), False, id="answers-at-once"),
    pytest.param(closes, False, id="closes-at-once"),
    pytest.param(answers(b"", alert(2, 20, 0x0303)), True, id="bad-record-mac-to-the-second"),
    pytest.param(answers(b"", alert(2, 21, 0x0303)), True, id="decryption-failed-to-the-second"),
    pytest.param(answers(b"", alert(2, 10, 0x0303)), False, id="slow-answer-to-the-first"),
]


@pytest.mark.parametrize(("script", "vulnerable"), EARLY)
async def test_early_change_cipher_spec(script, vulnerable, certificate):
    async with server(flight(certificate), script) as wire:
        assert await active_messages.early_ccs(wire, hello()) is vulnerable


async def test_closing_on_the_second_change_cipher_spec_is_the_flaw(certificate):
    """Node 0.10 with OpenSSL 1.0.1e closes without an alert."""

    async def script(reader, writer):
        await reader.read(6)
        await reader.read(6)

    async with server(flight(certificate), script) as wire:
        assert await active_messages.early_ccs(wire, hello()) is True


async def test_silence_to_both_tells_nothing(certificate):
    async with server(flight(certificate), silence) as wire:
        with pytest.raises(Unanswered, match="timeout"):
            await active_messages.early_ccs(wire, hello())


# ROBOT


async def oracle_of(wire: Wire) -> Oracle:
    return await active_messages.robot_oracle(
        wire, lambda: hellos.hello_up_to_1_2(0x0303, SUITES, bytes(32), None), lambda count: b"\x55" * count
    )


async def test_a_server_that_treats_all_paddings_alike(certificate):
    async with server(flight(certificate), answers(alert(2, 20, 0x0303))) as wire:
        assert await oracle_of(wire) is Oracle.NONE
    assert wire.connections == 5


async def test_a_server_that_answers_by_chance_is_unknown(certificate):
    """Different once, and not in the same way again: this is no oracle, and no proof of its absence."""
    count = iter(range(1000))

    async def script(reader, writer):
        await reader.read(65536)
        writer.write(alert(2, 20 if next(count) % 3 else 40, 0x0303))
        await reader.read(-1)

    async with server(flight(certificate), script) as wire:
        with pytest.raises(Unanswered, match="unsteady"):
            await oracle_of(wire)


async def test_ends_and_resets_that_vary_are_alike(certificate):
    count = iter(range(1000))

    async def script(reader, writer):
        await reader.read(65536)
        writer.write(alert(2, 20, 0x0303))
        if next(count) % 3:
            writer.transport.abort()
        await writer.drain()

    async with server(flight(certificate), script) as wire:
        assert await oracle_of(wire) is Oracle.NONE


async def test_a_certificate_that_cannot_be_read_leaves_robot_unknown():
    async with server(flight(b"no certificate"), silence) as wire:
        with pytest.raises(Unanswered, match="no_rsa_key"):
            await oracle_of(wire)
