"""The two checks that need a whole handshake: client-initiated renegotiation and TLS 1.3 early data.

OpenSSL makes the handshakes, over memory buffers. Renegotiation is asked for once. Early data is offered and none is
sent: what a server's ticket permits is no promise (RFC 8446 section 4.2.10), so a resumed handshake is made.
"""

import asyncio
from typing import Any

from OpenSSL import SSL

from exporter.net.reason import NetworkError, Reason
from exporter.net.stream import Stream
from exporter.posture.evidence import Unanswered
from exporter.posture.exchange import Wire
from exporter.probe.handshake import TLSStream
from exporter.probe.leave import leave
from exporter.wire.iana import TLS_1_2, TLS_1_3

_CHUNK = 65536
_TICKET_SECONDS = 0.3  # a TLS 1.3 server sends its tickets with or right after its last message
_VERIFIED_NOWHERE = SSL.VERIFY_NONE  # whose certificate it is does not matter here
_OP_LEGACY_SERVER_CONNECT = 0x4
_END_OF_EARLY_DATA = b"write end of early data"


class HandshakeRefused(Exception):  # noqa: N818 - it is an answer, not a fault
    """The server refuses a whole handshake, as one does that wants a client certificate: the check does not apply."""


class OpenHandshake:
    """A handshake in progress over a stream."""

    def __init__(self, wire: Wire, stream: Stream, context: SSL.Context, server_name: str | None) -> None:
        self.wire = wire
        self.stream = stream
        self.connection = SSL.Connection(context, None)
        if server_name:
            self.connection.set_tlsext_host_name(server_name.encode("ascii"))
        self.connection.set_connect_state()

    async def drive(self, seconds: float | None = None) -> None:
        """Go on until the handshake is complete; `seconds` bounds each read. Raises NetworkError and SSL.Error."""
        while True:
            try:
                self.connection.do_handshake()
            except SSL.WantReadError:
                self.flush()
                await self.feed(self.wire.seconds if seconds is None else seconds)
            else:
                self.flush()
                return

    async def leave(self) -> None:
        """End the session as its protocol and RFC 8446 section 6.1 want it, and the connection in order."""
        await leave(TLSStream(self.connection, self.stream), self.wire.farewell())

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


def _context(version: int, states: list[bytes] | None = None) -> SSL.Context:
    """Return a context for a version; the states that its handshakes go through are put into `states`."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(min(version, TLS_1_2) if version < TLS_1_3 else TLS_1_3)
    context.set_max_proto_version(version)
    context.set_cipher_list(b"ALL:eNULL:@SECLEVEL=0")
    context.set_options(_OP_LEGACY_SERVER_CONNECT)
    context.set_verify(_VERIFIED_NOWHERE)
    if states is not None:
        context.set_info_callback(lambda connection, _where, _code: states.append(connection.get_state_string()))
    return context


async def _opened(wire: Wire, context: SSL.Context, server_name: str | None) -> OpenHandshake:
    try:
        stream = await wire.open()
    except NetworkError as error:
        raise Unanswered(error.reason) from None
    return OpenHandshake(wire, stream, context, server_name)


async def _completed(wire: Wire, context: SSL.Context, server_name: str | None) -> OpenHandshake:
    handshake = await _opened(wire, context, server_name)
    try:
        await handshake.drive()
    except NetworkError as error:
        handshake.stream.finish()
        raise Unanswered(error.reason) from None
    except SSL.Error:
        handshake.stream.finish()
        raise HandshakeRefused from None
    except BaseException:
        handshake.stream.close()
        raise
    return handshake


async def client_renegotiation(wire: Wire, version: int, server_name: str | None) -> bool:
    """Return whether the server goes along when the client begins a second handshake.

    Raises Unanswered and HandshakeRefused.

    Refused is what a no_renegotiation alert, any fatal alert or the end of the connection answers (RFC 5246
    section 7.2.2), and silence: a server may ignore the request, and s2n-tls does.
    """
    handshake = await _completed(wire, _context(version), server_name)
    try:
        handshake.connection.renegotiate()
        await handshake.drive(wire.patience)
    except NetworkError as error:
        if error.reason in (Reason.CLOSED, Reason.RESET, Reason.TIMEOUT):
            return False
        raise Unanswered(error.reason) from None
    except SSL.Error:
        return False
    else:
        return True
    finally:
        await handshake.leave()


async def early_data(wire: Wire, server_name: str | None) -> bool:
    """Return whether a TLS 1.3 server takes early data (RFC 8446 section 4.2.10), by resuming a session once.

    Raises Unanswered and HandshakeRefused. A server that sends no ticket, or one that permits none, takes none.
    """
    states: list[bytes] = []
    context = _context(TLS_1_3, states)
    session = await _session_with_early_data(wire, context, server_name)
    if session is None:
        return False
    states.clear()
    handshake = await _opened(wire, context, server_name)
    handshake.connection.set_session(session)
    try:
        _offer_early_data(handshake.connection)
        handshake.flush()
        await handshake.drive()
    except NetworkError as error:
        raise Unanswered(error.reason) from None
    except SSL.Error:
        raise HandshakeRefused from None
    finally:
        await handshake.leave()
    # OpenSSL sends EndOfEarlyData only if the server's EncryptedExtensions have early_data in them.
    return any(_END_OF_EARLY_DATA in state for state in states)


async def _session_with_early_data(wire: Wire, context: SSL.Context, server_name: str | None) -> SSL.Session | None:
    """Return a session whose ticket permits early data, None if none came. Raises Unanswered and HandshakeRefused."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    handshake = await _completed(wire, context, server_name)
    deadline = loop.time() + max(_TICKET_SECONDS, 2 * (loop.time() - began))
    try:
        while (session := _read_session(handshake.connection)) is None:
            await handshake.feed(deadline - loop.time())
    except NetworkError as error:
        if error.reason is Reason.RESET:
            raise Unanswered(error.reason) from None
        return None
    finally:
        await handshake.leave()
    return session


def _read_session(connection: SSL.Connection) -> SSL.Session | None:
    """Read what has come, and return the session if its ticket permits early data.

    pyOpenSSL has no public name for SSL_SESSION_get_max_early_data(3).
    """
    try:
        connection.recv(1)  # reads tickets, which come as records of their own
    except (SSL.WantReadError, SSL.ZeroReturnError, SSL.SysCallError):
        pass
    except SSL.Error:
        raise HandshakeRefused from None
    library: Any = SSL._lib  # type: ignore[attr-defined]  # noqa: SLF001
    session = connection.get_session()
    if session is None or not library.SSL_SESSION_get_max_early_data(session._session):  # noqa: SLF001
        return None
    return session


def _offer_early_data(connection: SSL.Connection) -> None:
    """Begin a handshake that offers early data, and send none. pyOpenSSL has no name for SSL_write_early_data(3)."""
    library: Any = SSL._lib  # type: ignore[attr-defined]  # noqa: SLF001
    written = SSL._ffi.new("size_t *")  # type: ignore[attr-defined]  # noqa: SLF001
    library.SSL_write_early_data(connection._ssl, b"", 0, written)  # noqa: SLF001
