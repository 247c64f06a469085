"""One reading as a page for a terminal, and as JSON. Pure: a reading in, text out.

Everything that a peer said is made printable first: no control character reaches a terminal.
"""

import json
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from exporter.certificates.certificate import Certificate
from exporter.certificates.verdict import Verdict
from exporter.cli.report_posture import posture_fields, posture_rows
from exporter.findings.assessment import Assessment, Found
from exporter.metrics.labels import clean
from exporter.probe.result import Result
from exporter.scrape.report import TargetReport

WIDTH = 100
DAY = 86400.0
_COLOURS = {
    "critical": "1;31",
    "high": "31",
    "medium": "33",
    "low": "36",
    "good": "32",
    "bad": "1;31",
    "dim": "2",
    "head": "1",
}
_MOST_NAMES = 8


class _Ink:
    def __init__(self, *, colour: bool) -> None:
        self._colour = colour

    def __call__(self, kind: str, text: str) -> str:
        return f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m" if self._colour else text


def as_text(report: TargetReport, *, colour: bool = False) -> str:
    """Return a page that a person enjoys reading."""
    ink = _Ink(colour=colour)
    return "\n".join(line for assessment in report.assessments for line in (*_page(assessment, ink), ""))


def _page(assessment: Assessment, ink: _Ink) -> Iterator[str]:
    observation = assessment.observation
    result = observation.result
    yield _headline(assessment, ink)
    yield ""
    yield from _session_rows(result, ink)
    if observation.certificates:
        yield ""
        yield ink("head", "certificates, as presented")
        for position, certificate in enumerate(observation.certificates):
            yield from _certificate_rows(position, certificate, observation.now, ink)
        yield ""
        yield from _trust_rows(assessment, ink)
    if observation.posture is not None:
        yield ""
        yield ink("head", "posture, as found by hellos of our own")
        for label, text in posture_rows(observation, ink):
            yield _row(label, text)
    yield ""
    yield from _finding_rows(assessment.findings, result, ink)


def _headline(assessment: Assessment, ink: _Ink) -> str:
    observation = assessment.observation
    result = observation.result
    name = clean(observation.target.name)
    variant = [clean(part) for part in (result.variant.address, result.variant.server_name) if part]
    variant += [result.variant.certificate_type] if result.variant.certificate_type else []
    title = " ".join([name, *variant])
    if result.failure is not None:
        failure = result.failure
        return f"{ink('bad', 'FAILED')}  {ink('head', title)}  {failure.phase}: {failure.reason}"
    state = ink("good", "OK") if not assessment.findings else ink(assessment.findings[0].finding.severity, "FINDINGS")
    return f"{state}  {ink('head', title)}"


def _row(label: str, text: str) -> str:
    return f"  {label:<13} {text}"


def _session_rows(result: Result, ink: _Ink) -> Iterator[str]:
    if result.address:
        what = "proxy" if result.proxied else "address"
        yield _row(what, f"{result.address} ({result.family})" if result.family != "unix" else result.address)
    if result.server_name:
        yield _row("server name", result.server_name)
    if result.session is not None:
        session = result.session
        parts = [session.protocol, session.cipher, session.group or "no key exchange group"]
        parts += [f"ALPN {clean(session.alpn)}"] if session.alpn else []
        yield _row("session", ", ".join(parts))
    if result.client_certificate_requested:
        yield _row("client", "the server asked for a client certificate")
    if result.failure is not None and result.failure.detail:
        yield _row("why", ink("bad", clean(result.failure.detail)))
    if result.http is not None:
        http = result.http
        answer = http.failure or f"status {http.status_code}" + (
            f", to {clean(http.location)}" if http.location else ""
        )
        yield _row("HTTP", answer)
        if http.hsts is not None:
            yield _row(
                "HSTS", f"max-age {http.hsts.max_age}" + (f" ({http.hsts.malformed})" if http.hsts.malformed else "")
            )
    phases = [f"{phase} {seconds * 1000:.1f}" for phase, seconds in result.durations]
    yield _row("milliseconds", ink("dim", " + ".join(phases) + f" = {result.total_seconds * 1000:.1f}"))


def _certificate_rows(position: int, certificate: Certificate, now: float, ink: _Ink) -> Iterator[str]:
    yield _row(str(position), ink("head", clean(certificate.subject, WIDTH) or "(empty subject)"))
    yield _row("", f"issued by {clean(certificate.issuer, WIDTH)}")
    yield _row("", _validity(certificate, now, ink))
    yield _row(
        "", f"{certificate.key}, {certificate.signature_algorithm}, serial {clean(certificate.serial_number, 64)}"
    )
    if position == 0:
        names = (*certificate.dns_names, *certificate.ip_addresses)
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        if names:
            yield _row("", "for " + ", ".join(clean(name, 80) for name in names[:_MOST_NAMES]) + more)
    yield _row("", ink("dim", f"SHA-256 {certificate.fingerprint_sha256}"))


