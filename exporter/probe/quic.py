"""TLS over QUIC (RFC 9001) for endpoints of HTTP/3: aioquic's sans-IO connection, fed from a UDP socket.

Any certificate is accepted here. What the server presented is read from the handshake messages themselves, so that it
is known even if aioquic refuses it. aioquic is an extra: nothing else of the package imports this file.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Sequence
from typing import Any

from aioquic.quic import events
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection

from exporter.config.model import TLSConfig
from exporter.net.limits import MAX_HANDSHAKE_BYTES
from exporter.net.reason import NetworkError, Reason, network_error
from exporter.net.resolve import Address
from exporter.probe.result import Failure, Handshake, Phase, Session
from exporter.text import printable
from exporter.wire import iana
from exporter.wire.cursor import Cursor
from exporter.wire.records import HandshakeReader, Message, WireError
from exporter.wire.serverhello import ALPN, STATUS_REQUEST, read_server_hello_untrusted
from exporter.wire.session_client import Presented
from exporter.wire.tls13.messages import read_certificate_untrusted

DEFAULT_ALPN = ("h3",)
_SERVER_HELLO, _ENCRYPTED_EXTENSIONS, _CERTIFICATE, _CERTIFICATE_REQUEST = 2, 8, 11, 13
_OCSP_REQUEST = bytes([1, 0, 0, 0, 0])  # RFC 6066 section 8: type ocsp, no responders, no extensions
_CRYPTO_ERROR = 0x100  # RFC 9001 section 4.8: CRYPTO_ERROR is 0x100 plus the number of the alert
_CRYPTO_ERRORS = range(_CRYPTO_ERROR, _CRYPTO_ERROR + 0x100)

logging.getLogger("quic").setLevel(logging.ERROR)  # aioquic's own lines repeat what a peer says, as it said it


class _Heard:
    """The handshake messages of the server, as aioquic is given them: decrypted and in order."""

    def __init__(self) -> None:
        self._reader = HandshakeReader()
        self.messages: dict[int, Message] = {}
        self.refused = False  # our own side did not accept a message

    def listen_to(self, tls: Any) -> None:
        """Hear what is handed to aioquic's TLS from now on."""
        self._reader, self.messages = HandshakeReader(), {}
        handle = tls.handle_message

        def heard(data: bytes, buffers: Any) -> None:
            try:
                for message in self._reader.feed_untrusted(data):
                    self.messages.setdefault(message.type, message)
                handle(data, buffers)
            except Exception:
                self.refused = True
                raise

        tls.handle_message = heard

    def presented(self) -> Presented:
        """Return the certificates, leaf first, and the staple."""
        message = self.messages.get(_CERTIFICATE)
        try:
            return read_certificate_untrusted(message.body) if message else Presented((), None)
        except WireError:
            return Presented((), None)

    def session(self) -> Session | None:
        """Return what was agreed, when the server has said it all."""
        if not {_SERVER_HELLO, _ENCRYPTED_EXTENSIONS} <= self.messages.keys():
            return None
        try:
            hello = read_server_hello_untrusted(self.messages[_SERVER_HELLO].body)
            alpn = _alpn_untrusted(self.messages[_ENCRYPTED_EXTENSIONS].body)
        except WireError:
            return None
        group = iana.group_name(hello.group) if hello.group is not None else ""
        return Session("TLSv1.3", 1.3, iana.cipher_suite_name(hello.cipher_suite), group, alpn)


class _Connection(QuicConnection):
    """A connection that records its TLS messages and asks for a staple. After a Retry, aioquic starts TLS again."""

    def __init__(self, configuration: QuicConfiguration, heard: _Heard) -> None:
        super().__init__(configuration=configuration)
        self._heard = heard

    def _initialize(self, peer_cid: bytes) -> None:
        super()._initialize(peer_cid)
        self.tls.handshake_extensions.append((STATUS_REQUEST, _OCSP_REQUEST))
        self._heard.listen_to(self.tls)


