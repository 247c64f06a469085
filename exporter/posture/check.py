"""What a check is: a row of a table. Each topic's file has its rows next to the functions that ask."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from exporter.posture.scan import Scan


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `name` is the label that says so when it found no answer.

    `ask` asks the server and notes facts in the scan. It raises Unanswered when there is no answer; what it noted until
    then stays. `features` and `vulnerabilities` are the names of the facts that it determines, apart from versions,
    cipher classes and groups. `active`: it sends what no ordinary client sends. `on_request`: it is made
    only where asked for, since it costs many connections.
    """

    name: str
    ask: Callable[[Scan], Awaitable[None]]
    features: tuple[str, ...] = ()
    vulnerabilities: tuple[str, ...] = ()
    active: bool = False
    on_request: bool = False
