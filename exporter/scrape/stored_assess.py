"""Judges what a file or a Kubernetes object holds, by the same conditions as what an endpoint presents.

Each certificate that a server would present is judged with the issuers after it as a chain. A certificate authority
that stands for itself (a bundle, a trusted entry of a key store, a cluster's authority) is judged by its dates, key
and encoding alone, and so is what a kubeconfig's user authenticates with, whose issuer no root store has. All of it
becomes one assessment, with the findings of all entries and the certificates in the order of the file.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from exporter.at_rest.formats.entry import EntryKind
from exporter.at_rest.stored import Stored, StoredCertificate
from exporter.certificates.certificate import Certificate
from exporter.certificates.chain_cache import Chain, ChainAssessor, validity_window
from exporter.certificates.verdict import TrustStore, Verdict
from exporter.config.model import Module
from exporter.findings.assessment import Assessment, Found, findings_of
from exporter.findings.certificate import CONDITIONS
from exporter.findings.finding import SEVERITIES
from exporter.findings.observation import Observation
from exporter.probe.result import Result
from exporter.target import Target

_OF_ANY_CERTIFICATE = (
    "certificate_expired",
    "certificate_not_yet_valid",
    "certificate_expiring_soon",
    "certificate_expiry_imminent",
    "certificate_weak_key",
    "certificate_weak_signature",
    "certificate_malformed",
)
ALONE = {name: condition for name, condition in CONDITIONS.items() if name in _OF_ANY_CERTIFICATE}
ROOT = {name: condition for name, condition in ALONE.items() if name != "certificate_weak_signature"}


@dataclass(frozen=True, slots=True)
class Group:
    """Certificates that are judged together, and whether as what a server presents."""

    certificates: tuple[Certificate, ...]
    is_presented: bool
    name: str  # of the entry, for sentences


def assess_stored(
    target: Target, module: Module, stored: Stored, now: float, trust: TrustStore | None, chains: ChainAssessor
) -> tuple[Assessment, float]:
    """Return the assessment of what is stored, and until when (Unix seconds) it holds if nothing changes."""
    result = _result(stored, now)
    if not stored.certificates:
        return Assessment(Observation(target, module, result, now, stored=stored)), math.inf
    certificates = tuple(chains.certificate(one.der) for one in stored.certificates)
    whole = Observation(target, module, result, now, certificates, stored=stored)
    assessed = [_assess(whole, group, trust, chains) for group in groups_of(stored.certificates, certificates)]
    presented = [one for one, group in assessed if group.is_presented]
    verdicts, chain = _together(certificates, presented)
    _, until = validity_window(certificates, now)
    untils = [one.chain.valid_until for one in presented if one.chain is not None]
    findings = _merged((one, group.name) for one, group in _with_findings(assessed))
    return Assessment(replace(whole, verdicts=verdicts, chain=chain), findings), min(until, *untils, math.inf)


def groups_of(stored: Sequence[StoredCertificate], certificates: Sequence[Certificate]) -> Iterator[Group]:
    """Yield what is judged together: each certificate that a server would present with the authorities after it."""
    start = 0
    while start < len(stored):
        first, certificate = stored[start], certificates[start]
        end = start + 1
        if not _is_presented(first, certificate, is_alone=len(stored) == 1):
            yield Group((certificate,), is_presented=False, name=first.alias or first.user)
        else:
            while end < len(stored) and stored[end].entry == first.entry and certificates[end].is_ca:
                end += 1
            yield Group(tuple(certificates[start:end]), is_presented=True, name=first.alias)
        start = end


def _is_presented(stored: StoredCertificate, certificate: Certificate, *, is_alone: bool) -> bool:
    """Return whether a server would present it. Roots of version 1 do not say that they are authorities."""
    if stored.kind in (EntryKind.TRUSTED, EntryKind.CLIENT) or certificate.is_ca:
        return False
    return stored.kind is EntryKind.KEY or is_alone or not (certificate.is_self_signed and certificate.is_ca is None)


def _assess(
    whole: Observation, group: Group, trust: TrustStore | None, chains: ChainAssessor
) -> tuple[Observation, Group]:
    ders = tuple(one.der for one in group.certificates)
    if group.is_presented:
        chain = chains.assess_chain(ders, trust, whole.now)
        return replace(whole, certificates=chain.certificates, verdicts=chain.verdicts, chain=chain), group
    alone = Chain(group.certificates, (), group.certificates, None, None)
    return replace(whole, certificates=group.certificates, chain=alone), group


def _with_findings(assessed: Iterable[tuple[Observation, Group]]) -> Iterator[tuple[tuple[Found, ...], Group]]:
    for observation, group in assessed:
        alone = ROOT if group.certificates[0].is_self_issued else ALONE
        yield findings_of(observation, CONDITIONS if group.is_presented else alone), group


def _merged(found: Iterable[tuple[tuple[Found, ...], str]]) -> tuple[Found, ...]:
    """Return each finding once, the worst first, with what was seen first and how often it was seen besides."""
    kept: dict[str, Found] = {}
    more: dict[str, int] = {}
    for findings, name in found:
        for one in findings:
            if one.finding.id in kept:
                more[one.finding.id] = more.get(one.finding.id, 0) + 1
            else:
                kept[one.finding.id] = replace(one, detail=f"{name}: {one.detail}") if name else one
    for finding, count in more.items():
        kept[finding] = replace(kept[finding], detail=f"{kept[finding].detail}; and {count} more of the entries")
    return tuple(sorted(kept.values(), key=lambda one: SEVERITIES.index(one.finding.severity)))


def _together(
    certificates: tuple[Certificate, ...], presented: Sequence[Observation]
) -> tuple[tuple[Verdict, ...], Chain | None]:
    """Return the verdicts on a whole file: trusted is what is trusted in all of its presented chains."""
    if len(presented) == 1 and len(presented[0].certificates) == len(certificates):
        return presented[0].verdicts, presented[0].chain
    trust = presented[0].chain.trust if presented and presented[0].chain is not None else None
    verdicts = []
    for verifier in dict.fromkeys(verdict.verifier for one in presented for verdict in one.verdicts):
        its = [verdict for one in presented for verdict in one.verdicts if verdict.verifier == verifier]
        refused = next((verdict for verdict in its if not verdict.trusted), None)
        verdicts.append(refused or Verdict(verifier, trusted=True, chain=certificates))
    return tuple(verdicts), Chain(certificates, tuple(verdicts), certificates, None, trust)


def _result(stored: Stored, now: float) -> Result:
    return Result(
        started_at=now - stored.seconds,
        total_seconds=stored.seconds,
        reachable=stored.opened,
        failure=stored.failure,
        is_stored=True,
        chain=tuple(one.der for one in stored.certificates),
    )
