"""What one scenario of the gallery is: how it is served, and what must be seen of it. Values only."""

from collections.abc import Callable
from dataclasses import dataclass, field

from exporter.demo.pki import PKI
from exporter.demo.scripts import Script
from exporter.demo.servers import Endpoint
from exporter.net.reason import Reason
from exporter.probe.result import Failure, Phase


@dataclass(frozen=True, slots=True)
class Closed:
    """A port on which nobody listens."""


ScriptMaker = Callable[[PKI], Script]
"""A script that needs certificates of the gallery's infrastructure."""

Served = Endpoint | Script | ScriptMaker | Closed


@dataclass(frozen=True, slots=True)
class Seen:
    """What a probe of the scenario must show. None means that the scenario leaves it open.

    `findings` are there after the first probe; with `posture_findings`, which take the posture checks, they are all.
    """

    success: bool = True
    reachable: bool = True
    failure: Failure | None = None
    version: float | None = None
    certificates: int = 0
    trusted: bool | None = None
    name_match: bool | None = None
    findings: tuple[str, ...] = ()
    posture_findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """One endpoint of the gallery. `host` is written in the target; `module` is one of the gallery's."""

    name: str
    story: str
    served: Served
    seen: Seen
    host: str = "localhost"
    module: str = "demo"
    bind: str = field(default="127.0.0.1")


def failed(phase: Phase, reason: Reason, *, reachable: bool = True, certificates: int = 0) -> Seen:
    """Return what is seen of a probe that ends without a session."""
    return Seen(success=False, reachable=reachable, failure=Failure(phase, reason), certificates=certificates)