class Endpoint(asyncio.DatagramProtocol):
    """One QUIC connection: datagrams in and out, its timer, and the one waiter for the next event."""

    def __init__(self, configuration: QuicConfiguration, deadline: float) -> None:
        self._heard = _Heard()
        self.connection: QuicConnection = _Connection(configuration, self._heard)
        self._deadline = deadline
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.DatagramTransport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._error: NetworkError | None = None
        self._received = 0

    # asyncio.DatagramProtocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport  # type: ignore[assignment]  # a transport of datagrams

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Hand a datagram to QUIC."""
        del addr  # the socket is connected: it hears one peer only
        self._received += len(data)
        if self._received > MAX_HANDSHAKE_BYTES:
            self._error = NetworkError(Reason.TOO_MUCH_DATA, f"more than {MAX_HANDSHAKE_BYTES} bytes of QUIC")
        else:
            self._do(lambda: self.connection.receive_datagram(data, None, self._loop.time()))
        self._wake()

    def error_received(self, exc: Exception) -> None:
        """Record an ICMP error."""
        self._error = network_error(exc) if isinstance(exc, OSError) else NetworkError(Reason.UNREACHABLE, str(exc))
        self._wake()

    def _do(self, step: Any) -> None:
        """Take a step of QUIC, and send what follows. A library that reads a peer's bytes may raise anything."""
        try:
            step()
            self.transmit()
        except Exception as error:  # noqa: BLE001 - see above
            detail = printable(f"{type(error).__name__}: {error}")
            self._error = NetworkError(Reason.PROTOCOL_ERROR, f"QUIC cannot go on: {detail}")

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _expire(self) -> None:
        self._timer = None
        self._do(lambda: self.connection.handle_timer(self._loop.time()))
        self._wake()

    # for the probe

    def start(self, peer: Any) -> None:
        """Send the first datagram."""
        self.connection.connect(peer, self._loop.time())
        self._do(lambda: None)

    def transmit(self) -> None:
        """Send what QUIC has to send, and set its timer."""
        assert self._transport is not None
        for data, _ in self.connection.datagrams_to_send(self._loop.time()):
            self._transport.sendto(data)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (at := self.connection.get_timer()) is not None:
            self._timer = self._loop.call_at(at, self._expire)

    async def answer(self) -> None:
        """Wait for the first datagram of the server. Raises NetworkError."""
        while not self._received:
            await self._happening()

    async def event(self) -> events.QuicEvent:
        """Return QUIC's next event. Raises NetworkError at the connection's end or the deadline."""
        while (event := self.connection.next_event()) is None:
            self._raise_if_closed(getattr(self.connection, "_close_event", None))
            await self._happening()
        if isinstance(event, events.ConnectionTerminated):
            self._raise_if_closed(event)
        return event

    def _raise_if_closed(self, closed: events.ConnectionTerminated | None) -> None:
        """Raise the reason of the close. aioquic reports it late, after the draining period."""
        if closed is None:
            return
        said = printable(closed.reason_phrase)
        if closed.error_code in _CRYPTO_ERRORS and not self._heard.refused:
            code = closed.error_code - _CRYPTO_ERROR
            detail = f"the peer sent the fatal alert {iana.ALERTS.get(code, code)}"
            raise NetworkError(Reason(iana.alert_reason(code)), detail)
        raise NetworkError(Reason.PROTOCOL_ERROR, f"QUIC was closed with error {closed.error_code:#x}: {said}")

    async def _happening(self) -> None:
        """Wait until a datagram, an error or a timer came. Raises NetworkError."""
        if self._error is None:
            self._waiter = self._loop.create_future()
            try:
                async with asyncio.timeout_at(self._deadline):
                    await self._waiter
            except TimeoutError:
                raise NetworkError(Reason.TIMEOUT, "the deadline passed") from None
            finally:
                self._waiter = None
        if self._error is not None:
            raise self._error

    async def handshake(self) -> Handshake:
        """Complete the handshake, or return how far it came. Never raises except when cancelled."""
        failure: Failure | None = None
        try:
            while not isinstance(await self.event(), events.HandshakeCompleted):
                pass
        except NetworkError as error:
            failure = Failure(Phase.HANDSHAKE, error.reason, error.detail)
        session, presented = self._heard.session(), self._heard.presented()
        if session is None and failure is None:
            failure = Failure(Phase.HANDSHAKE, Reason.PROTOCOL_ERROR, "the server's messages cannot be read")
        return Handshake(
            session=session,
            chain=presented.certificates,
            staple=presented.staple,
            client_certificate_requested=_CERTIFICATE_REQUEST in self._heard.messages,
            failure=failure,
        )

    def close(self) -> None:
        """Say good-bye and close at once. Safe to call twice."""
        if self._transport is not None and not self._transport.is_closing():
            self._do(self.connection.close)
            self._transport.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


