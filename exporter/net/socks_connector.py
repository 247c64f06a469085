"""aiohttp's connections through a SOCKS5 proxy, by the dialogue of `wire`: the library knows HTTP proxies only."""

import asyncio
import contextlib
import functools
import socket
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

from exporter.config.model import ProxyConfig
from exporter.net.dns_threads import DNSThreadPool
from exporter.wire.dialogue import DialogueError
from exporter.wire.socks5 import socks5

_CHUNK = 4096


class SocksError(aiohttp.ClientError):
    """The proxy did not connect; the message says why."""


class SocksConnector(aiohttp.BaseConnector):
    """Connects to every host through one proxy, which resolves their names."""

    def __init__(self, proxy: ProxyConfig, names: DNSThreadPool) -> None:
        super().__init__(force_close=True)
        self._proxy = proxy
        self._names = names

    async def _create_connection(self, req: aiohttp.ClientRequest, *_: Any) -> ResponseHandler:
        """Return a connection to a request's host, as each of aiohttp's connectors has to."""
        loop = asyncio.get_running_loop()
        host, port = str(req.url.host), int(req.url.port or 80)
        connected = await self._connected(loop)
        try:
            await self._negotiate(loop, connected, host, port)
            make = functools.partial(ResponseHandler, loop=loop)
            made = await loop.create_connection(make, sock=connected)
        except BaseException:
            connected.close()
            raise
        return made[1]

    async def _connected(self, loop: asyncio.AbstractEventLoop) -> socket.socket:
        """Connect to the proxy. Raises SocksError."""
        found = await self._names.look_up(self._proxy.host, self._proxy.port, socket.AF_UNSPEC, 0, socket.AI_ADDRCONFIG)
        problem = "it has no address"
        for family, _, _, _, address in found:
            made = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            try:
                await loop.sock_connect(made, address)
            except OSError as failed:
                made.close()
                problem = failed.strerror or str(failed)
            except BaseException:
                made.close()
                raise
            else:
                return made
        raise SocksError(f"no connection to the proxy {self._proxy.host}: {problem}")

    async def _negotiate(self, loop: asyncio.AbstractEventLoop, connected: socket.socket, host: str, port: int) -> None:
        password = self._proxy.password.reveal() if self._proxy.password is not None else ""
        dialogue = socks5(host, port, self._proxy.username, password)
        with contextlib.closing(dialogue):
            try:
                step = next(dialogue)
                while True:
                    if step:
                        await loop.sock_sendall(connected, step)
                        step = dialogue.send(b"")
                    else:
                        step = dialogue.send(await loop.sock_recv(connected, _CHUNK))
            except StopIteration as end:
                if end.value:  # HTTP servers speak second
                    raise SocksError("the peer spoke before it was asked") from None
            except DialogueError as error:
                raise SocksError(error.detail) from None
