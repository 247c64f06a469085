"""DTLS 1.0 and 1.2 (RFC 6347) over UDP: OpenSSL's state machine, fed from an asyncio socket.

OpenSSL answers the cookie exchange, fragments its flights, reassembles the peer's and says when to retransmit; this
file sends and receives datagrams and runs the timer. OpenSSL has no DTLS 1.3.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence

from OpenSSL import SSL

from exporter.net.limits import MAX_CERTIFICATES, MAX_HANDSHAKE_BYTES
from exporter.net.reason import NetworkError, Reason, network_error
from exporter.net.resolve import Address
from exporter.probe.handshake import CHUNK, chain_of, session_of
from exporter.probe.handshake_failure import error_of
from exporter.probe.openssl_contexts import Delivered
from exporter.probe.result import Failure, Handshake, Phase
from exporter.text import printable

MTU = 1200  # bytes of a datagram that pass everywhere, as QUIC takes it (RFC 9000 section 14)
_HEADER = 13  # RFC 6347 section 4.1:  type | version 2 | epoch 2 | sequence 6 | length 2
_TYPES = range(20, 27)
_MAJOR = 0xFE  # of a version: 254.255 is DTLS 1.0, 254.253 is DTLS 1.2
_START = 40


class Endpoint:
    """One peer and the session with it. `deadline` is in the loop's time."""

    def __init__(self, context: SSL.Context, server_name: str | None, connected: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        self._socket = connected
        self._received = 0
        self.deadline = 0.0
        self.delivered = Delivered()
        self.connection = SSL.Connection(context, None)
        self.connection.set_app_data(self.delivered)
        self.connection.request_ocsp()
        self.connection.set_ciphertext_mtu(MTU)
        if server_name:
            self.connection.set_tlsext_host_name(server_name.encode("ascii"))
        self.connection.set_connect_state()

    async def answer(self) -> None:
        """Send a ClientHello until the first datagram comes. Raises NetworkError."""
        with contextlib.suppress(SSL.WantReadError):
            self.connection.do_handshake()
        self._flush()
        self._take_untrusted(await self._datagram())

    async def handshake(self) -> Handshake:
        """Complete the handshake, or return how far it came. Never raises except when cancelled."""
        try:
            await self._drive()
        except NetworkError as error:
            failure = Failure(Phase.HANDSHAKE, error.reason, error.detail)
            return Handshake(chain=chain_of(self.connection)[:MAX_CERTIFICATES], failure=failure)
        return Handshake(
            session=session_of(self.connection),
            chain=chain_of(self.connection)[:MAX_CERTIFICATES],
            staple=self.delivered.staples[-1] if self.delivered.staples else None,
            client_certificate_requested=self.delivered.certificate_requested,
        )

    async def _drive(self) -> None:
        while True:
            try:
                self.connection.do_handshake()
            except SSL.WantReadError:
                self._flush()
                self._take_untrusted(await self._datagram())
            except (SSL.ZeroReturnError, SSL.SysCallError):
                raise NetworkError(Reason.CLOSED, "the peer sent close_notify during the handshake") from None
            except SSL.Error as error:
                self._flush()  # our alert
                raise error_of(error) from None
            else:
                self._flush()
                return

    def _take_untrusted(self, datagram: bytes) -> None:
        """Give OpenSSL a datagram. Raises NetworkError for the first one if it is of another protocol."""
        is_first, self._received = not self._received, self._received + len(datagram)
        if self._received > MAX_HANDSHAKE_BYTES:
            raise NetworkError(
                Reason.TOO_MUCH_DATA, f"more than {MAX_HANDSHAKE_BYTES} bytes before the handshake's end"
            )
        if is_first and not (len(datagram) >= _HEADER and datagram[0] in _TYPES and datagram[1] == _MAJOR):
            start = printable(datagram[:_START].decode("latin-1"))
            raise NetworkError(Reason.NOT_TLS, f"the peer does not speak DTLS here: it began with '{start}'")
        self.connection.bio_write(datagram)

    async def _datagram(self) -> bytes:
        """Return the next datagram; retransmit the flight when OpenSSL's timer expires. Raises NetworkError."""
        while (left := self.deadline - self._loop.time()) > 0:
            again = self.connection.DTLSv1_get_timeout()
            try:
                async with asyncio.timeout(left if again is None else min(left, again)):
                    if datagram := await self._loop.sock_recv(self._socket, CHUNK):
                        return datagram
            except TimeoutError:
                self._send_again()
            except OSError as error:
                raise network_error(error) from None
        raise NetworkError(Reason.TIMEOUT, "the deadline passed")

    def _send_again(self) -> None:
        try:
            self.connection.DTLSv1_handle_timeout()
        except SSL.Error as error:
            raise error_of(error) from None
        self._flush()

    def _flush(self) -> None:
        """Send what OpenSSL has written, each record in a datagram of its own."""
        with contextlib.suppress(SSL.WantReadError):
            while True:
                for record in records_of(self.connection.bio_read(CHUNK)):
                    with contextlib.suppress(OSError):  # a datagram that is lost here is one that is lost
                        self._socket.send(record)

    def close(self) -> None:
        """End the session with close_notify, and close the socket."""
        with contextlib.suppress(SSL.Error):
            self.connection.shutdown()
        self._flush()
        self._socket.close()


def records_of(data: bytes) -> Iterator[bytes]:
    """Return the records that OpenSSL wrote one behind the other."""
    at = 0
    while at < len(data):
        end = at + _HEADER + int.from_bytes(data[at + _HEADER - 2 : at + _HEADER])
        yield data[at:end]
        at = end


async def connect(
    addresses: Sequence[Address],
    deadline: float,
    source_address: str | None,
    context: SSL.Context,
    server_name: str | None,
) -> tuple[Endpoint, Address]:
    """Return the first endpoint that answers with a datagram; each address gets its share of the time left.

    Raises the NetworkError of the first attempt if none answers.
    """
    loop = asyncio.get_running_loop()
    first: NetworkError | None = None
    for index, address in enumerate(addresses):
        share = loop.time() + (deadline - loop.time()) / (len(addresses) - index)
        try:
            endpoint = Endpoint(context, server_name, _connected(address, source_address))
        except OSError as error:
            first = first or network_error(error)
            continue
        try:
            endpoint.deadline = share
            await endpoint.answer()
        except NetworkError as error:
            endpoint.close()
            first = first or _without_answer(error, address)
        except BaseException:
            endpoint.close()
            raise
        else:
            endpoint.deadline = deadline
            return endpoint, address
    assert first is not None
    raise first


def _without_answer(error: NetworkError, address: Address) -> NetworkError:
    if error.reason is not Reason.TIMEOUT:
        return error
    return NetworkError(Reason.TIMEOUT, f"no answer from {address.ip} UDP port {address.port}")


def _connected(address: Address, source_address: str | None) -> socket.socket:
    """Return a UDP socket that hears one peer only. Raises OSError."""
    family = socket.AF_INET if address.family == "ip4" else socket.AF_INET6
    made = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        if source_address:
            made.bind((source_address, 0))
        host, _, zone = address.ip.partition("%")
        made.connect((host, address.port, 0, socket.if_nametoindex(zone)) if zone else (host, address.port))
    except OSError:
        made.close()
        raise
    return made
