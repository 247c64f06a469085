"""The rules by which answers become facts: what is accepted, what is refused, and what stays unknown.

1. Accepted is only what a ServerHello names. This needs no further proof. 2. Refused is what a fatal alert
answers, or a ServerHello that names something else, or an end of the connection that the same hello meets
twice. It is believed only if a hello that the server once answered is answered again at the end of the
scan, and ends of connections only if the server was steady all along. 3. Everything else (timeouts, failed
connections, bytes that are not TLS) is no answer, and the fact stays unknown.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from exporter.posture.exchange import Answer, Kind, Wire, has_hello
from exporter.posture.facts import Check
from exporter.wire.server_flight import ServerFlight

MAX_FAILURES = 3  # in a row: then the endpoint is left alone
NO_BASELINE = "no_baseline"
UNSTEADY = "unsteady"


class Unanswered(Exception):  # noqa: N818 - it is an event of a scan, not a fault
    """A question found no answer; the reason is one of result.Reason, NO_BASELINE or UNSTEADY."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class Refusal:
    """A fact that rests on a refusal, to be believed or withdrawn at the end of a scan."""

    check: Check
    facts: dict[Any, Any]
    key: object
    ended: bool


@dataclass(slots=True)
class Evidence:
    """Asks the questions of one scan, and keeps what the belief in refusals depends on."""

    wire: Wire
    baseline: bytes | None = None  # the first hello that was answered by a ServerHello
    unsteady: bool = False
    refusals: list[Refusal] = field(default_factory=list)
    _failures: int = 0
    _held_at: int = 0  # how many connections there had been when the baseline was last answered

    async def ask(self, hello: bytes, enough: Callable[[ServerFlight], bool] = has_hello) -> Answer:
        """Return an answer of kind HELLO, ALERT or ENDED. Raises Unanswered."""
        answer = await self._ask_once(hello, enough)
        if answer.kind is not Kind.ENDED:
            return answer
        again = await self._ask_once(hello, enough)
        if again.kind is not Kind.ENDED:
            self.unsteady = True
            return again
        if self.baseline is not None and not await self._baseline_holds():
            self.unsteady = True
            raise Unanswered(UNSTEADY)
        return again

    async def _ask_once(self, hello: bytes, enough: Callable[[ServerFlight], bool]) -> Answer:
        answer = await self.wire.ask(hello, enough)
        if answer.kind is Kind.NOTHING:
            self._failures += 1
            raise Unanswered(str(answer.reason))
        self._failures = 0
        if answer.kind is Kind.HELLO and self.baseline is None:
            self.baseline = hello
        return answer

    async def _baseline_holds(self) -> bool:
        """Tell whether the baseline is answered; at once, if nothing was asked since it last was."""
        assert self.baseline is not None
        if self._held_at == self.wire.connections:
            return True
        holds = (await self.wire.ask(self.baseline, has_hello)).kind is Kind.HELLO
        self._held_at = self.wire.connections if holds else 0
        return holds

    @property
    def given_up(self) -> bool:
        """True if several questions in a row found no answer: then nothing more is to be asked."""
        return self._failures >= MAX_FAILURES

    def refused(self, check: Check, answer: Answer, facts: dict[Any, Any], *keys: object) -> None:
        """Set facts to False on the strength of a refusal, until `confirm`."""
        for key in keys:
            facts[key] = False
            self.refusals.append(Refusal(check, facts, key, answer.kind is Kind.ENDED))

    def derived(self, check: Check, facts: dict[Any, Any], key: object, value: object = False) -> None:
        """Set a fact that follows from refusals of other questions, until `confirm`."""
        facts[key] = value
        self.refusals.append(Refusal(check, facts, key, ended=True))

    async def confirm(self) -> dict[Check, str]:
        """Withdraw the refusals that cannot be believed; return the checks concerned, each with the reason."""
        if not self.refusals:
            return {}
        if self.baseline is None or not await self._baseline_holds():
            doubtful, reason = self.refusals, NO_BASELINE
        else:
            doubtful, reason = [one for one in self.refusals if one.ended and self.unsteady], UNSTEADY
        for refusal in doubtful:
            refusal.facts.pop(refusal.key, None)
        return {refusal.check: reason for refusal in doubtful}