def _validity(certificate: Certificate, now: float, ink: _Ink) -> str:
    if certificate.not_after is None or certificate.not_before is None:
        return ink("bad", "its validity cannot be read")
    text = f"{_date(certificate.not_before)} to {_date(certificate.not_after)}"
    if now > certificate.not_after:
        return f"{text}, {ink('bad', f'expired {_days(now - certificate.not_after)} ago')}"
    if now < certificate.not_before:
        return f"{text}, {ink('bad', f'valid in {_days(certificate.not_before - now)}')}"
    lifetime = max(certificate.not_after - certificate.not_before, 1)
    left = certificate.not_after - now
    kind = "good" if left > lifetime / 3 else "medium"
    return f"{text}, {ink(kind, f'{_days(left)} left')} of {_days(lifetime)}"


def _date(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
    except (OverflowError, ValueError, OSError):
        return str(seconds)


def _days(seconds: float) -> str:
    if seconds < 2 * DAY:
        return f"{seconds / 3600:.1f} hours"
    return f"{seconds / DAY:.0f} days"


def _trust_rows(assessment: Assessment, ink: _Ink) -> Iterator[str]:
    observation = assessment.observation
    for verdict in observation.verdicts:
        yield _row("trust", f"{verdict.verifier}: {_verdict(verdict, ink)}")
        for error in verdict.errors:
            yield _row(
                "", f"at depth {error.depth}: {error.name}" + (f", {clean(error.message)}" if error.message else "")
            )
    if observation.name_match is not None:
        yield _row("name", ink("good", "matches") if observation.name_match else ink("bad", "does not match"))


def _verdict(verdict: Verdict, ink: _Ink) -> str:
    return ink("good", "trusted") if verdict.trusted else ink("bad", "not trusted")


def _finding_rows(findings: tuple[Found, ...], result: Result, ink: _Ink) -> Iterator[str]:
    if not findings:
        yield ink("good", "no findings") if result.success else "no findings could be made"
        return
    yield ink("head", "findings")
    for found in findings:
        severity = found.finding.severity
        yield f"  {ink(severity, f'{severity:<9}')} {found.finding.id}: {found.finding.title}"
        if found.detail:
            yield from _wrapped(clean(found.detail))
        yield from _wrapped("fix: " + found.finding.fix)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=" " * 12, subsequent_indent=" " * 12)


def as_json(report: TargetReport) -> str:
    """Return a reading as JSON: one object for each variant under `results`."""
    document = {
        "target": report.target.name,
        "module": report.target.module,
        "results": [_result(assessment) for assessment in report.assessments],
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _result(assessment: Assessment) -> dict[str, Any]:
    observation = assessment.observation
    result = observation.result
    return {
        "success": result.success,
        "reachable": result.reachable,
        "failure": _fields(result.failure, "phase", "reason", "detail"),
        "address": result.endpoint_address,
        "server_name": result.server_name,
        "certificate_type": result.variant.certificate_type,
        "durations_seconds": {
            **{phase.value: seconds for phase, seconds in result.durations},
            "total": result.total_seconds,
        },
        "session": _fields(result.session, "protocol", "version", "cipher", "group", "alpn"),
        "client_certificate_requested": result.client_certificate_requested or (False if result.success else None),
        "certificates": [_certificate(certificate) for certificate in observation.certificates],
        "verdicts": [
            {
                "verifier": verdict.verifier,
                "trusted": verdict.trusted,
                "errors": [_fields(error, "name", "code", "depth", "message") for error in verdict.errors],
            }
            for verdict in observation.verdicts
        ],
        "name_match": observation.name_match,
        "posture": posture_fields(observation),
        "http": _fields(result.http, "status_code", "version", "location", "redirects_to_https", "failure"),
        "findings": [
            {"finding": found.finding.id, "severity": found.finding.severity, "detail": found.detail}
            for found in assessment.findings
        ],
    }


def _certificate(certificate: Certificate) -> dict[str, Any]:
    return {
        **(_fields(certificate, "subject", "issuer", "serial_number", "not_before", "not_after", "key") or {}),
        **(_fields(certificate, "signature_algorithm", "fingerprint_sha256", "spki_sha256") or {}),
        "dns_names": list(certificate.dns_names),
        "ip_addresses": list(certificate.ip_addresses),
        "problems": list(certificate.problems),
    }


def _fields(value: object | None, *names: str) -> dict[str, Any] | None:
    return None if value is None else {name: getattr(value, name) for name in names}
