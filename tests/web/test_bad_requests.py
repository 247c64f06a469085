"""Whoever can reach the port cannot fill the log."""

import asyncio
import logging

from tests.support.site import configuration, serving

NOISE = (
    b"\x16\x03\x01\x00\x05hello\r\n\r\n",
    b"GET / HTTP/9.9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\nA\x00: b\r\n\r\n",
)


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
        for noise in (
            b"\x16\x03\x01\x00\x05hello\r\n\r\n",
            b"GET / HTTP/9.9.9\r\n\r\n",
            b"GET / HTTP/1.1\r\nA\x00: b\r\n\r\n",
        ):
            assert b"400" in (await send(port, noise)).partition(b"\r\n")[0]
    assert [
        record for record in caplog.records if record.levelno >= logging.INFO and record.name == "aiohttp.server"
    ] == []
