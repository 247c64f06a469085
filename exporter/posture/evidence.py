"""The rules by which answers become facts: what is accepted, what is refused, and what stays unknown.

1. Accepted is only what a ServerHello names. This needs no further proof.
2. Refused is what a fatal alert answers that speaks of the matter (no common suite or version), or a ServerHello that
   names something else. It is believed only if the server answered some hello afterwards.
3. An end of the connection, and an alert that may mean anything, prove nothing: a hello can be lost for its length, its
   last extension, the number of its suites. So the same question is asked again in the looks of a hello that was
   answered (HelloShape), or in other looks where none was. Only when that ends as well, the question is what the server
   refuses.
4. Everything else (timeouts, failed connections) is no answer, and the fact stays unknown.
5. A server that stops answering what it answered before, or turns connections away, has had enough: the scan ends.
"""

from collections.abc import Callable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from exporter.net.reason import Reason
from exporter.posture.exchange import AnswerKind, HelloAnswer, Wire, has_hello
from exporter.wire.clienthello import ClientHello
from exporter.wire.server_flight import ServerFlight

Key = TypeVar("Key")

MAX_FAILURES = 3  # in a row: then the endpoint is left alone
ENDS_IN_A_ROW = 2  # questions that only ended: then it is asked whether the server is there at all
NO_BASELINE = "no_baseline"
UNSTEADY = "unsteady"
RATE_LIMITED = "rate_limited"
INTOLERANT = "intolerant"
CONTRADICTED = "contradicted"


