"""The TLS handshake: OpenSSL over memory BIOs on any Stream. It always yields the certificates that were sent.

It judges nothing: any certificate is accepted. What OpenSSL could not finish is read from the clear bytes that were
received (RFC 5246 section 7.4.2: up to TLS 1.2 the Certificate message is not encrypted).
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from OpenSSL import SSL, crypto

from exporter.net.limits import MAX_AFTER_HANDSHAKE_BYTES, MAX_CERTIFICATES, MAX_HANDSHAKE_BYTES, MAX_PIECES
from exporter.net.reason import NetworkError, Reason
from exporter.net.stream import Stream
from exporter.probe.handshake_failure import PROTOCOLS, error_of, flight_failure, flight_session
from exporter.probe.openssl_contexts import Delivered
from exporter.probe.result import Handshake, Session
from exporter.wire import iana
from exporter.wire.dh_groups import is_too_expensive
from exporter.wire.records import WireError
from exporter.wire.server_flight import ServerFlight, ServerFlightReader
from exporter.wire.serverhello import read_scts_untrusted
from exporter.wire.tls13.messages import read_certificate_untrusted

CHUNK = 65536
# A TLS 1.3 client that was asked for nothing ends with ChangeCipherSpec (appendix D.4 of RFC 8446) and Finished:
# 6 bytes, and record header, handshake header, SHA-384, content type, AEAD tag.
LONGEST_FINAL_FLIGHT = 6 + 5 + 4 + 48 + 1 + 16
# How long a TLS 1.3 server may think about our client certificate. That there is none, it sees at once.
VERDICT_SECONDS = 1.0
LEAST_VERDICT_SECONDS = 0.2
VERDICT_ROUND_TRIPS = 4


_START = 256  # bytes from which a peer that speaks something else is recognised


@dataclass(slots=True)
class _Received:
    """The bytes of the server until the handshake is over, parsed next to OpenSSL as far as they are not encrypted.

    They explain a failure, and messages that would block the event loop are refused before OpenSSL reads them.
    """

    reader: ServerFlightReader = field(default_factory=ServerFlightReader)
    start: bytes = b""
    size: int = 0
    pieces: int = 0
    client_certificate_requested: bool = False  # by a TLS 1.3 server, whose request is encrypted

    def add(self, data: bytes) -> None:
        self.size += len(data)
        self.pieces += 1
        if self.pieces > MAX_PIECES:
            raise NetworkError(Reason.TOO_MUCH_DATA, f"more than {MAX_PIECES} pieces before the handshake's end")
        if len(self.start) < _START:
            self.start += data[:_START]
        if self.size > MAX_HANDSHAKE_BYTES:
            raise NetworkError(
                Reason.TOO_MUCH_DATA, f"more than {MAX_HANDSHAKE_BYTES} bytes before the handshake's end"
            )
        exchange = self.reader.feed_untrusted(data).key_exchange
        if exchange is not None and exchange.dh is not None and is_too_expensive(exchange.dh):
            detail = f"a Diffie-Hellman prime of {exchange.dh.bits} bits, which is of no standard, is not computed with"
            raise NetworkError(Reason.TOO_EXPENSIVE, detail)


MAX_RENEGOTIATIONS = 2
_THREADS = ThreadPoolExecutor(4, "tls")


class TLSStream:
    """A Stream inside an established TLS session."""

    def __init__(self, connection: SSL.Connection, stream: Stream) -> None:
        self.connection = connection
        self._stream = stream
        # Up to TLS 1.2 a peer may renegotiate, and what it then sends is encrypted: a Diffie-Hellman prime of 10,000
        # bits cannot be seen before OpenSSL computes with it, for a second. A thread lets the event loop go on, as
        # OpenSSL is called without the interpreter's lock. For TLS 1.3, and on the fast paths, there is no such thing.
        self._is_threaded = connection.get_protocol_version() != SSL.TLS1_3_VERSION
        self._in_thread = False

    @property
    def client_certificate_requested(self) -> bool:
        """True if a TLS 1.3 server has asked for the client's certificate by now."""
        delivered = self.connection.get_app_data()
        return delivered is not None and bool(delivered.certificate_requested)

    async def read(self) -> bytes:
        """Return decrypted bytes; b"" at the end. Raises NetworkError.

        A peer may renegotiate, send tickets and change its keys, but not without end.
        """
        received = 0
        while True:
            try:
                return await self._receive()
            except SSL.WantReadError:
                _flush(self.connection, self._stream)
                if self._is_threaded and self.connection.total_renegotiations() > MAX_RENEGOTIATIONS:
                    detail = f"more than {MAX_RENEGOTIATIONS} renegotiations"
                    raise NetworkError(Reason.TOO_MUCH_DATA, detail) from None
                data = await self._stream.read()
                if not data:
                    return b""
                received += len(data)
                if received > MAX_AFTER_HANDSHAKE_BYTES:
                    detail = f"more than {MAX_AFTER_HANDSHAKE_BYTES} bytes of handshake after the handshake"
                    raise NetworkError(Reason.TOO_MUCH_DATA, detail) from None
                self.connection.bio_write(data)
            except (SSL.ZeroReturnError, SSL.SysCallError):
                return b""
            except SSL.Error as error:
                raise error_of(error) from None

    async def _receive(self) -> bytes:
        if not self._is_threaded:
            return self.connection.recv(CHUNK)
        self._in_thread = True
        return await asyncio.get_running_loop().run_in_executor(_THREADS, self._receive_in_thread)

    def _receive_in_thread(self) -> bytes:
        try:
            return self.connection.recv(CHUNK)
        finally:
            self._in_thread = False

    def write(self, data: bytes) -> None:
        """Encrypt and send. Raises NetworkError."""
        if not data:  # which OpenSSL takes for an error
            return
        try:
            self.connection.send(data)
        except SSL.SysCallError:
            raise NetworkError(Reason.CLOSED, "the session has ended") from None
        except SSL.Error as error:
            raise error_of(error) from None
        _flush(self.connection, self._stream)

    def finish(self, then: Callable[[], None] | None = None) -> None:
        """End the session with close_notify (RFC 8446 section 6.1), and the connection with it."""
        if not self._in_thread:  # else the probe has given up waiting, and OpenSSL is still using the session
            with contextlib.suppress(SSL.Error):  # a session that has failed has been ended by an alert
                self.connection.shutdown()
            _flush(self.connection, self._stream)
        self._stream.finish(then)

    def close(self) -> None:
        """Close at once."""
        self._stream.close()


