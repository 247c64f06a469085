"""A TLS server on the loopback that presents any chain: with a real handshake where OpenSSL can make one.

A leaf that no library would serve (a broken one, a forbidden key) is sent in a hand-built flight of TLS 1.2 up to
ServerHelloDone, and the connection then stays silent until the client leaves.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from OpenSSL import SSL

from tests.support.pki import Issued

_SERVER_HELLO = b"\x02\x00\x00\x26" + b"\x03\x03" + bytes(32) + b"\x00" + b"\xc0\x2f" + b"\x00"
_SERVER_HELLO_DONE = b"\x0e\x00\x00\x00"


@asynccontextmanager
async def presenting(chain: Sequence[Issued], staple: bytes | None = None) -> AsyncIterator[int]:
    """Serve a chain, leaf first, on 127.0.0.1 for the length of a block; yield the port."""
    try:
        context = _context(chain, staple)
    except (SSL.Error, ValueError, TypeError, Warning):
        context = None

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, SSL.Error):
            if context is None or not await _handshake(context, reader, writer):
                await _flight(chain, reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def _context(chain: Sequence[Issued], staple: bytes | None) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_cipher_list(b"ALL:-aNULL:@SECLEVEL=0")
    context.use_certificate(chain[0].parsed)
    for one in chain[1:]:
        context.add_extra_chain_cert(one.parsed)
    context.use_privatekey(chain[0].key)
    context.check_privatekey()
    if staple is not None:
        context.set_ocsp_server_callback(lambda _connection, _data: staple)
    return context


async def _handshake(context: SSL.Context, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Shake hands and wait for the client to leave; False if OpenSSL cannot serve this leaf."""
    connection = SSL.Connection(context, None)
    connection.set_accept_state()
    while True:
        try:
            connection.do_handshake()
        except SSL.WantReadError:
            _send(connection, writer)
            data = await reader.read(65536)
            if not data:
                return True
            connection.bio_write(data)
        except SSL.Error:
            return False
        else:
            break
    _send(connection, writer)
    while await reader.read(65536):
        pass
    return True


def _send(connection: SSL.Connection, writer: asyncio.StreamWriter) -> None:
    with suppress(SSL.WantReadError):
        while data := connection.bio_read(65536):
            writer.write(data)


async def _flight(chain: Sequence[Issued], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    entries = b"".join(len(one.der).to_bytes(3, "big") + one.der for one in chain)
    certificates = len(entries).to_bytes(3, "big") + entries
    message = b"\x0b" + len(certificates).to_bytes(3, "big") + certificates
    flight = _SERVER_HELLO + message + _SERVER_HELLO_DONE
    for start in range(0, len(flight), 16384):
        fragment = flight[start : start + 16384]
        writer.write(b"\x16\x03\x03" + len(fragment).to_bytes(2, "big") + fragment)
    await writer.drain()
    while await reader.read(65536):
        pass