async def connect(
    addresses: Sequence[Address],
    deadline: float,
    source_address: str | None,
    server_name: str | None,
    alpn: tuple[str, ...],
    tls_config: TLSConfig,
) -> tuple[Endpoint, Address]:
    """Return the first endpoint that answers with a datagram; each address gets its share of the time left.

    Raises the NetworkError of the first attempt if none answers.
    """
    loop = asyncio.get_running_loop()
    first: NetworkError | None = None
    for index, address in enumerate(addresses):
        share = loop.time() + (deadline - loop.time()) / (len(addresses) - index)
        configuration = _configuration(server_name, alpn, tls_config, max(1.0, deadline - loop.time()))
        try:
            return await _connect_one(address, share, deadline, source_address, configuration), address
        except NetworkError as error:
            first = first or error
    assert first is not None
    raise first


async def _connect_one(
    address: Address, share: float, deadline: float, source_address: str | None, configuration: QuicConfiguration
) -> Endpoint:
    loop = asyncio.get_running_loop()
    endpoint = Endpoint(configuration, deadline)
    try:
        await loop.create_datagram_endpoint(
            lambda: endpoint,
            local_addr=(source_address, 0) if source_address else None,
            remote_addr=(address.ip, address.port),
            family=socket.AF_INET if address.family == "ip4" else socket.AF_INET6,
        )
    except OSError as error:
        raise network_error(error) from None
    try:
        endpoint.start(None)
        async with asyncio.timeout_at(share):
            await endpoint.answer()
    except TimeoutError:
        endpoint.close()
        raise NetworkError(Reason.TIMEOUT, f"no answer from {address.ip} UDP port {address.port}") from None
    except BaseException:
        endpoint.close()
        raise
    return endpoint


def _configuration(
    server_name: str | None, alpn: tuple[str, ...], tls_config: TLSConfig, idle_timeout: float
) -> QuicConfiguration:
    configuration = QuicConfiguration(
        is_client=True,
        alpn_protocols=list(alpn or DEFAULT_ALPN),
        server_name=server_name,
        verify_mode=ssl.CERT_NONE,
        idle_timeout=idle_timeout,
    )
    if tls_config.cert_file:
        password = tls_config.key_password.reveal() if tls_config.key_password else None
        try:
            configuration.load_cert_chain(tls_config.cert_file, tls_config.key_file, password)
        except (OSError, ValueError, TypeError) as error:
            raise NetworkError(Reason.CLIENT_CERTIFICATE_UNUSABLE, printable(str(error))) from None
    return configuration


def _alpn_untrusted(body: bytes) -> str:
    """Return the protocol of EncryptedExtensions (RFC 8446 section 4.3.1), "" for none. Raises WireError."""
    extensions = Cursor(Cursor(body).vector_untrusted(2))
    while extensions.left:
        number, content = extensions.number_untrusted(2), extensions.vector_untrusted(2)
        if number == ALPN:
            name = Cursor(Cursor(content).vector_untrusted(2)).vector_untrusted(1)
            return name.decode("ascii", "backslashreplace")
    return ""
