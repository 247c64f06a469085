"""A client that can reach the port cannot fill the log."""

import asyncio
import contextlib
import logging

import pytest

from tests.support.site import configuration, serving

NOISE = (
    b"\x16\x03\x01\x00\x05hello\r\n\r\n",
    b"GET / HTTP/9.9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\nA\x00: b\r\n\r\n",
)
MEGABYTE = 1024 * 1024


async def send(port, data):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    answer = await reader.read()
    writer.close()
    return answer


async def test_requests_that_are_no_http_are_answered_and_not_logged_as_errors(caplog):
    caplog.set_level(logging.INFO)
    async with serving(configuration("closed.example:1")) as site:
        port = int(site.url.rsplit(":", 1)[1])
        for noise in NOISE:
            assert b"400" in (await send(port, noise)).partition(b"\r\n")[0]
    assert [
        record for record in caplog.records if record.levelno >= logging.INFO and record.name == "aiohttp.server"
    ] == []


@pytest.mark.parametrize(
    ("beginning", "endless"),
    [
        (b"GET /", b"a"),
        (b"GET / HTTP/1.1\r\nA: ", b"a"),
        (b"GET / HTTP/1.1\r\n", b"A: b\r\n"),
        (b"GET / HTTP/1.1\r\n", b"A: b\r\n" * 1000),
    ],
    ids=["path", "header", "headers", "headers-at-once"],
)
async def test_a_request_without_end_is_cut(beginning, endless):
    """Long before it takes memory; others are answered meanwhile and afterwards."""
    async with serving(configuration("closed.example:1")) as site:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(site.url.rsplit(":", 1)[1]))
        writer.write(beginning)
        sent, cut = 0, False
        with contextlib.suppress(ConnectionError):
            while not (cut := reader.at_eof()) and sent < 8 * MEGABYTE:
                writer.write(endless * (16384 // len(endless) + 1))
                sent += 16384
                await writer.drain()
                await asyncio.sleep(0)
        async with asyncio.timeout(30):
            assert cut or writer.transport.is_closing() or b"400" in await reader.readline()
        writer.close()
        assert (await site.get("/-/healthy"))[0] == 200


async def test_a_body_that_is_too_large_is_refused():
    async with serving(configuration("closed.example:1")) as site:
        port = int(site.url.rsplit(":", 1)[1])
        head = b"POST /target HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n" % port
        head += b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n" % MEGABYTE
        answer = await send(port, head + b"a" * MEGABYTE)
        assert answer.startswith(b"HTTP/1.1 413 ")