def _count_all(_: float) -> None:
    """Leave nothing out."""


async def handshake(
    stream: Stream,
    context: SSL.Context,
    server_name: str | None,
    leave_out: Callable[[float], None] = _count_all,
    *,
    staple: bool = True,
    upgraded: bool = False,
) -> tuple[Handshake, TLSStream | None]:
    """Complete a handshake over a stream, or return how far it came. Never raises except when cancelled.

    `leave_out` is called with the seconds spent waiting for something that need not come, to exclude them from the
    handshake's time. `staple` asks for an OCSP response, `upgraded` says that STARTTLS came before. `server_name` is
    sent as SNI; None sends none (an IP literal must never be passed, RFC 6066 section 3).
    """
    connection = SSL.Connection(context, None)
    delivered = Delivered()
    connection.set_app_data(delivered)
    if staple:
        connection.request_ocsp()
    if server_name:
        connection.set_tlsext_host_name(server_name.encode("ascii"))
    connection.set_connect_state()
    received = _Received()
    try:
        await _drive(connection, stream, received, leave_out)
    except NetworkError as error:
        return _incomplete(connection, received, delivered, error, upgraded=upgraded), None
    session = session_of(connection)
    done = Handshake(
        session=session,
        chain=chain_of(connection)[:MAX_CERTIFICATES],
        staple=delivered.staples[-1] if delivered.staples else None,
        tls_scts=_scts(delivered),
        client_certificate_requested=received.client_certificate_requested,
    )
    if session.version < 1.3:  # noqa: PLR2004 - what TLS 1.3 encrypts cannot be read beside OpenSSL
        flight = received.reader.flight
        scts = _scts(delivered, flight)
        done = replace(done, client_certificate_requested=flight.certificate_requested, tls_scts=scts)
    return done, TLSStream(connection, stream)


