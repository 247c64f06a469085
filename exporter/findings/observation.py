"""Everything that is known of one probed endpoint when it is assessed: the input of every condition."""

from dataclasses import dataclass

from exporter.at_rest.stored import Expected, Stored
from exporter.certificates.certificate import Certificate
from exporter.certificates.chain_cache import Chain
from exporter.certificates.ct_policy import CTVerdict
from exporter.certificates.verdict import StoreVerdict, Verdict
from exporter.config.model import Module
from exporter.policy import Policy, layered
from exporter.posture.facts import Posture
from exporter.probe.result import Result
from exporter.published.facts import Published
from exporter.revocation.status import Revocation
from exporter.target import Target


@dataclass(frozen=True, slots=True)
class Observation:
    """One result with what follows from it. What was not observed is None or empty, never a default that looks fine."""

    target: Target
    module: Module
    result: Result
    now: float
    certificates: tuple[Certificate, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    chain: Chain | None = None  # from where certificates and verdicts come, with what else was found out about them
    name_match: bool | None = None
    sct_count: int | None = None
    revocations: tuple[Revocation, ...] = ()  # one for each source that was asked
    addresses_disagree: bool | None = None
    posture: Posture | None = None
    published: Published | None = None
    stored: Stored | None = None  # what a file holds, where this is no endpoint
    expected: tuple[Expected, ...] = ()  # what files hold that the endpoint must present
    ct: CTVerdict | None = None  # what the timestamps are worth; None without a list of logs
    stores: tuple[StoreVerdict, ...] = ()  # what each root store of the module says
    root_distrusted: bool = False  # browsers have dropped the root by which the system trusts the chain
    series_excess: str = ""  # why the series that describe certificates are left out, if they are

    @property
    def policy(self) -> Policy:
        """What the configuration makes of this target's findings."""
        layer = self.target.policy
        return self.module.policy if layer is None else layered(self.module.policy, layer)
