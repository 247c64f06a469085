"""What is remembered of each target between scrapes: a digest of its last reading, its last probes, its changes.

Bounded for each target: RECENT probes as plain numbers, CHANGES changes as short texts, about 1 KiB in all. It keeps
no certificate and no result; those are in the last reading.
"""

import math
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from exporter.certificates.facts import Certificate
from exporter.findings.catalogue import SEVERITIES
from exporter.findings.judgement import Judgement
from exporter.findings.trust import used
from exporter.reading import Reading
from exporter.target import Target

RECENT = 32
CHANGES = 12
_NAMED_FINDINGS = 4

Counts = tuple[int, ...]
"""How many findings of each severity, in the order of SEVERITIES."""

_NO_FINDINGS: Counts = (0,) * len(SEVERITIES)


@dataclass(frozen=True, slots=True)
class Digest:
    """The gist of one reading, all variants together: the worst of each."""

    at: float  # Unix seconds
    seconds: float
    failure: str  # "phase: reason" or "" for none
    protocol: str
    not_before: int | None  # of the certificate with the least time left
    not_after: int | None
    counts: Counts
    findings: tuple[str, ...]  # ids, the worst first
    leaf: str  # SHA-256 of the first leaf, in hex

    @property
    def worst(self) -> int:
        """Index into SEVERITIES of the worst finding; their number if there is none."""
        return next((index for index, count in enumerate(self.counts) if count), len(SEVERITIES))


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was otherwise at the probe before."""

    at: float
    text: str
    better: bool | None  # None where neither better nor worse


Probe = tuple[float, float, bool]
"""When a probe began, how long it took, and whether there was a handshake."""


@dataclass(slots=True)
class Past:
    """One target's past. `recent` yields the last probes, oldest first."""

    _digest: Digest  # of the last reading that differed from the one before it in more than times
    changes: tuple[Change, ...] = ()
    first: float = 0.0  # when it was first probed
    probes: int = 0
    _times: "array[float]" = field(default_factory=lambda: array("d"))
    _seconds: "array[float]" = field(default_factory=lambda: array("f"))  # negative: the probe failed

    @property
    def digest(self) -> Digest:
        """The gist of the last reading."""
        return replace(self._digest, at=self._times[-1], seconds=abs(self._seconds[-1]))

    def add(self, digest: Digest) -> None:
        """Take a new digest in."""
        if self.probes:
            self.changes = (*self.changes, *changes(self._digest, digest))[-CHANGES:]
        else:
            self.first = digest.at
        self._digest = digest
        self.add_unchanged(digest.at, digest.seconds)

    def add_unchanged(self, at: float, seconds: float) -> None:
        """Take in a reading that differs in nothing but times."""
        self.probes += 1
        self._times.append(at)
        self._seconds.append(-seconds if self._digest.failure else seconds)
        if len(self._times) > RECENT:
            del self._times[0], self._seconds[0]

    @property
    def recent(self) -> list[Probe]:
        """The last probes, oldest first."""
        probes = zip(self._times, self._seconds, strict=True)
        return [(at, abs(seconds), math.copysign(1.0, seconds) > 0) for at, seconds in probes]


class History:
    """The past of every target that was probed."""

    def __init__(self) -> None:
        self._pasts: dict[Target, Past] = {}

    @property
    def pasts(self) -> Mapping[Target, Past]:
        """Every target's past."""
        return MappingProxyType(self._pasts)

    def record(self, reading: Reading) -> None:
        """Take a reading in."""
        past = self._pasts.get(reading.target)
        if past is not None and reading.carried_over:
            past.add_unchanged(*_times(reading))
            return
        digest = digest_of(reading)
        if past is None:
            past = Past(digest)
        past.add(digest)
        self._pasts[reading.target] = past  # last: pages, made on threads, may look at any moment

    def forget(self, target: Target) -> None:
        """Drop a target that is not watched any more."""
        self._pasts.pop(target, None)

    def __len__(self) -> int:
        return len(self._pasts)


def digest_of(reading: Reading) -> Digest:
    """Return the gist of a reading."""
    failure = reading.failure
    at, seconds = _times(reading)
    judgements = reading.judgements
    results = [judgement.observation.result for judgement in judgements]
    ending = min(_expiring(judgements), key=lambda one: one.not_after or 0, default=None)
    leaves = (one.observation.certificates[0] for one in judgements if one.observation.certificates)
    found = {one.finding.id: one.finding.severity for judgement in judgements for one in judgement.findings}
    ordered = sorted(found, key=lambda name: SEVERITIES.index(found[name]))
    counts = tuple(sum(severity == one for one in found.values()) for severity in SEVERITIES)
    versions = [(result.session.version, result.session.protocol) for result in results if result.session]
    return Digest(
        at=at,
        seconds=seconds,
        failure=f"{failure.phase}: {failure.reason}" if failure is not None else "",
        protocol=min(versions)[1] if versions else "",
        not_before=ending.not_before if ending else None,
        not_after=ending.not_after if ending else None,
        counts=counts if found else _NO_FINDINGS,
        findings=tuple(ordered),
        leaf=next((leaf.fingerprint_sha256 for leaf in leaves), ""),
    )


def _times(reading: Reading) -> tuple[float, float]:
    """Return when the last of a reading's probes began, and how long the longest took."""
    at = seconds = 0.0
    for judgement in reading.judgements:
        result = judgement.observation.result
        at, seconds = max(at, result.started_at), max(seconds, result.total_seconds)
    return at, seconds


def _expiring(judgements: tuple[Judgement, ...]) -> Iterator[Certificate]:
    """Yield the certificates that clients use: what the target's expiry depends on."""
    for judgement in judgements:
        yield from (one for one in used(judgement.observation) if one.not_after is not None)


def changes(before: Digest, after: Digest) -> Iterator[Change]:
    """Yield what differs between two readings of a target."""
    at = after.at
    if before.failure != after.failure:
        if after.failure:
            yield Change(at, f"fails: {after.failure}", False)
        else:
            yield Change(at, f"answers again, after {before.failure}", True)
    if before.leaf and after.leaf and before.leaf != after.leaf:
        yield Change(at, f"new certificate {after.leaf[:16]}", None)
    if before.protocol and after.protocol and before.protocol != after.protocol:
        yield Change(at, f"{after.protocol} instead of {before.protocol}", after.protocol > before.protocol)
    if not before.failure and not after.failure:
        appeared, gone = set(after.findings) - set(before.findings), set(before.findings) - set(after.findings)
        if appeared:
            yield Change(at, f"found {_some(after.findings, appeared)}", False)
        if gone:
            yield Change(at, f"no longer {_some(before.findings, gone)}", True)


def _some(ordered: tuple[str, ...], wanted: set[str]) -> str:
    names = [name for name in ordered if name in wanted]
    more = f" and {len(names) - _NAMED_FINDINGS} more" if len(names) > _NAMED_FINDINGS else ""
    return ", ".join(names[:_NAMED_FINDINGS]) + more
