"""One target's results as its page shows them: values ready to print. Pure: a judgement in, a view out."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exporter.findings.assessment import Assessment, Found
from exporter.metrics.collect import as_mapping
from exporter.probe.result import Event, Failure, Phase, Result
from exporter.scrape.assess import reference_name
from exporter.scrape.history import Probe
from exporter.web.chain_view import Link, links

_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_OLD_VERSIONS = ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1")
_SAFE_CLASSES = ("cbc", "dhe")
_HYBRID = "MLKEM"

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
    findings: tuple[Found, ...]
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
    """Return what the page shows of a judgement."""
    observation = assessment.observation
    result = observation.result
    samples = as_mapping(assessment)
    variant = (result.variant.address, result.variant.server_name, result.variant.certificate_type)
    return View(
        title=" · ".join(part for part in variant if part),
        failure=result.failure,
        findings=assessment.findings,
        links=links(observation, now),
        verdicts=observation.verdicts,
        name_match=observation.name_match,
        reference_name=reference_name(observation.target, observation.module, result),
        tables=(
            Table("Session", tuple(_session(result))),
            Table("Revocation", tuple(_revocation(samples))),
            Table("HTTP", tuple(_http(result))),
        ),
        posture=tuple(_posture(samples)),
        phases=tuple(_bars(result)),
        total=result.total_seconds,
        events=result.events,
    )


def _session(result: Result) -> Iterator[Row]:
    session = result.session
    if session is not None:
        yield "Protocol", session.protocol, "bad" if session.protocol in _OLD_VERSIONS else ""
        yield "Cipher", session.cipher, ""
        yield "Group", session.group or "none: static RSA", "good" if _HYBRID in session.group else ""
        yield "ALPN", session.alpn or "none agreed", ""
        if result.client_certificate_requested or result.success:
            yield "Client certificate", "asked for" if result.client_certificate_requested else "not asked for", ""
    if result.address:
        yield "Proxy" if result.proxied else "Address", result.address, ""
    if result.server_name:
        yield "Server name", result.server_name, ""


def _revocation(samples: Mapping[str, list[tuple[str, float]]]) -> Iterator[Row]:
    for _, value in samples.get("tls_ocsp_stapled", []):
        yield "OCSP staple", "sent" if value else "not sent", ""
    for labels, _ in samples.get("tls_ocsp_status_info", []):
        known = labels_of(labels)
        yield f"OCSP, {known['source']}", known["status"], "good" if known["status"] == "good" else "bad"
    for labels, value in samples.get("tls_certificate_revoked", []):
        revoked = "revoked" if value else "not revoked"
        yield f"Leaf, by {labels_of(labels)['source']}", revoked, "bad" if value else "good"
    for labels, _ in samples.get("tls_revocation_failure_info", []):
        known = labels_of(labels)
        yield f"From {known['source']}", f"no answer: {known['reason']}", "bad"
    for _, value in samples.get("tls_certificate_sct_count", []):
        yield "SCTs", str(int(value)), ""


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


def labels_of(text: str) -> dict[str, str]:
    """Read labels as the exposition has them."""
    return {name: value.replace('\\"', '"').replace("\\\\", "\\") for name, value in _LABEL.findall(text)}


def _posture(samples: Mapping[str, list[tuple[str, float]]]) -> Iterator[Accepted]:
    for family, title, label in (
        ("tls_version_accepted", "Protocol versions", "version"),
        ("tls_cipher_class_accepted", "Cipher classes", "class"),
        ("tls_group_accepted", "Key exchange groups", "group"),
    ):
        items = [(labels_of(labels)[label], bool(value)) for labels, value in samples.get(family, [])]
        if items:
            yield Accepted(
                title,
                tuple((name, _mark(label, name)) for name, yes in items if yes),
                tuple(name for name, yes in items if not yes),
            )


def _mark(label: str, name: str) -> str:
    """Say whether that this is accepted is bad, good, or neither."""
    if (label == "version" and name in _OLD_VERSIONS) or (label == "class" and name not in _SAFE_CLASSES):
        return "bad"
    return "good" if name == "TLSv1.3" or _HYBRID in name.upper() else ""


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
