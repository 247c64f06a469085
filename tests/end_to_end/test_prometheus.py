"""Debian's Prometheus scrapes the demo: what it stores is what a user's alerts will be made of."""

import pytest
from support.prometheus import running_prometheus

from exporter.demo.at_rest import FILES
from exporter.demo.scenarios import SCENARIOS

AT_REST = {  # the files of the demo: success, certificates, phase and reason of the failure
    "renewed.pem": (1.0, 2.0, None),
    "locked.p12": (0.0, None, ("read", "password_required")),
    "half-written.pem": (0.0, None, ("read", "truncated")),
}


@pytest.fixture(scope="module")
def prometheus(demo, tmp_path_factory):
    """Prometheus with two seconds for a scrape, where silent peers would need three: the exporter must answer first."""
    with running_prometheus(tmp_path_factory.mktemp("prometheus"), [demo.address]) as running:
        running.until('up{job="tls"} == 1')
        yield running


@pytest.fixture(scope="module")
def names(scraped):
    """Return the scenarios that this machine can serve."""
    served = {sample.labels["scenario"] for sample in scraped.samples("tls_probe_success")}
    return [scenario for scenario in SCENARIOS if scenario.name in served]


def by_scenario(vector):
    return {labels["scenario"]: value for labels, value in vector}


def test_every_scenario_has_its_success(prometheus, names):
    stored = by_scenario(prometheus.query("tls_probe_success"))
    files = {name: success for name, (success, _, _) in AT_REST.items()}
    assert files.keys() == set(FILES)
    assert stored == files | {scenario.name: float(scenario.seen.success) for scenario in names}


def test_every_certificate_that_was_presented_has_its_expiry(prometheus, names):
    stored = by_scenario(prometheus.query("count by (scenario) (tls_certificate_not_after_timestamp_seconds)"))
    files = {name: count for name, (_, count, _) in AT_REST.items() if count}
    assert stored == files | {s.name: float(s.seen.certificates) for s in names if s.seen.certificates}


def test_every_session_has_its_version(prometheus, names):
    stored = by_scenario(prometheus.query("tls_protocol_version"))
    for scenario in names:
        if scenario.seen.success:
            assert stored[scenario.name] in (1.0, 1.1, 1.2, 1.3)
        if scenario.seen.version is not None:
            assert stored[scenario.name] == scenario.seen.version


def test_every_scenario_has_the_finding_it_was_made_for(prometheus, names):
    stored = {(labels["scenario"], labels["finding"]) for labels, _ in prometheus.query("tls_finding")}
    wanted = {(scenario.name, finding) for scenario in names for finding in scenario.seen.findings}
    assert wanted <= stored


def test_every_failure_has_its_phase_and_reason(prometheus, names):
    stored = {
        labels["scenario"]: (labels["phase"], labels["reason"])
        for labels, _ in prometheus.query("tls_probe_failure_info")
    }
    files = {name: failure for name, (_, _, failure) in AT_REST.items() if failure}
    assert stored == files | {s.name: (s.seen.failure.phase, s.seen.failure.reason) for s in names if s.seen.failure}


def test_prometheus_keeps_every_sample(prometheus):
    """No duplicates, nothing out of order, nothing left out."""
    (scraped,) = prometheus.query("scrape_samples_scraped")
    (kept,) = prometheus.query("scrape_samples_post_metric_relabeling")
    assert scraped[1] == kept[1] > 1000