async def _drive(
    connection: SSL.Connection, stream: Stream, received: _Received, leave_out: Callable[[float], None]
) -> None:
    """Run the handshake to its end."""
    clock = asyncio.get_running_loop().time
    began = clock()
    while True:
        try:
            connection.do_handshake()
        except SSL.WantReadError:
            _flush(connection, stream)
            data = await stream.read()
            if not data:
                raise NetworkError(Reason.CLOSED, "the peer closed the connection during the handshake") from None
            received.add(data)
            connection.bio_write(data)
        except SSL.SysCallError:
            raise NetworkError(Reason.CLOSED, "the peer closed the connection during the handshake") from None
        except SSL.ZeroReturnError:
            raise NetworkError(Reason.CLOSED, "the peer sent close_notify during the handshake") from None
        except SSL.Error as error:
            _flush(connection, stream)  # our alert, so that the peer's log tells why
            raise error_of(error) from None
        else:
            break
    sent = _flush(connection, stream)
    if connection.get_protocol_version() == SSL.TLS1_3_VERSION and sent > LONGEST_FINAL_FLIGHT:
        received.client_certificate_requested = True  # a Certificate message went out before our Finished
        patience = VERDICT_SECONDS
        if connection.get_certificate() is None:
            patience = min(max(VERDICT_ROUND_TRIPS * (clock() - began), LEAST_VERDICT_SECONDS), VERDICT_SECONDS)
        began = clock()
        try:
            await _verdict_on_client_certificate(connection, stream, received, patience)
        finally:
            leave_out(clock() - began)


async def _verdict_on_client_certificate(
    connection: SSL.Connection, stream: Stream, received: _Received, patience: float
) -> None:
    """Wait for a TLS 1.3 server's verdict on the client certificate: its alert comes after the client's Finished.

    A server that accepts it sends tickets or nothing at all; nothing within `patience` seconds counts as acceptance.
    """
    try:
        async with asyncio.timeout(patience):
            data = await stream.read()
    except TimeoutError:
        return
    if not data:
        raise NetworkError(Reason.CLOSED, "the peer closed the connection after our client certificate")
    received.add(data)
    connection.bio_write(data)
    try:
        connection.recv(1, socket.MSG_PEEK)
    except (SSL.WantReadError, SSL.ZeroReturnError, SSL.SysCallError):
        return
    except SSL.Error as error:
        raise error_of(error) from None


def _flush(connection: SSL.Connection, stream: Stream) -> int:
    """Send what OpenSSL has written; return how many bytes."""
    sent = 0
    while True:
        try:
            data = connection.bio_read(CHUNK)
        except SSL.WantReadError:
            return sent
        stream.write(data)
        sent += len(data)


def session_of(connection: SSL.Connection) -> Session:
    """Return what a completed handshake agreed on."""
    protocol, version = PROTOCOLS[connection.get_protocol_version()]
    return Session(
        protocol=protocol,
        version=version,
        cipher=iana.cipher_suite_from_openssl(connection.get_cipher_name() or ""),
        group=iana.group_from_openssl(connection.get_group_name()),
        alpn=connection.get_alpn_proto_negotiated().decode("ascii", "backslashreplace"),
    )


def chain_of(connection: SSL.Connection) -> tuple[bytes, ...]:
    """Return the certificates that the peer presented, as DER."""
    chain = connection.get_peer_cert_chain() or []
    return tuple(crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate) for certificate in chain)


def _incomplete(
    connection: SSL.Connection, received: _Received, delivered: Delivered, error: NetworkError, *, upgraded: bool
) -> Handshake:
    """Read what can be known of a handshake that did not complete."""
    flight = received.reader.flight
    return Handshake(
        session=flight_session(flight),
        chain=(flight.certificates or _presented_untrusted(delivered) or chain_of(connection))[:MAX_CERTIFICATES],
        chain_truncated=flight.certificates_truncated,
        staple=flight.staple or (delivered.staples[-1] if delivered.staples else None),
        tls_scts=_scts(delivered, flight),
        client_certificate_requested=flight.certificate_requested or received.client_certificate_requested,
        failure=flight_failure(flight, received.start, error, upgraded=upgraded),
    )


def _presented_untrusted(delivered: Delivered) -> tuple[bytes, ...]:
    """Return the certificates of TLS 1.3's message, which OpenSSL may have refused to parse; () without any."""
    if not delivered.certificate_message:
        return ()
    try:
        return read_certificate_untrusted(delivered.certificate_message).certificates
    except WireError:
        return ()


def _scts(delivered: Delivered, flight: ServerFlight | None = None) -> tuple[bytes, ...]:
    """Return the timestamps of the TLS extension: in TLS 1.3 with the certificate, before in the ServerHello."""
    if flight is not None and flight.server_hello is not None:
        scts = read_scts_untrusted(flight.server_hello)
        if scts:
            return scts
    if not delivered.certificate_message:
        return ()
    try:
        return read_certificate_untrusted(delivered.certificate_message).scts
    except WireError:
        return ()
