"""One report as a page for a terminal. Pure: a report in, text out.

Everything that a peer said is made printable first: no control character reaches a terminal.
"""

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from exporter.certificates.certificate import Certificate
from exporter.certificates.der import as_pem
from exporter.certificates.verdict import Verdict
from exporter.cli.report_posture import posture_rows
from exporter.findings.assessment import Assessment, Found
from exporter.findings.failure import explain
from exporter.findings.state import State, Status, status, worst
from exporter.metrics.labels import clean
from exporter.probe.result import Failure, Result, Variant
from exporter.published.shown import published_rows
from exporter.scrape.report import TargetReport
from exporter.target import Target

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


def as_text(reports: Sequence[TargetReport], *, colour: bool = False, quiet: bool = False) -> str:
    """Return what a person reads: a line that sums up, then a page for each result; `quiet`: a line a target."""
    ink = _Ink(colour=colour)
    if quiet:
        return "".join(f"{_headline(report.target, worst(report.assessments), ink)}\n" for report in reports)
    lines = [_summary(reports, ink), ""] if len(reports) > 1 else []
    pages = [_page(assessment, ink) for report in reports for assessment in report.assessments]
    return "\n".join([*lines, *(line for page in pages for line in (*page, ""))])


def as_pem_chain(report: TargetReport) -> str:
    """Return the certificates as presented, each under a comment that names it."""
    return "".join(
        f"# {position} {clean(certificate.subject)}\n{as_pem(certificate.der)}\n"
        for assessment in report.assessments
        for position, certificate in enumerate(assessment.observation.certificates)
    )


def _summary(reports: Sequence[TargetReport], ink: _Ink) -> str:
    states = sorted((worst(report.assessments) for report in reports), key=lambda one: one.order)
    counts = Counter((one.state, _kind(one)) for one in states)
    parts = [ink(kind, f"{number} {state.label.lower()}") for (state, kind), number in counts.items()]
    return f"{len(reports)} targets: {', '.join(parts)}"


def _kind(status: Status) -> str:
    return "good" if status.state is State.HEALTHY else status.severity or "dim"


def _page(assessment: Assessment, ink: _Ink) -> Iterator[str]:
    observation = assessment.observation
    result = observation.result
    yield _headline(observation.target, status(assessment), ink, result.variant)
    yield ""
    yield from _session_rows(result, ink)
    if observation.certificates:
        yield ""
        yield ink("head", "certificates, as presented")
        for position, certificate in enumerate(observation.certificates):
            yield from _certificate_rows(position, certificate, observation.now, ink)
        yield ""
        yield from _trust_rows(assessment, ink)
    if observation.published is not None:
        yield ""
        yield ink("head", "what is published")
        for label, text, mark in published_rows(observation.published):
            shown = clean(text, 4 * WIDTH)
            yield _row(clean(label, WIDTH), ink(mark, shown) if mark else shown)
    if observation.posture is not None:
        yield ""
        yield ink("head", "posture, as the scan found it")
        for label, text in posture_rows(observation, ink):
            yield _row(label, text)
    yield ""
    if result.failure is not None:
        yield from _failure_rows(assessment, result.failure, ink)
    if assessment.findings or result.failure is None:
        yield from _finding_rows(assessment.findings, ink)
    yield from _accepted_rows(assessment.accepted, ink)


def _headline(target: Target, status: Status, ink: _Ink, variant: Variant | None = None) -> str:
    """Return the line that sums up: the state, the target, and why."""
    of_variant = (variant.address, variant.server_name, variant.certificate_type) if variant is not None else ()
    title = " ".join(clean(part) for part in (target.name, *of_variant) if part)
    why = f"  {status.summary}" + (f": {clean(status.detail)}" if status.detail else "") if status.summary else ""
    return f"{ink(_kind(status), status.state.label)}  {ink('head', title)}{why}"


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
    for client in observation.chain.clients if observation.chain is not None else ():
        if client.trusted is False:
            why = ", ".join(dict.fromkeys(error.name for error in client.errors))
            yield _row("client", f"{client.client}: {ink('bad', 'refuses')} ({why})")
    if observation.name_match is not None:
        yield _row("name", ink("good", "matches") if observation.name_match else ink("bad", "does not match"))


def _verdict(verdict: Verdict, ink: _Ink) -> str:
    if verdict.trusted is None:
        return "unknown: the library cannot read the chain"
    return ink("good", "trusted") if verdict.trusted else ink("bad", "not trusted")


def _failure_rows(assessment: Assessment, failure: Failure, ink: _Ink) -> Iterator[str]:
    words = explain(failure, assessment.observation.module, assessment.observation.target.endpoint)
    yield ink("head", "failure")
    yield f"  {ink('bad', f'{failure.phase}: {failure.reason}')} {words.title}"
    if failure.detail:
        yield from _wrapped(clean(failure.detail))
    yield from _wrapped(words.meaning)
    yield from _wrapped("fix: " + words.fix)


def _finding_rows(findings: tuple[Found, ...], ink: _Ink) -> Iterator[str]:
    if not findings:
        yield ink("good", "no findings")
        return
    yield ink("head", "findings")
    for found in findings:
        severity = found.finding.severity
        yield f"  {ink(severity, f'{severity:<9}')} {found.finding.id}: {found.finding.title}"
        if found.detail:
            yield from _wrapped(clean(found.detail))
        yield from _wrapped("fix: " + found.finding.fix)


def _accepted_rows(accepted: tuple[Found, ...], ink: _Ink) -> Iterator[str]:
    if accepted:
        yield ink("head", "accepted")
    for found in accepted:
        assert found.acceptance is not None
        until = found.acceptance.until
        end = f", until {_date(int(until) - 1)}" if until is not None else ""
        severity = ink("dim", f"{found.finding.severity:<9}")
        yield f"  {severity} {found.finding.id}: {clean(found.acceptance.reason)}{end}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=" " * 12, subsequent_indent=" " * 12)
