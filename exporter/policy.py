"""Policy: what is made of findings. When expiry is near, which findings are accepted, how severe each is. Pure values.

`global`, a module and a group of targets may each write a `PolicyLayer`. The layer nearest to the target wins for each
threshold and each severity; acceptances add up.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache

SEVERITIES = ("critical", "high", "medium", "low")
"""From worst to least.

critical: clients refuse the connection, or an attacker can read or alter it today.
high: some clients refuse the connection, or an attack is practical with effort.
medium: below the current recommendations (RFC 9325); to be planned.
low: worth knowing, seldom urgent.
"""

_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class ExpiryThresholds:
    """When a certificate's end is near: the smaller of some seconds and a fraction of its whole lifetime."""

    warn: float = 21 * _DAY
    warn_fraction: float = 0.25
    critical: float = 7 * _DAY
    critical_fraction: float = 0.1

    def warn_seconds(self, lifetime: float) -> float:
        """Return the seconds before the end from which `certificate_expiring_soon` is present."""
        return max(min(self.warn, self.warn_fraction * lifetime), self.critical_seconds(lifetime))

    def critical_seconds(self, lifetime: float) -> float:
        """Return the seconds before the end from which `certificate_expiry_imminent` is present."""
        return min(self.critical, self.critical_fraction * lifetime)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A finding that the configuration accepts. `until` is the Unix time at which that ends, None for never."""

    finding: str
    reason: str
    until: float | None = None

    def holds(self, now: float) -> bool:
        """Return whether it is in force at a Unix time."""
        return self.until is None or now < self.until


@dataclass(frozen=True, slots=True)
class PolicyLayer:
    """What one place of the configuration writes; what it does not write is empty."""

    expiry: tuple[tuple[str, float], ...] = ()  # fields of ExpiryThresholds
    accept: tuple[Acceptance, ...] = ()
    severity: tuple[tuple[str, str], ...] = ()  # finding and severity


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for one target: every layer applied, from `global` to its group."""

    expiry: ExpiryThresholds = field(default_factory=ExpiryThresholds)
    accept: tuple[Acceptance, ...] = ()
    severity: tuple[tuple[str, str], ...] = ()

    def severity_of(self, finding: str, default: str) -> str:
        """Return the severity that a finding has here."""
        return next((severity for name, severity in self.severity if name == finding), default)

    def acceptance(self, finding: str, now: float) -> Acceptance | None:
        """Return what accepts a finding at a Unix time: the one that lasts longest."""
        holding = [one for one in self.accept if one.finding == finding and one.holds(now)]
        return max(holding, key=lambda one: float("inf") if one.until is None else one.until, default=None)

    def next_change(self, now: float) -> float:
        """Return the next Unix time at which an acceptance ends; infinity if none does."""
        ends = (one.until for one in self.accept if one.until is not None and one.until > now)
        return min(ends, default=float("inf"))


DEFAULT_POLICY = Policy()


@lru_cache(maxsize=4096)
def layered(policy: Policy, layer: PolicyLayer) -> Policy:
    """Return a policy with one more layer on top."""
    severity = dict(policy.severity) | dict(layer.severity)
    return Policy(
        expiry=replace(policy.expiry, **dict(layer.expiry)),
        accept=(*layer.accept, *policy.accept),
        severity=tuple(sorted(severity.items())),
    )


def policy_of(layers: Iterable[PolicyLayer]) -> Policy:
    """Return the policy that layers make, the outermost first."""
    policy = DEFAULT_POLICY
    for layer in layers:
        policy = layered(policy, layer)
    return policy