class Unanswered(Exception):  # noqa: N818 - it is an event of a scan, not a fault
    """A question found no answer; the reason is that of a network error, or one of those above."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Refusal:
    """A fact that rests on a refusal, to be believed or withdrawn at the end of a scan.

    `asked` is how many connections there had been when it was noted; `ended`: nothing but ends of connections says so.
    """

    check: str
    withdraw: Callable[[], None]
    asked: int
    ended: bool


@dataclass(slots=True)
class Evidence:
    """Asks the questions of one scan, and keeps what the belief in refusals depends on."""

    wire: Wire
    baseline: ClientHello | None = None  # the first hello that was answered by a ServerHello
    intolerant: bool = False  # a question was lost for its looks
    unsteady: bool = False
    turned_away: bool = False
    reason: str = ""  # why `send` last had no answer
    refusals: list[Refusal] = field(default_factory=list)
    _failures: int = 0
    _ends: int = 0
    _answered: int = 0  # how many connections there had been when a ServerHello last came

    async def ask(self, hello: ClientHello, enough: Callable[[ServerFlight], bool] = has_hello) -> HelloAnswer:
        """Return an answer of kind HELLO, ALERT or ENDED, the latter only if two hellos met it. Raises Unanswered."""
        first = hello.looks_like(self.baseline) if self.intolerant and self.baseline is not None else hello
        answer = await self._ask_once(first, enough)
        if answer.is_clear:
            return answer
        other = first.looks_like(self.baseline) if self.baseline is not None else first.varied()
        if other.write() == first.write():
            other = first.varied()
        answer = await self._ask_once(other, enough)
        self.intolerant |= answer.kind is AnswerKind.HELLO
        if not answer.is_clear:
            await self._look_after_ends()
        if answer.is_clear or self.baseline is None:
            return answer
        if not first.is_shaped_like(self.baseline) and not other.is_shaped_like(self.baseline):
            raise Unanswered(INTOLERANT)  # it cannot be asked in the looks of what was answered
        return answer

    async def ask_any(
        self, questions: Iterable[ClientHello], enough: Callable[[ServerFlight], bool] = has_hello
    ) -> tuple[HelloAnswer, ClientHello]:
        """Ask one question in several looks until the answer is clear; return it and the hello that it answers.

        Raises Unanswered.
        """
        for number, hello in enumerate(questions):
            answer = await self._ask_once(hello, enough)
            if answer.is_clear:
                self.intolerant |= answer.kind is AnswerKind.HELLO and number > 0
                return answer, hello
        await self._look_after_ends()
        return answer, hello

    async def ask_beside(
        self, hello: ClientHello, beside: ClientHello, enough: Callable[[ServerFlight], bool] = has_hello
    ) -> HelloAnswer:
        """Ask as `ask` does, where a server may meet a refusal with silence.

        `beside` is the same question with something accepted in it. A server that answers it, and is silent without
        what is accepted, refuses the rest (s2n-tls waits up to 30 s before it ends the connection). Raises Unanswered.
        """
        answer = await self._send(hello.write(), enough, self.wire.patience)
        if answer.kind is AnswerKind.NOTHING and answer.reason is Reason.TIMEOUT:
            self._failures += 1
            await self.ask(beside)  # raises if this finds no answer either
            return replace(answer, kind=AnswerKind.ENDED)
        if answer.kind is AnswerKind.NOTHING:
            raise Unanswered(str(answer.reason))
        return answer if answer.is_clear else await self.ask(hello, enough)

    async def send(self, hello: bytes, enough: Callable[[ServerFlight], bool]) -> HelloAnswer | None:
        """Return whatever answers a hello, once; None if nothing does, or the server turns the client away."""
        try:
            return self._heard(await self._send(hello, enough))
        except Unanswered as unanswered:
            self.reason = unanswered.reason
            return None

    async def is_alive(self) -> bool:
        """Return whether the server answers what it answered before."""
        return self.baseline is not None and not self.given_up and await self._baseline_holds()

    def fitting(self, suites: tuple[int, ...]) -> Sequence[tuple[int, ...]]:
        """Return suites in lists that are no longer than what a server took that is particular about hellos."""
        longest = len(self.baseline.all_suites) if self.intolerant and self.baseline is not None else len(suites)
        return [suites[start : start + longest] for start in range(0, len(suites), longest)]

    async def ask_bytes(self, hello: bytes, other: bytes) -> HelloAnswer:
        """Ask a question that is no ClientHello of TLS, in two wordings. Raises Unanswered."""
        for question in (hello, other):
            answer = self._heard(await self._send(question, has_hello))
            if answer.is_clear:
                return answer
        await self._look_after_ends()
        return answer

    async def _ask_once(self, hello: ClientHello, enough: Callable[[ServerFlight], bool]) -> HelloAnswer:
        answer = self._heard(await self._send(hello.write(), enough))
        if answer.kind is AnswerKind.HELLO and self.baseline is None:
            self.baseline = hello
        return answer

    async def _send(
        self, hello: bytes, enough: Callable[[ServerFlight], bool], seconds: float | None = None
    ) -> HelloAnswer:
        """Send a hello and return whatever came. Raises Unanswered where the server turns the client away."""
        if self.turned_away:
            raise Unanswered(RATE_LIMITED)
        answer = await self.wire.ask(hello, enough, seconds)
        if answer.turned_away and self._answered:
            self.turned_away = True
            raise Unanswered(RATE_LIMITED)
        if answer.kind is AnswerKind.HELLO:
            self._answered, self._ends = self.wire.connections, 0
        return answer

    def _heard(self, answer: HelloAnswer) -> HelloAnswer:
        """Count an answer. Raises Unanswered for none, and for text of a server that was never seen to speak TLS."""
        is_text = answer.kind is AnswerKind.ENDED and answer.reason is Reason.NOT_TLS and not self._answered
        if answer.kind is AnswerKind.NOTHING or is_text:
            self._failures += 1
            raise Unanswered(str(answer.reason))
        self._failures = 0
        return answer

    async def _look_after_ends(self) -> None:
        """After several connections that only ended, check whether the server still answers; if not, end the scan."""
        self._ends += 1
        if self._ends < ENDS_IN_A_ROW or self.baseline is None:
            return
        if not await self._baseline_holds():
            raise Unanswered(RATE_LIMITED if self.turned_away else UNSTEADY)

    async def _baseline_holds(self) -> bool:
        """Return whether the baseline is answered; at once, if nothing was asked since a ServerHello came.

        A server that does not answer it twice turns the client away. One that does so once is unsteady: then no end
        of a connection proves anything.
        """
        assert self.baseline is not None
        if self._answered == self.wire.connections:
            return True
        for _ in range(2):
            try:
                answer = self._heard(await self._send(self.baseline.write(), has_hello))
            except Unanswered:
                return False
            if answer.kind is AnswerKind.HELLO:
                return True
            self.unsteady = True
        self.turned_away = True
        return False

    @property
    def given_up(self) -> bool:
        """True if nothing more is to be asked: the server turns the scan away, or several questions met silence."""
        return self.turned_away or self._failures >= MAX_FAILURES

    def refused(self, check: str, answer: HelloAnswer, facts: MutableMapping[Key, bool], *keys: Key) -> None:
        """Set facts to False on the strength of a refusal, until `confirm`."""
        for key in keys:
            facts[key] = False
            withdraw = partial(_withdraw, facts, key)
            self.refusals.append(Refusal(check, withdraw, self.wire.connections, answer.kind is not AnswerKind.ALERT))

    def derived(self, check: str, facts: MutableMapping[Key, bool], *keys: Key) -> None:
        """Set facts to False that follow from refusals of other questions, until `confirm`."""
        for key in keys:
            facts[key] = False
            self.rests(check, partial(_withdraw, facts, key))

    def rests(self, check: str, withdraw: Callable[[], None] = lambda: None) -> None:
        """Note that a check rests on refusals of other questions, as where it does not apply."""
        self.refusals.append(Refusal(check, withdraw, self.wire.connections, ended=True))

    def void(self, check: str) -> None:
        """Withdraw all that was refused to a check, because something else has shown the contrary."""
        for refusal in self.refusals:
            if refusal.check == check:
                refusal.withdraw()
        self.refusals = [refusal for refusal in self.refusals if refusal.check != check]

    async def confirm(self) -> dict[str, str]:
        """Withdraw the refusals that cannot be believed; return the checks concerned, each with the reason."""
        if not self.refusals:
            return {}
        holds = self.baseline is not None and not self.given_up and await self._baseline_holds()
        doubtful = {}
        for refusal in self.refusals:
            reason = self._doubt(refusal, holds=holds)
            if reason:
                refusal.withdraw()
                doubtful[refusal.check] = reason
        return doubtful

    def _doubt(self, refusal: Refusal, *, holds: bool) -> str:
        """Return why a refusal is not believed, "" if it is."""
        answered_later = holds or refusal.asked < self._answered
        if not answered_later:
            return RATE_LIMITED if self.turned_away else NO_BASELINE
        return UNSTEADY if refusal.ended and (self.unsteady or not holds) else ""


def _withdraw(facts: MutableMapping[Key, bool], key: Key) -> None:
    if facts.get(key) is False:
        del facts[key]
