"""The checks that send what no ordinary client sends: Heartbleed, early ChangeCipherSpec, ROBOT. For opt-in only.

Each is harmless by construction. Heartbleed's request declares no more bytes than it holds, so no server reads beyond
it (see wire.heartbeat). An early ChangeCipherSpec at worst ends the connection it came on. ROBOT's five handshakes fail
without decrypting anything; the attack needs ten thousands of answers to messages of an attacker's choice.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from exporter.certificates.certificate import read_certificate_untrusted
from exporter.net.reason import NetworkError, Reason
from exporter.net.stream import Stream
from exporter.posture.evidence import UNSTEADY, Unanswered
from exporter.posture.exchange import AnswerKind, Wire, has_all
from exporter.posture.facts import Oracle
from exporter.wire import heartbeat, robot
from exporter.wire.clienthello import ClientHello
from exporter.wire.iana import TLS_1_2, UNEXPECTED_MESSAGE, cipher_suite_name
from exporter.wire.records import Alert, change_cipher_spec
from exporter.wire.server_flight import ServerFlight, ServerFlightReader
from exporter.wire.serverhello import HEARTBEAT

PAUSE_SECONDS = 0.05  # between two records: an event-driven server may look at one for each arrival only
MOST_ROUNDS = 3  # of five paddings each
ROUND_TRIPS = 5  # of a first flight, that silence must last at least
_MAX_RSA_BITS = 16384


@dataclass(slots=True)
class HalfHandshake:
    """A connection after the server's first flight, up to TLS 1.2."""

    wire: Wire
    stream: Stream
    reader: ServerFlightReader
    silence: float  # seconds without an answer that are taken for silence, well above the round trip

    @property
    def flight(self) -> ServerFlight:
        """What the server has said so far."""
        return self.reader.flight

    @property
    def version(self) -> int:
        """The version that was agreed."""
        assert self.flight.server_hello is not None
        return self.flight.server_hello.version

    async def until(self, enough: Callable[[ServerFlight], bool], seconds: float) -> str:
        """Read until there is enough; return how it ended: "" (there is), `closed`, `reset` or `timeout`."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        try:
            while not enough(self.flight):
                data = await self.wire.receive(self.stream, deadline - loop.time())
                if not data:
                    return Reason.CLOSED
                self.reader.feed_untrusted(data)
        except NetworkError as error:
            return error.reason
        return ""


async def converse(wire: Wire, hello: ClientHello) -> HalfHandshake:
    """Open a connection and go as far as ServerHelloDone. Raises Unanswered; the caller closes the stream."""
    reader = ServerFlightReader()
    loop = asyncio.get_running_loop()
    try:
        stream = await wire.open()
    except NetworkError as error:
        raise Unanswered(error.reason) from None
    began = loop.time()
    try:
        answer = await wire.converse(stream, hello.write(), has_all, reader)
    except BaseException:
        stream.close()
        raise
    if answer.kind is not AnswerKind.HELLO or not reader.flight.done:
        stream.close()
        raise Unanswered(answer.reason or Reason.PROTOCOL_ERROR)
    return HalfHandshake(wire, stream, reader, max(wire.silence, ROUND_TRIPS * (loop.time() - began)))


async def heartbleed(wire: Wire, hello: ClientHello) -> bool:
    """Return whether a heartbeat without padding is echoed (CVE-2014-0160). Raises Unanswered.

    Only where the server offers heartbeats. A legal heartbeat follows, whose echo alone shows a correct server.
    """
    conversation = await converse(wire, hello)
    try:
        hello_extensions = conversation.flight.server_hello
        if hello_extensions is None or HEARTBEAT not in hello_extensions.extensions:
            return False
        wire.send(conversation.stream, heartbeat.write_unpadded_request(conversation.version))
        await asyncio.sleep(PAUSE_SECONDS)
        wire.send(conversation.stream, heartbeat.write_padded_request(conversation.version))
        ended = await conversation.until(_echoed, wire.seconds)
        if heartbeat.read_echo_untrusted(conversation.flight.heartbeats) is heartbeat.Echo.UNCHECKED:
            return True
        if ended == Reason.TIMEOUT:
            raise Unanswered(ended)
        return False
    finally:
        conversation.stream.close()


def _echoed(flight: ServerFlight) -> bool:
    echo = heartbeat.read_echo_untrusted(flight.heartbeats)
    return echo is not heartbeat.Echo.NONE or flight.fatal_alert is not None or bool(flight.broken)


async def early_ccs(wire: Wire, hello: ClientHello) -> bool:
    """Return whether a ChangeCipherSpec is taken before any key exists (CVE-2014-0224). Raises Unanswered.

    Correct servers answer the first at once. A silent one gets a second: what it then says, it says as a server that
    took the first, because it tries to decrypt.
    """
    conversation = await converse(wire, hello)
    try:
        wire.send(conversation.stream, change_cipher_spec(conversation.version))
        before = conversation.flight.alert
        if await conversation.until(lambda now: _spoken(now, before), conversation.silence) != Reason.TIMEOUT:
            return False
        wire.send(conversation.stream, change_cipher_spec(conversation.version))
        ended = await conversation.until(lambda now: _spoken(now, before), conversation.silence)
        if ended == Reason.TIMEOUT:
            raise Unanswered(ended)
        alert = conversation.flight.fatal_alert
        return alert is None or alert.code != UNEXPECTED_MESSAGE  # which would be a late answer to the first
    finally:
        conversation.stream.close()


def _spoken(flight: ServerFlight, before: Alert | None) -> bool:
    return flight.alert is not before or bool(flight.broken) or flight.encrypted


RobotAnswer = tuple[int, int, str]
"""To one padding: level and code of the alert, and how the connection ended."""


async def robot_oracle(wire: Wire, hello: Callable[[], ClientHello], random: Callable[[int], bytes]) -> Oracle:
    """Return whether answers to malformed RSA padding differ, and are so again in the same way. Raises Unanswered.

    What is seen twice counts; of a server that answers three times in three ways, only what does not vary by chance.
    """
    secret = random(46)
    rounds: list[tuple[RobotAnswer, ...]] = []
    for _ in range(MOST_ROUNDS):
        answers = [await _robot_answer(wire, hello(), shape, secret) for shape in robot.SHAPES]
        rounds.append(tuple(answers))
        if len(rounds) == 1 and len(set(answers)) == 1:
            return Oracle.NONE
        if rounds.count(rounds[-1]) > 1:
            return _oracle(rounds[-1])
    if len({_without_chance(answer) for answers in rounds for answer in answers}) == 1:
        return Oracle.NONE
    raise Unanswered(UNSTEADY)


def _oracle(answers: tuple[RobotAnswer, ...]) -> Oracle:
    if len(set(answers)) == 1:
        return Oracle.NONE
    _, bad_prefix, zero_misplaced, no_zero, _ = answers
    return Oracle.WEAK if bad_prefix == zero_misplaced == no_zero else Oracle.STRONG


def _without_chance(answer: RobotAnswer) -> RobotAnswer:
    """Leave out what may be a race: how a connection ended after an alert, and whether by an end or a reset."""
    level, code, ended = answer
    if level:
        return level, code, ""
    return level, code, Reason.TIMEOUT if ended == Reason.TIMEOUT else Reason.CLOSED


async def _robot_answer(wire: Wire, hello: ClientHello, shape: str, secret: bytes) -> RobotAnswer:
    """Return what a server answers to a padding: the alert's level and code, and how the connection ended."""
    conversation = await converse(wire, hello)
    try:
        flight, version = conversation.flight, conversation.version
        assert flight.server_hello is not None
        key = _rsa_key_untrusted(flight.certificates)
        padded = robot.padded_secret(shape, min(version, TLS_1_2), key.size, secret)
        suite = cipher_suite_name(flight.server_hello.cipher_suite)
        wire.send(
            conversation.stream,
            robot.write_client_key_exchange(version, key, padded)
            + change_cipher_spec(version)
            + robot.write_meaningless_finished(version, suite),
        )
        before = flight.alert
        ended = await conversation.until(lambda now: _spoken(now, before), conversation.silence)
        if not ended:
            ended = await conversation.until(_never, PAUSE_SECONDS)
        alert = flight.alert
        return (alert.level, alert.code, ended) if alert is not None else (0, 0, ended)
    finally:
        conversation.stream.close()


def _never(_: ServerFlight) -> bool:
    return False


def _rsa_key_untrusted(certificates: tuple[bytes, ...]) -> robot.PublicKey:
    """Return the RSA key of a leaf. Raises Unanswered."""
    parsed = read_certificate_untrusted(certificates[0]).parsed if certificates else None
    try:
        key = parsed.public_key() if parsed is not None else None
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPublicKey) or not 512 <= key.key_size <= _MAX_RSA_BITS:  # noqa: PLR2004
        raise Unanswered("no_rsa_key")
    numbers = key.public_numbers()
    return robot.PublicKey(numbers.n, numbers.e)
