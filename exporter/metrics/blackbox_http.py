"""The names of blackbox_exporter's prober `http`, for modules that have `http`.

The one request follows no redirect and reads no body: the status is that of the first answer, and the phase `transfer`
takes no time. The status is 0 where there was no answer, as alerts on blackbox_exporter expect; what else is not known
of an answer is absent.
"""

from collections.abc import Iterator, Sequence

from exporter.findings.assessment import Assessment
from exporter.metrics.catalogue import Family
from exporter.probe.result import Phase, Result

HTTP_FAMILIES: tuple[Family, ...] = (
    Family("probe_http_status_code", "Status code of the HTTP answer; 0 if there was none."),
    Family("probe_http_ssl", "1 if the request was sent over TLS."),
    Family("probe_http_version", "Version of HTTP of the answer."),
    Family("probe_http_redirects", "Redirects that were followed: none ever is."),
    Family("probe_http_content_length", "Length of the body as the answer says it, -1 if it does not."),
    Family("probe_http_duration_seconds", "Duration of the probe by blackbox_exporter's phases.", ("phase",)),
    Family("probe_failed_due_to_regex", "0: no body is compared with a regular expression."),
)

_PHASES = {
    Phase.RESOLVE: "resolve",
    Phase.CONNECT: "connect",
    Phase.PROXY: "connect",
    Phase.STARTTLS: "connect",
    Phase.HANDSHAKE: "tls",
    Phase.HTTP: "processing",
}
_ALL_PHASES = ("resolve", "connect", "tls", "processing", "transfer")

Sample = tuple[str, str, float]


def http_samples(assessments: Sequence[Assessment]) -> Iterator[Sample]:
    """Yield the samples of a target whose module asks by HTTP; of several variants, of the one that went worst."""
    asked = [one.observation.result for one in assessments if one.observation.module.http is not None]
    if not asked:
        return
    result = max(asked, key=_status_to_compare)
    facts = result.http
    answered = facts is not None and facts.status_code is not None
    yield "probe_http_status_code", "", float(facts.status_code or 0) if facts is not None else 0.0
    yield "probe_http_ssl", "", float(result.success)
    if answered and facts is not None:
        yield "probe_http_version", "", float(facts.version)
        yield "probe_http_content_length", "", -1.0 if facts.content_length is None else float(facts.content_length)
    yield "probe_http_redirects", "", 0.0
    yield "probe_failed_due_to_regex", "", 0.0
    seconds = dict.fromkeys(_ALL_PHASES, 0.0)
    for phase, duration in result.durations:
        seconds[_PHASES[phase]] += duration
    for name, duration in seconds.items():
        yield "probe_http_duration_seconds", f'phase="{name}"', round(duration, 6)


def _status_to_compare(result: Result) -> int:
    """Return a number that is larger the worse: no answer is the worst."""
    status = result.http.status_code if result.http is not None else None
    return status if status is not None else 1000
