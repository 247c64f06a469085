"""Which targets and certificates a query means. Pure, and quick for 10,000: what is not asked for is not looked at."""

from collections.abc import Callable, Iterator

from exporter.certificates.certificate import Certificate
from exporter.findings.state import State
from exporter.scrape.history import Summary
from exporter.scrape.report import TargetReport
from exporter.target import Target
from exporter.web.list_query import ListQuery

_SEARCHED_NAMES = 100  # of a certificate, by words; the filter `san` looks at all

_STATES = {state: state.label for state in State}

Filter = Callable[[Target, Summary | None, TargetReport | None], bool]


def target_filter(query: ListQuery) -> Filter | None:
    """Return what tells whether a target is meant, None if all are; the tab (`show`) is checked elsewhere."""
    if not (query.text or query.module or query.labels or query.filters):
        return None
    words, certificate = query.text.lower().split(), certificate_filter(query)
    by_certificate = query.issuer or query.fingerprint or query.serial or query.san
    texts: dict[str, str] = {}

    def is_meant(target: Target, summary: Summary | None, report: TargetReport | None) -> bool:
        if query.module and target.module != query.module:
            return False
        if query.labels and not has_labels(target, query.labels):
            return False
        if (query.severity or query.finding or query.state) and not _is_found(summary, report, query):
            return False
        if by_certificate and not any(map(certificate, presented(report))):
            return False
        return not words or _holds(target, summary, report, words, texts)

    return is_meant


def certificate_filter(query: ListQuery) -> Callable[[Certificate], bool]:
    """Return what tells whether a certificate is meant by its issuer, fingerprint, serial number and names."""
    issuer, san = query.issuer.lower(), query.san.lower()

    def is_meant(certificate: Certificate) -> bool:
        return (
            (not issuer or issuer in certificate.issuer.lower())
            and (not query.fingerprint or certificate.fingerprint_sha256.startswith(query.fingerprint))
            and (not query.serial or certificate.serial_number.lstrip("0") == query.serial)
            and (not san or any(san in name.lower() for name in _names(certificate)))
        )

    return is_meant


def has_labels(target: Target, wanted: tuple[str, ...]) -> bool:
    """Return whether a target has every label, each `name=value` or a name alone."""
    labels = {name: value for name, value in target.labels}  # noqa: C416 - mypy wants pairs
    return all(
        (name in labels and labels[name] == value) if equals else name in labels
        for name, equals, value in (one.partition("=") for one in wanted)
    )


def presented(report: TargetReport | None) -> Iterator[Certificate]:
    """Yield every certificate that an endpoint presented."""
    if report is not None:
        for assessment in report.assessments:
            yield from assessment.observation.certificates


def leaf_of(report: TargetReport | None) -> Certificate | None:
    """Return the first certificate of a report, which is a leaf."""
    return next(presented(report), None)


def search_text(certificate: Certificate) -> str:
    """Return what words find a certificate by."""
    one = certificate
    names = f"{' '.join(one.dns_names[:_SEARCHED_NAMES])} {' '.join(one.ip_addresses[:_SEARCHED_NAMES])}"
    return f"{one.subject} {one.issuer} {one.serial_number} {one.fingerprint_sha256} {one.key} {names}".lower()


def _names(certificate: Certificate) -> Iterator[str]:
    yield from certificate.dns_names
    yield from certificate.ip_addresses


def _is_found(summary: Summary | None, report: TargetReport | None, query: ListQuery) -> bool:
    if summary is None or report is None:
        return query.state == "unknown" and not (query.severity or query.finding)
    if query.state and summary.status.state != query.state:
        return False
    if not (query.severity or query.finding):
        return True
    return any(
        (not query.severity or found.finding.severity == query.severity)
        and (not query.finding or found.finding.id == query.finding)
        for assessment in report.assessments
        for found in (*assessment.findings, *(assessment.accepted if query.finding else ()))
    )


def _holds(
    target: Target, summary: Summary | None, report: TargetReport | None, words: list[str], texts: dict[str, str]
) -> bool:
    """Return whether every word is found; `texts` keeps those of certificates, for many targets present the same."""
    labels = " ".join([f"{name}={value}" for name, value in target.labels])
    text = f"{target.name} {target.module} {labels}"
    if summary is not None:
        found = " ".join((*summary.findings, *summary.accepted))
        text = f"{text} {summary.failure} {_STATES[summary.status.state]} {summary.protocol} {found}"
    text = text.lower()
    missing = [word for word in words if word not in text]
    if not missing:
        return True
    known = [_text_of(certificate, texts) for certificate in presented(report)]
    return all(any(word in text for text in known) for word in missing)


def _text_of(certificate: Certificate, texts: dict[str, str]) -> str:
    text = texts.get(certificate.fingerprint_sha256)
    if text is None:
        text = texts[certificate.fingerprint_sha256] = search_text(certificate)
    return text
