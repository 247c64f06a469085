"""One question: a fresh connection, one hello, and what came back.

What refuses a hello is kept apart from what merely did not answer. A fatal alert that speaks of versions or suites is
an answer. An end of the connection after the hello may be one: `evidence` decides. A timeout and a failed connection
are none.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from exporter.net.reason import NetworkError, Reason
from exporter.net.stream import Stream
from exporter.wire import sslv2
from exporter.wire.dialogue import Steps
from exporter.wire.iana import SPEAKING_ALERTS, TLS_1_2
from exporter.wire.records import ALERT, WARNING, alert
from exporter.wire.server_flight import ServerFlight, ServerFlightReader
from exporter.wire.serverhello import ServerHello

Connect = Callable[[], Awaitable[Stream]]
"""Opens a fresh connection, already past its proxy and STARTTLS. Raises NetworkError."""

MAX_BYTES = 100 * 1024
ROUND_TRIPS = 5  # of a first flight, that silence must last at least
_CLOSE_NOTIFY = alert(WARNING, 0, TLS_1_2)


class AnswerKind(StrEnum):
    """What came back."""

    HELLO = "hello"  # a ServerHello or HelloRetryRequest
    SSLV2 = "sslv2"  # a SERVER-HELLO of SSL 2.0
    ALERT = "alert"  # a fatal alert that speaks of versions or suites, or an ERROR of SSL 2.0
    ENDED = (
        "ended"  # the connection was closed or reset after the hello was sent, or an alert came that may mean anything
    )
    NOTHING = "nothing"  # no answer: `reason` says why


_TURNED_AWAY = frozenset((Reason.REFUSED, Reason.RESET, Reason.CLOSED, Reason.STARTTLS_REFUSED))
_SSLV2_KINDS = {sslv2.Answer.SERVER_HELLO: AnswerKind.SSLV2, sslv2.Answer.ERROR: AnswerKind.ALERT}


@dataclass(frozen=True, slots=True)
class HelloAnswer:
    """The answer to a hello. `flight` holds what was read, whatever the kind.

    `turned_away`: the connection was refused before any hello could be sent.
    """

    kind: AnswerKind
    flight: ServerFlight
    reason: Reason | None = None
    turned_away: bool = False

    @property
    def is_clear(self) -> bool:
        """True if the answer needs no second question."""
        return self.kind in (AnswerKind.HELLO, AnswerKind.SSLV2, AnswerKind.ALERT)

    @property
    def hello(self) -> ServerHello | None:
        """The ServerHello, or else the HelloRetryRequest."""
        return self.flight.server_hello or self.flight.hello_retry_request


@dataclass(slots=True)
class Wire:
    """The connections to one endpoint, one at a time, and what they cost.

    `seconds` bounds each of them; `wait` is awaited before each. `farewell` begins what a session inside TLS ends with.
    """

    connect: Connect
    seconds: float
    wait: Callable[[], Awaitable[None]] | None = None
    farewell: Callable[[], Steps[bytes] | None] = lambda: None
    silence: float = 1.0  # seconds without an answer that are one, where a correct server answers at once
    round_trip: float = 0.0  # the longest that the server took to begin an answer
    connections: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0

    async def open(self) -> Stream:
        """Open a connection. Raises NetworkError."""
        if self.wait is not None:
            await self.wait()
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
        self,
        stream: Stream,
        hello: bytes,
        enough: Callable[[ServerFlight], bool],
        reader: ServerFlightReader,
        seconds: float | None = None,
    ) -> HelloAnswer:
        """Send a hello and read its flight until there is enough of it. Raises nothing except cancellation."""
        self.send(stream, hello)
        flight, received, first, loop = reader.flight, 0, b"", asyncio.get_running_loop()
        began = loop.time()
        deadline = began + (self.seconds if seconds is None else seconds)
        try:
            while not enough(flight) and received <= MAX_BYTES:
                if flight.over and sslv2.read_answer_untrusted(first) is not sslv2.Answer.INCOMPLETE:
                    break
                data = await self.receive(stream, deadline - loop.time())
                if not data:
                    return _judged(flight, first, Reason.CLOSED)
                if not received:
                    self.round_trip = max(self.round_trip, min(loop.time() - began, self.seconds))
                received += len(data)
                first += data[: 32 - len(first)]  # all that shows SSL 2.0
                reader.feed_untrusted(data)
        except NetworkError as error:
            return _judged(flight, first, error.reason)
        return _judged(flight, first, None)

    @property
    def patience(self) -> float:
        """Seconds of silence, well above what the server has taken to answer so far, that are an answer."""
        return min(max(self.silence, ROUND_TRIPS * self.round_trip), self.seconds)

    async def ask(
        self, hello: bytes, enough: Callable[[ServerFlight], bool], seconds: float | None = None
    ) -> HelloAnswer:
        """Ask one question on a connection of its own. Raises nothing except cancellation."""
        reader = ServerFlightReader()
        try:
            stream = await self.open()
        except NetworkError as error:
            return HelloAnswer(
                AnswerKind.NOTHING, reader.flight, error.reason, turned_away=error.reason in _TURNED_AWAY
            )
        try:
            answer = await self.converse(stream, hello, enough, reader, seconds)
            if answer.kind is AnswerKind.HELLO:
                self.send(stream, _CLOSE_NOTIFY)  # so that the server's log shows an end, not a fault
        except BaseException:
            stream.close()
            raise
        await _left(stream, answer)
        return answer


async def _left(stream: Stream, answer: HelloAnswer) -> None:
    """End a connection in order, and wait until it has gone: a scan has one open at a time.

    A peer that has said nothing so far is not waited for.
    """
    if answer.kind is AnswerKind.NOTHING:
        stream.close()
        return
    gone = asyncio.get_running_loop().create_future()
    stream.finish(lambda: None if gone.done() else gone.set_result(None))
    await gone


def _judged(flight: ServerFlight, first: bytes, reason: Reason | None) -> HelloAnswer:
    """Name the kind of an answer: what was read counts before how the reading ended."""
    if flight.server_hello or flight.hello_retry_request:
        return HelloAnswer(AnswerKind.HELLO, flight)
    if flight.fatal_alert is not None:
        return HelloAnswer(AnswerKind.ALERT if flight.fatal_alert.code in SPEAKING_ALERTS else AnswerKind.ENDED, flight)
    # Text is how a server that speaks TLS refuses what it takes for something else; couriertls sends an alert before.
    if flight.not_tls or (flight.broken and first[:1] == bytes((ALERT,))):
        kind = (
            _SSLV2_KINDS.get(sslv2.read_answer_untrusted(first), AnswerKind.ENDED)
            if flight.not_tls
            else AnswerKind.ENDED
        )
        return HelloAnswer(kind, flight, Reason.NOT_TLS)
    if flight.broken or flight.encrypted or reason is None:
        return HelloAnswer(AnswerKind.NOTHING, flight, Reason.PROTOCOL_ERROR)
    if reason in (Reason.CLOSED, Reason.RESET):
        return HelloAnswer(AnswerKind.ENDED, flight, reason)
    return HelloAnswer(AnswerKind.NOTHING, flight, reason)


def has_hello(flight: ServerFlight) -> bool:
    """Return whether a flight has its ServerHello or HelloRetryRequest."""
    return bool(flight.server_hello or flight.hello_retry_request)


def has_key_exchange(flight: ServerFlight) -> bool:
    """Return whether a flight has all up to its ServerKeyExchange; one that sends none ends before."""
    return flight.key_exchange is not None


def has_all(_: ServerFlight) -> bool:
    """Read a flight to its end."""
    return False
