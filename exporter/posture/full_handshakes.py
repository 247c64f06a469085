"""The two checks that need a whole handshake: client-initiated renegotiation and TLS 1.3 early data.

OpenSSL makes the handshakes, over memory buffers. Renegotiation is asked for once; early data is never sent: the
server's ticket says whether it would be taken.
"""

import asyncio
from typing import Any

from OpenSSL import SSL

from exporter.net.reason import NetworkError, Reason
from exporter.net.stream import Stream
from exporter.posture.evidence import Unanswered
from exporter.posture.exchange import Wire
from exporter.wire.iana import TLS_1_2, TLS_1_3

_CHUNK = 65536
_TICKET_SECONDS = 0.3  # a TLS 1.3 server sends its tickets with or right after its last message
_VERIFIED_NOWHERE = SSL.VERIFY_NONE  # whose certificate it is does not matter here
_OP_LEGACY_SERVER_CONNECT = 0x4
_NO_RENEGOTIATION = "no renegotiation"


class HandshakeRefused(Exception):  # noqa: N818 - it is an answer, not a fault
    """The server refuses a whole handshake, as one does that wants a client certificate: the check does not apply."""


class Handshake:
    """A handshake under way over a stream."""

    def __init__(self, wire: Wire, stream: Stream, version: int, server_name: str | None) -> None:
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_min_proto_version(min(version, TLS_1_2) if version < TLS_1_3 else TLS_1_3)
        context.set_max_proto_version(version)
        context.set_cipher_list(b"ALL:eNULL:@SECLEVEL=0")
        context.set_options(_OP_LEGACY_SERVER_CONNECT)
        context.set_verify(_VERIFIED_NOWHERE)
        self.wire = wire
        self.stream = stream
        self.connection = SSL.Connection(context, None)
        if server_name:
            self.connection.set_tlsext_host_name(server_name.encode("ascii"))
        self.connection.set_connect_state()

    async def drive(self) -> None:
        """Go on until the handshake is complete. Raises NetworkError and SSL.Error."""
        while True:
            try:
                self.connection.do_handshake()
            except SSL.WantReadError:
                self.flush()
                await self.feed(self.wire.seconds)
            else:
                self.flush()
                return

    async def feed(self, seconds: float) -> None:
        """Give OpenSSL what arrives next. Raises NetworkError."""
        data = await self.wire.receive(self.stream, seconds)
        if not data:
            raise NetworkError(Reason.CLOSED, "the peer closed the connection")
        self.connection.bio_write(data)

    def flush(self) -> None:
        """Send what OpenSSL has written."""
        while True:
            try:
                self.wire.send(self.stream, self.connection.bio_read(_CHUNK))
            except SSL.WantReadError:
                return


async def _completed(wire: Wire, version: int, server_name: str | None) -> Handshake:
    try:
        stream = await wire.open()
    except NetworkError as error:
        raise Unanswered(error.reason) from None
    handshake = Handshake(wire, stream, version, server_name)
    try:
        await handshake.drive()
    except NetworkError as error:
        stream.close()
        raise Unanswered(error.reason) from None
    except SSL.Error:
        stream.close()
        raise HandshakeRefused from None
    except BaseException:
        stream.close()
        raise
    return handshake


async def client_renegotiation(wire: Wire, version: int, server_name: str | None) -> bool:
    """Tell whether the server goes along when the client begins a second handshake.

    Raises Unanswered and HandshakeRefused.

    Refused is what a no_renegotiation alert, any fatal alert or the end of the connection answers (RFC 5246
    section 7.2.2). Silence is no answer.
    """
    handshake = await _completed(wire, version, server_name)
    try:
        handshake.connection.renegotiate()
        await handshake.drive()
    except NetworkError as error:
        if error.reason in (Reason.CLOSED, Reason.RESET):
            return False
        raise Unanswered(error.reason) from None
    except SSL.Error:
        return False
    else:
        return True
    finally:
        handshake.stream.close()


async def early_data(wire: Wire, server_name: str | None) -> bool:
    """Tell whether a TLS 1.3 server's ticket permits early data (RFC 8446 section 4.6.1).

    Raises Unanswered and HandshakeRefused.
    A server that sends no ticket permits none. pyOpenSSL has no public name for SSL_SESSION_get_max_early_data(3).
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    handshake = await _completed(wire, TLS_1_3, server_name)
    deadline = loop.time() + max(_TICKET_SECONDS, 2 * (loop.time() - began))
    try:
        while not _max_early_data(handshake.connection):
            await handshake.feed(deadline - loop.time())
    except NetworkError as error:
        if error.reason is Reason.RESET:
            raise Unanswered(error.reason) from None
        return False
    finally:
        handshake.stream.close()
    return True


def _max_early_data(connection: SSL.Connection) -> int:
    try:
        connection.recv(1)  # reads tickets, which come as records of their own
    except (SSL.WantReadError, SSL.ZeroReturnError, SSL.SysCallError):
        pass
    except SSL.Error:
        raise HandshakeRefused from None
    library: Any = SSL._lib  # type: ignore[attr-defined]  # noqa: SLF001
    session = connection.get_session()
    if session is None:
        return 0
    return int(library.SSL_SESSION_get_max_early_data(session._session))  # noqa: SLF001
