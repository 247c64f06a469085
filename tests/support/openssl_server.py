"""A TLS server on the loopback with one OpenSSL context: it completes handshakes and waits for clients to leave."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from OpenSSL import SSL


@asynccontextmanager
async def serving_context(context: SSL.Context) -> AsyncIterator[str]:
    """Serve a context for the length of a block; yield the target."""
    handlers: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.append(asyncio.current_task())
        connection = SSL.Connection(context, None)
        connection.set_accept_state()
        with suppress(OSError):
            while data := await reader.read(65536):
                connection.bio_write(data)
                with suppress(SSL.Error):
                    connection.do_handshake()
                with suppress(SSL.WantReadError):
                    while True:
                        writer.write(connection.bio_read(65536))
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        await asyncio.gather(*handlers)
