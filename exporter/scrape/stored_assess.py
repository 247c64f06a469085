"""Assesses the certificates of a file or a Kubernetes object by the same conditions as those that endpoints present.

Each certificate that a server would present is assessed as a chain with the issuers that follow it. A standalone CA
certificate (in a bundle, a trusted entry of a key store, a cluster's authority) is assessed by its dates, key and
encoding only. So is the client certificate of a kubeconfig's user, because no root store has its issuer. The result
is one assessment, with the findings of all entries and the certificates in the order of the file.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from exporter.at_rest.formats.entry import EntryKind
from exporter.at_rest.stored import Stored, StoredCertificate
from exporter.certificates.certificate import Certificate
from exporter.certificates.chain_cache import Chain, ChainAssessor, validity_window
from exporter.certificates.verdict import TrustStore, Verdict
from exporter.config.model import Module
from exporter.findings.assessment import Assessment, Found, assess
from exporter.findings.catalogue import RULES
from exporter.findings.finding import SEVERITIES
from exporter.findings.observation import Observation
from exporter.probe.result import Handshake, Result
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
PRESENTED = tuple(rule for rule in RULES if rule.finding.id.startswith(("certificate_", "root_")))
ALONE = tuple(rule for rule in PRESENTED if rule.finding.id in _OF_ANY_CERTIFICATE)
ROOT = tuple(rule for rule in ALONE if rule.finding.id != "certificate_weak_signature")


@dataclass(frozen=True, slots=True)
class Group:
    """Certificates that are assessed together, and whether as what a server presents."""

    certificates: tuple[Certificate, ...]
    is_presented: bool
    start: int  # position of the first
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
    groups = tuple(groups_of(stored.certificates, certificates))
    assessed = [_assess(whole, group, trust, chains) for group in groups]
    presented = [one.observation for one, group in zip(assessed, groups, strict=True) if group.is_presented]
    verdicts, chain = _together(certificates, presented)
    merged = Assessment(
        replace(whole, verdicts=verdicts, chain=chain),
        _merged((group, one.findings) for one, group in zip(assessed, groups, strict=True)),
        _merged((group, one.accepted) for one, group in zip(assessed, groups, strict=True)),
        min(one.holds_until for one in assessed),
    )
    return merged, min(merged.holds_until, validity_window(certificates, now)[1], *_chain_ends(presented))


def _chain_ends(presented: Sequence[Observation]) -> Iterator[float]:
    return (one.chain.valid_until for one in presented if one.chain is not None)


def groups_of(stored: Sequence[StoredCertificate], certificates: Sequence[Certificate]) -> Iterator[Group]:
    """Yield what is assessed together: each certificate that a server would present, with the CAs after it."""
    start = 0
    while start < len(stored):
        first, certificate = stored[start], certificates[start]
        end = start + 1
        if not _is_presented(first, certificate, is_alone=len(stored) == 1):
            yield Group((certificate,), is_presented=False, start=start, name=first.alias or first.user)
        else:
            while end < len(stored) and stored[end].entry == first.entry and certificates[end].is_ca:
                end += 1
            yield Group(tuple(certificates[start:end]), is_presented=True, start=start, name=first.alias)
        start = end


def _is_presented(stored: StoredCertificate, certificate: Certificate, *, is_alone: bool) -> bool:
    """Return whether a server would present it. Roots of version 1 do not say that they are authorities."""
    if stored.kind in (EntryKind.TRUSTED, EntryKind.CLIENT) or certificate.is_ca:
        return False
    return stored.kind is EntryKind.KEY or is_alone or not (certificate.is_self_signed and certificate.is_ca is None)


def _assess(whole: Observation, group: Group, trust: TrustStore | None, chains: ChainAssessor) -> Assessment:
    if group.is_presented:
        chain = chains.assess_chain(tuple(one.der for one in group.certificates), trust, whole.now)
        observation = replace(whole, certificates=chain.certificates, verdicts=chain.verdicts, chain=chain)
        return assess(observation, PRESENTED)
    chain = Chain(group.certificates, (), group.certificates, None, None)
    observation = replace(whole, certificates=group.certificates, chain=chain)
    return assess(observation, ROOT if group.certificates[0].is_self_issued else ALONE)


def _merged(found: Iterable[tuple[Group, tuple[Found, ...]]]) -> tuple[Found, ...]:
    """Return each finding once, the worst first, with what was seen first and how often it was seen besides."""
    kept: dict[str, Found] = {}
    more: Counter[str] = Counter()
    for group, findings in found:
        for one in findings:
            if one.finding.id in kept:
                more[one.finding.id] += 1
                continue
            position = one.certificate + group.start if one.certificate is not None else None
            detail = f"{group.name}: {one.detail}" if group.name else one.detail
            kept[one.finding.id] = replace(one, detail=detail, certificate=position)
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
        handshake=Handshake(chain=tuple(one.der for one in stored.certificates), failure=stored.failure),
        is_stored=True,
    )
