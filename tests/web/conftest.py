"""Servers behind a web configuration, and a client of theirs."""

import aiohttp
import pytest

from exporter.web.access import WebConfig
from tests.support.web_access import Server


@pytest.fixture
async def serve_behind():
    servers = []

    async def start(path):
        server = Server(WebConfig.load(str(path) if path else ""))
        await server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        await server.runner.cleanup()


@pytest.fixture
async def visitor():
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True)) as session:
        yield session
