"""One target's results as its page shows them: values ready to print. Pure: an assessment in, a view out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from exporter.findings.accepted import is_bad, is_good, is_post_quantum
from exporter.findings.assessment import Assessment, Found
from exporter.findings.explanation import Explanation
from exporter.findings.failure import explain
from exporter.findings.observation import Observation
from exporter.posture.facts import Posture
from exporter.probe.result import Event, Failure, Phase, Result
from exporter.published.shown import published_rows
from exporter.revocation.status import CRL, GOOD
from exporter.scrape.assess import reference_name
from exporter.scrape.history import Probe
from exporter.web.chain_view import Link, links

Row = tuple[str, str, str]
"""What, its value, and how to colour it: "good", "bad" or ""."""


@dataclass(frozen=True, slots=True)
class Table:
    """Facts under one heading."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the server accepts of one kind, each with how to colour it, and what it refuses."""

    title: str
    accepted: tuple[tuple[str, str], ...]
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """One phase on the timeline; start and width in percent of the whole."""

    name: str
    seconds: float
    start: float
    width: float
    failed: bool


@dataclass(frozen=True, slots=True)
class View:
    """Everything the page shows of one result."""

    title: str
    failure: Failure | None
    explanation: Explanation | None
    findings: tuple[Found, ...]
    accepted: tuple[Found, ...]
    links: tuple[Link, ...]
    verdicts: tuple[Any, ...]
    name_match: bool | None
    reference_name: str
    tables: tuple[Table, ...]
    posture: tuple[Accepted, ...]
    phases: tuple[Bar, ...]
    total: float
    events: tuple[Event, ...]


def view(assessment: Assessment, now: float) -> View:
    """Return what the page shows of an assessment."""
    observation = assessment.observation
    result = observation.result
    variant = (result.variant.address, result.variant.server_name, result.variant.certificate_type)
    return View(
        title=" · ".join(part for part in variant if part),
        failure=result.failure,
        explanation=explain(result.failure, observation.module, observation.target.endpoint)
        if result.failure is not None
        else None,
        findings=assessment.findings,
        accepted=assessment.accepted,
        links=links(observation, now),
        verdicts=observation.verdicts,
        name_match=observation.name_match,
        reference_name=reference_name(observation.target, observation.module, result),
        tables=(
            Table("Session", tuple(_session(result))),
            Table("Revocation", tuple(_revocation(observation))),
            Table("HTTP", tuple(_http(result))),
            Table("Published", tuple(published_rows(observation.published))),
        ),
        posture=tuple(_accepted(observation.posture)) if observation.posture is not None else (),
        phases=tuple(_bars(result)),
        total=result.total_seconds,
        events=result.events,
    )


def _session(result: Result) -> Iterator[Row]:
    session = result.session
    if session is not None:
        yield "Protocol", session.protocol, "bad" if is_bad(session.protocol) else ""
        yield "Cipher", session.cipher, ""
        yield "Group", session.group or "none: static RSA", "good" if is_post_quantum(session.group) else ""
        yield "ALPN", session.alpn or "none agreed", ""
        if result.client_certificate_requested or result.success:
            yield "Client certificate", "asked for" if result.client_certificate_requested else "not asked for", ""
    if result.address:
        yield "Proxy" if result.proxied else "Address", result.address, ""
    if result.server_name:
        yield "Server name", result.server_name, ""


def _revocation(observation: Observation) -> Iterator[Row]:
    result = observation.result
    if result.chain and (result.staple is not None or result.success):
        yield "OCSP staple", "sent" if result.staple is not None else "not sent", ""
    for one in observation.revocations:
        if one.status is not None and one.source != CRL:
            yield f"OCSP, {one.source}", one.status, "good" if one.status == GOOD else "bad"
    for one in observation.revocations:
        if one.is_revoked is not None:
            revoked = "revoked" if one.is_revoked else "not revoked"
            yield f"Leaf, by {one.source}", revoked, "bad" if one.is_revoked else "good"
    for one in observation.revocations:
        if one.failure is not None:
            yield f"From {one.source}", f"no answer: {one.failure.value}", "bad"
    if observation.sct_count is not None:
        yield "SCTs", str(observation.sct_count), ""


def _http(result: Result) -> Iterator[Row]:
    http = result.http
    if http is None:
        return
    if http.failure:
        yield "Answer", http.failure, "bad"
    if http.status_code is not None:
        yield "Status", str(http.status_code), ""
    if http.location:
        yield "Location", http.location, ""
    if http.status_code is not None:
        hsts = http.hsts
        yield "HSTS", "not sent" if hsts is None else hsts.malformed or f"max-age {hsts.max_age}", ""
    if http.redirects_to_https is not None:
        yes = http.redirects_to_https
        yield "Plain HTTP", http.redirect_detail or ("redirects to HTTPS" if yes else "does not redirect"), ""
    if http.alt_svc:
        yield "Alt-Svc", http.alt_svc, ""


def _accepted(posture: Posture) -> Iterator[Accepted]:
    for title, facts in (
        ("Protocol versions", posture.versions),
        ("Cipher classes", posture.reported_classes),
        ("Key exchange groups", posture.groups),
        ("Clients that can connect", {name: one.connects for name, one in posture.clients.items()}),
    ):
        if facts:
            yield Accepted(
                title,
                tuple((name, _mark(name)) for name, yes in facts.items() if yes),
                tuple(name for name, yes in facts.items() if not yes),
            )


def _mark(name: str) -> str:
    """Return whether it is bad, good or neither that this is accepted."""
    return "bad" if is_bad(name) else "good" if is_good(name) else ""


def _bars(result: Result) -> Iterator[Bar]:
    whole = max(sum(seconds for _, seconds in result.durations), result.total_seconds, 1e-9)
    start = 0.0
    failed: Phase | None = result.failure.phase if result.failure else None
    for phase, seconds in result.durations:
        width = max(seconds / whole * 100, 0.8)
        yield Bar(phase.value, seconds, min(start / whole * 100, 99.2), width, phase is failed)
        start += seconds


def recent_bars(recent: Sequence[Probe]) -> list[dict[str, Any]]:
    """Return the last probes as bars of at most 38 units' height; a square root, so that fast ones are seen too."""
    slowest = max((seconds for _, seconds, _ in recent), default=0.0) or 1.0
    return [
        {"at": at, "seconds": seconds, "failed": not good, "height": 4 + 34 * (seconds / slowest) ** 0.5}
        for at, seconds, good in recent
    ]
