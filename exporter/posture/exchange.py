"""One question: a fresh connection, one hello, and what came back.

What refuses a hello is told apart from what merely did not answer: a fatal alert and an end of the
connection after the hello are answers, while a timeout, a failed connection and bytes that are not TLS are
none.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from exporter.net.reason import NetworkError, Reason
from exporter.net.stream import Stream
from exporter.wire import sslv2
from exporter.wire.iana import TLS_1_2
from exporter.wire.records import WARNING, alert
from exporter.wire.server_flight import ServerFlight, ServerFlightReader
from exporter.wire.serverhello import ServerHello

Connect = Callable[[], Awaitable[Stream]]
"""Opens a fresh connection, already past its proxy and STARTTLS. Raises NetworkError."""

MAX_BYTES = 256 * 1024
_CLOSE_NOTIFY = alert(WARNING, 0, TLS_1_2)


class Kind(StrEnum):
    """What came back."""

    HELLO = "hello"  # a ServerHello or HelloRetryRequest
    SSLV2 = "sslv2"  # a SERVER-HELLO of SSL 2.0
    ALERT = "alert"  # a fatal alert, or an ERROR of SSL 2.0
    ENDED = "ended"  # the connection was closed or reset after the hello was sent
    NOTHING = "nothing"  # no answer: `reason` says why


_SSLV2_KINDS = {sslv2.Answer.SERVER_HELLO: Kind.SSLV2, sslv2.Answer.ERROR: Kind.ALERT}


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a hello. `flight` holds what was read, whatever the kind."""

    kind: Kind
    flight: ServerFlight
    reason: Reason | None = None

    @property
    def hello(self) -> ServerHello | None:
        """The ServerHello, or else the HelloRetryRequest."""
        return self.flight.server_hello or self.flight.hello_retry_request


@dataclass(slots=True)
class Wire:
    """The connections to one endpoint, one at a time, and what they cost. `seconds` bounds each of them."""

    connect: Connect
    seconds: float
    silence: float = 1.0  # seconds without an answer that are one, where a correct server answers at once
    connections: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0

    async def open(self) -> Stream:
        """Open a connection. Raises NetworkError."""
        self.connections += 1
        try:
            async with asyncio.timeout(self.seconds):
                return await self.connect()
        except TimeoutError:
            raise NetworkError(Reason.TIMEOUT, "no connection in time") from None

    def send(self, stream: Stream, data: bytes) -> None:
        """Send bytes."""
        self.bytes_sent += len(data)
        stream.write(data)

    async def receive(self, stream: Stream, seconds: float | None = None) -> bytes:
        """Return what arrives, b"" at the end. Raises NetworkError, `timeout` when nothing does."""
        try:
            async with asyncio.timeout(self.seconds if seconds is None else seconds):
                data = await stream.read()
        except TimeoutError:
            raise NetworkError(Reason.TIMEOUT, "no answer in time") from None
        self.bytes_received += len(data)
        return data

    async def converse(
        self, stream: Stream, hello: bytes, enough: Callable[[ServerFlight], bool], reader: ServerFlightReader
    ) -> Answer:
        """Send a hello and read its flight until there is enough of it. Never raises but for cancellation."""
        self.send(stream, hello)
        flight, received, first, loop = reader.flight, 0, b"", asyncio.get_running_loop()
        deadline = loop.time() + self.seconds
        try:
            while not enough(flight) and received <= MAX_BYTES:
                if flight.over and sslv2.read_answer_untrusted(first) is not sslv2.Answer.INCOMPLETE:
                    break
                data = await self.receive(stream, deadline - loop.time())
                if not data:
                    return _judged(flight, first, Reason.CLOSED)
                received += len(data)
                first += data[: 32 - len(first)]  # all that SSL 2.0 is told by
                reader.feed_untrusted(data)
        except NetworkError as error:
            return _judged(flight, first, error.reason)
        return _judged(flight, first, None)

    async def ask(self, hello: bytes, enough: Callable[[ServerFlight], bool]) -> Answer:
        """Ask one question on a connection of its own. Never raises but for cancellation."""
        reader = ServerFlightReader()
        try:
            stream = await self.open()
        except NetworkError as error:
            return Answer(Kind.NOTHING, reader.flight, error.reason)
        try:
            answer = await self.converse(stream, hello, enough, reader)
            if answer.kind is Kind.HELLO:
                self.send(stream, _CLOSE_NOTIFY)  # so that the server's log shows an end, not a fault
        finally:
            stream.close()
        return answer


def _judged(flight: ServerFlight, first: bytes, reason: Reason | None) -> Answer:
    """Name the kind of an answer: what was read counts before how the reading ended."""
    if flight.server_hello or flight.hello_retry_request:
        return Answer(Kind.HELLO, flight)
    if flight.fatal_alert is not None:
        return Answer(Kind.ALERT, flight)
    if flight.not_tls:
        kind = _SSLV2_KINDS.get(sslv2.read_answer_untrusted(first), Kind.NOTHING)
        return Answer(kind, flight, Reason.NOT_TLS)
    if flight.broken or flight.encrypted or reason is None:
        return Answer(Kind.NOTHING, flight, Reason.PROTOCOL_ERROR)
    if reason in (Reason.CLOSED, Reason.RESET):
        return Answer(Kind.ENDED, flight, reason)
    return Answer(Kind.NOTHING, flight, reason)


def has_hello(flight: ServerFlight) -> bool:
    """Tell whether a flight has its ServerHello or HelloRetryRequest."""
    return bool(flight.server_hello or flight.hello_retry_request)


def has_key_exchange(flight: ServerFlight) -> bool:
    """Tell whether a flight has all up to its ServerKeyExchange; one that sends none ends before."""
    return flight.key_exchange is not None


def has_all(_: ServerFlight) -> bool:
    """Read a flight to its end."""
    return False
