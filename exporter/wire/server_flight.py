"""A server's first flight, as far as it is in plaintext: what can be read after a ClientHello.

It never fails: where the bytes end, break the protocol or are encrypted, the flight holds what came before
that.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from exporter.wire import records
from exporter.wire.iana import TLS_1_3
from exporter.wire.records import (
    Alert,
    HandshakeReader,
    Message,
    Record,
    RecordReader,
    WireError,
    looks_like_tls_untrusted,
)
from exporter.wire.serverhello import (
    KeyExchange,
    ServerHello,
    read_certificate_status_untrusted,
    read_certificates_untrusted,
    read_key_exchange_untrusted,
    read_server_hello_untrusted,
)

_SERVER_HELLO = 2
_CERTIFICATE = 11
_SERVER_KEY_EXCHANGE = 12
_CERTIFICATE_REQUEST = 13
_SERVER_HELLO_DONE = 14
_CERTIFICATE_STATUS = 22


@dataclass(slots=True)
class ServerFlight:
    """What a server sent in plaintext. `broken` says where its bytes broke the protocol ("" if nowhere).

    `not_tls`: the first bytes are no TLS record. `done`: ServerHelloDone came. `encrypted`: the rest is
    encrypted. `alert` is the fatal alert, or else the last warning. `heartbeats` are heartbeat messages
    that came in plaintext.
    """

    server_hello: ServerHello | None = None
    hello_retry_request: ServerHello | None = None
    certificates: tuple[bytes, ...] = ()
    certificates_truncated: bool = False
    staple: bytes | None = None
    key_exchange: KeyExchange | None = None
    certificate_requested: bool = False
    done: bool = False
    alert: Alert | None = None
    heartbeats: tuple[bytes, ...] = ()
    encrypted: bool = False
    not_tls: bool = False
    broken: str = ""

    @property
    def fatal_alert(self) -> Alert | None:
        """The alert if it is fatal."""
        return self.alert if self.alert is not None and self.alert.level == records.FATAL else None

    @property
    def over(self) -> bool:
        """True if nothing more can be read, or is worth waiting for."""
        return bool(self.done or self.encrypted or self.broken or self.not_tls or self.fatal_alert)


class ServerFlightReader:
    """Reads a flight as it arrives; `flight` holds what is known so far."""

    def __init__(self) -> None:
        self.flight = ServerFlight()
        self._records = RecordReader()
        self._handshake = HandshakeReader()
        self._begun = bytearray()  # the first bytes, until a whole record header tells what they are

    def feed_untrusted(self, data: bytes) -> ServerFlight:
        """Read on, and return the flight. Never raises."""
        flight = self.flight
        if flight.not_tls or flight.broken or flight.encrypted:
            return flight
        if len(self._begun) < 5:  # noqa: PLR2004 - the header of a record
            self._begun += data[:5]
            flight.not_tls = not looks_like_tls_untrusted(bytes(self._begun))
            if flight.not_tls:
                return flight
        try:
            for record in self._records.feed_untrusted(data):
                if not flight.encrypted:
                    self._record_untrusted(record)
        except WireError as error:
            flight.broken = str(error)
        return flight

    def _record_untrusted(self, record: Record) -> None:
        flight = self.flight
        if record.type == records.HANDSHAKE:
            for message in self._handshake.feed_untrusted(record.content):
                reader = _READERS.get(message.type)
                if reader is not None:
                    reader(flight, message)
        elif record.type == records.ALERT:
            alert = records.read_alert_untrusted(record.content)
            if flight.fatal_alert is None:
                flight.alert = alert
        elif record.type == records.HEARTBEAT:
            flight.heartbeats = (*flight.heartbeats, record.content)[:8]
        else:
            # RFC 8446 section 5: in TLS 1.3 a change_cipher_spec means nothing; before, all after it is
            # encrypted.
            hello = flight.server_hello or flight.hello_retry_request
            compatible = record.type == records.CHANGE_CIPHER_SPEC and hello is not None and hello.version == TLS_1_3
            flight.encrypted = not compatible


def _server_hello(flight: ServerFlight, message: Message) -> None:
    hello = read_server_hello_untrusted(message.body)
    if hello.is_hello_retry_request:
        flight.hello_retry_request = hello
    else:
        flight.server_hello = hello


def _certificate(flight: ServerFlight, message: Message) -> None:
    flight.certificates, flight.certificates_truncated = read_certificates_untrusted(message.body)


def _certificate_status(flight: ServerFlight, message: Message) -> None:
    flight.staple = read_certificate_status_untrusted(message.body)


def _server_key_exchange(flight: ServerFlight, message: Message) -> None:
    hello = flight.server_hello
    if hello is None:
        raise WireError("a ServerKeyExchange before any ServerHello")
    flight.key_exchange = read_key_exchange_untrusted(message.body, hello.version, hello.cipher_suite)


def _certificate_request(flight: ServerFlight, _: Message) -> None:
    flight.certificate_requested = True


def _server_hello_done(flight: ServerFlight, _: Message) -> None:
    flight.done = True


_READERS: Mapping[int, Callable[[ServerFlight, Message], None]] = {
    _SERVER_HELLO: _server_hello,
    _CERTIFICATE: _certificate,
    _CERTIFICATE_STATUS: _certificate_status,
    _SERVER_KEY_EXCHANGE: _server_key_exchange,
    _CERTIFICATE_REQUEST: _certificate_request,
    _SERVER_HELLO_DONE: _server_hello_done,
}


def read_server_flight_untrusted(data: bytes) -> ServerFlight:
    """Read all bytes that a server has sent so far, in a handshake of any version. Never raises."""
    return ServerFlightReader().feed_untrusted(data)
