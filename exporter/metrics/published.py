"""Samples of what is published about an endpoint: one line here for one family of the catalogue."""

from collections.abc import Iterator

from exporter.metrics.labels import label
from exporter.published.dane import DANE
from exporter.published.facts import Published

Sample = tuple[str, str, float]
INFO = 1.0


def published_samples(published: Published | None) -> Iterator[Sample]:
    """Yield every sample; what is not known gives none."""
    if published is None:
        return
    if published.dane is not None:
        yield from _dane(published.dane)
    if published.caa is not None and published.caa.permits is not None:
        yield "tls_caa_permits_issuer", "", float(published.caa.permits)
    if published.mta_sts is not None and published.mta_sts.policy is not None:
        policy = published.mta_sts.policy
        yield "tls_mta_sts_policy_info", f'mode="{policy.mode.value}",max_age="{policy.max_age}"', INFO
    if published.tls_reporting is not None:
        yield "tls_reporting_record_valid", "", float(published.tls_reporting)
    if published.https is not None and published.https.ech_accepted is not None:
        yield "tls_ech_config_accepted", "", float(published.https.ech_accepted)
    if published.renewal is not None:
        for edge, moment in (("start", published.renewal.window.start), ("end", published.renewal.window.end)):
            yield "tls_certificate_renewal_window_timestamp_seconds", f'edge="{edge}"', moment
    for failure in published.failures:
        yield "tls_published_failure_info", f"{label('source', failure.source)},{label('reason', failure.reason)}", INFO


def _dane(dane: DANE) -> Iterator[Sample]:
    """Yield the verdict and the matches; records that differ only in their data share a series, 1 if one matches."""
    if dane.valid is not None:
        yield "tls_dane_valid", "", float(dane.valid)
    found: dict[tuple[int, int, int], bool] = {}
    for one in dane.matches:
        key = one.record.usage, one.record.selector, one.record.matching_type
        found[key] = found.get(key, False) or one.matches
    for (usage, selector, matching_type), matches in found.items():
        labels = f'usage="{usage}",selector="{selector}",matching_type="{matching_type}"'
        yield "tls_dane_record_match", labels, float(matches)
