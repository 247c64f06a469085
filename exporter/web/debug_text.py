"""What `/probe?...&debug=true` answers: everything about one report as text, words of peers escaped. Pure."""

from collections.abc import Iterator

from exporter.certificates.der import as_pem
from exporter.config.dump import mask
from exporter.config.model import Config, Module
from exporter.findings.assessment import Assessment
from exporter.findings.failure import explain
from exporter.metrics.labels import clean
from exporter.probe.result import Result
from exporter.scrape.report import TargetReport

_BAR_WIDTH = 40


def debug_text(report: TargetReport, exposition: str) -> str:
    """Return timeline, log, certificates, module and metrics of a report."""
    sections = [section for assessment in report.assessments for section in _observed(assessment)]
    sections.append(("module in force", masked_module(report.module)))
    sections.append(("metrics", exposition))
    return "\n".join(f"# {title}\n\n{body.rstrip()}\n" for title, body in sections)


def _observed(assessment: Assessment) -> Iterator[tuple[str, str]]:
    observation = assessment.observation
    result = observation.result
    variant = [part for part in (result.variant.address, result.variant.server_name) if part]
    variant += [result.variant.certificate_type] if result.variant.certificate_type else []
    name = " ".join(clean(part) for part in (observation.target.name, *variant))
    yield f"probe of {name}", _outcome(assessment)
    yield "timeline", timeline(result)
    yield "log", log_lines(result)
    if assessment.findings:
        yield (
            "findings",
            "\n".join(
                f"{found.finding.severity:<9} {found.finding.id}: {clean(found.detail)}"
                for found in assessment.findings
            ),
        )
    if result.chain:
        yield "certificates as presented", "\n".join(_certificates(assessment))


def _outcome(assessment: Assessment) -> str:
    observation = assessment.observation
    failure = observation.result.failure
    if failure is None:
        return "its certificates were read" if observation.result.is_stored else "the handshake completed"
    words = explain(failure, observation.module, observation.target.endpoint)
    outcome = f"failed in phase {failure.phase}: {failure.reason}. {clean(failure.detail)}"
    return f"{outcome}\n\n{words.title}.\n{words.meaning}\nFix: {words.fix}"


def timeline(result: Result) -> str:
    """Draw the phases one after another, to scale."""
    total = max(result.total_seconds, sum(seconds for _, seconds in result.durations), 1e-9)
    lines, start = [], 0.0
    for phase, seconds in result.durations:
        before, length = int(start / total * _BAR_WIDTH), max(1, round(seconds / total * _BAR_WIDTH))
        bar = (" " * min(before, _BAR_WIDTH - 1) + "=" * length)[:_BAR_WIDTH]
        lines.append(f"{phase:<10} |{bar:<{_BAR_WIDTH}}| {seconds * 1000:9.1f} ms")
        start += seconds
    lines.append(f"{'total':<10}  {'':<{_BAR_WIDTH}}  {result.total_seconds * 1000:9.1f} ms")
    return "\n".join(lines)


def log_lines(result: Result) -> str:
    """Return what happened, with the milliseconds since the probe began."""
    return "\n".join(
        f"{event.seconds * 1000:9.1f} ms  {event.phase:<9}  {clean(event.text)}" for event in result.events
    )


def _certificates(assessment: Assessment) -> Iterator[str]:
    for position, certificate in enumerate(assessment.observation.certificates):
        yield f"{position} subject: {clean(certificate.subject)}"
        yield f"{position} issuer:  {clean(certificate.issuer)}"
        yield as_pem(certificate.der)


def masked_module(module: Module) -> str:
    """Return one module as it stands in a configuration, secrets as `<secret>`."""
    whole = mask(Config(modules={module.name: module}))
    return "modules:\n" + whole.partition("modules:\n")[2].partition("\ntargets:")[0] + "\n"
