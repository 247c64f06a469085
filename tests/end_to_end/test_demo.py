"""`tls-exporter demo`, from outside: every scenario of the gallery is seen as what it is."""

import gzip
import signal
import subprocess
from pathlib import Path

import pytest
from support.exporter_process import running_exporter
from support.exposition import Exposition
from support.programs import need

from exporter.demo.scenarios import SCENARIOS

OPENMETRICS = "application/openmetrics-text;version=1.0.0;q=0.9,text/plain;q=0.1"


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario.name for scenario in SCENARIOS])
def test_a_scenario_is_seen_as_what_it_is(scraped, scenario):
    """Reachability, failure, version, certificates, trust, name and findings, exactly as the gallery's table says."""
    seen, this = scenario.seen, {"scenario": scenario.name}
    if scenario.bind == "::1" and not scraped.samples("tls_probe_success", **this):
        pytest.skip("no IPv6 loopback here")
    assert scraped.failure(**this) == ((seen.failure.phase, seen.failure.reason) if seen.failure else None)
    assert scraped.value("tls_probe_success", **this) == seen.success
    assert scraped.value("tls_probe_reachable", **this) == seen.reachable
    assert len(scraped.values("tls_certificate_info", **this)) == seen.certificates
    if seen.success:
        assert scraped.value("tls_protocol_version", **this) > 0
    if seen.version is not None:
        assert scraped.value("tls_protocol_version", **this) == seen.version
    if seen.trusted is not None:
        assert scraped.value("tls_certificate_trusted", verifier="openssl", **this) == seen.trusted
    if seen.name_match is not None:
        assert scraped.value("tls_certificate_name_match", **this) == seen.name_match
    found = scraped.findings(**this)
    assert set(seen.findings) <= found <= {*seen.findings, *seen.posture_findings}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario.name for scenario in SCENARIOS])
def test_once_the_posture_is_known_the_findings_are_exactly_those(scraped_later, scenario):
    """No finding is missing, and none is there that the scenario was not made for."""
    seen, this = scenario.seen, {"scenario": scenario.name}
    if scenario.bind == "::1" and not scraped_later.samples("tls_probe_success", **this):
        pytest.skip("no IPv6 loopback here")
    found = scraped_later.findings(**this)
    if seen.success:
        assert found == {*seen.findings, *seen.posture_findings}
    else:  # of a peer that completes no handshake the posture may stay unknown
        assert set(seen.findings) <= found <= {*seen.findings, *seen.posture_findings}


@pytest.mark.parametrize("scenario", [s for s in SCENARIOS if s.seen.certificates], ids=lambda s: s.name)
def test_expiry_is_there_wherever_a_certificate_was_presented(scraped, scenario):
    """Whatever became of the handshake; even the certificate that is cut off still says until when it is valid."""
    this = {"scenario": scenario.name}
    if scenario.bind == "::1" and not scraped.samples("tls_probe_success", **this):
        pytest.skip("no IPv6 loopback here")
    for position in range(scenario.seen.certificates):
        at = {"position": str(position), **this}
        not_after = scraped.value("tls_certificate_not_after_timestamp_seconds", **at)
        assert 0 < scraped.value("tls_certificate_not_before_timestamp_seconds", **at) < not_after


def test_a_scenario_without_certificates_has_no_series_of_certificates(scraped):
    """Unknown is absent, never 0."""
    without = [scenario for scenario in SCENARIOS if not scenario.seen.certificates]
    assert without
    for scenario in without:
        for name, family in scraped.families.items():
            if name.startswith(("tls_certificate", "tls_chain", "tls_ocsp")):
                assert not [s for s in family.samples if s.labels.get("scenario") == scenario.name], name


def test_the_hostile_subject_is_harmless(scraped):
    """One line, valid UTF-8, cut, no control character; the samples around it are whole (the parser read them)."""
    (sample,) = scraped.samples("tls_certificate_info", scenario="hostile-subject", position="0")
    subject = sample.labels["subject"]
    assert subject.isprintable()
    assert len(subject) <= 1100
    assert "script" in subject


def test_promtool_accepts_the_output(demo, scraped):
    promtool = need("promtool")
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=scraped.text, text=True, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_openmetrics_is_served_when_asked_for(demo):
    answer = demo.request("/metrics", headers={"Accept": OPENMETRICS})
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    exposition = Exposition(answer.text, open_metrics=True)
    assert len(exposition.samples("tls_probe_success")) >= len(SCENARIOS) - 1


def test_gzip_is_served_when_asked_for(demo):
    answer = demo.request("/metrics?target=nothing", headers={"Accept-Encoding": "gzip"})
    assert answer.status == 400
    answer = demo.request("/metrics?module=demo-https", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(Exposition(gzip.decompress(answer.body).decode()).samples("tls_probe_success")) == 3


def test_the_page_lists_every_target(demo, scraped):
    page = demo.request("/").text
    for sample in scraped.samples("tls_probe_success"):
        assert sample.labels["target"] in page


def test_a_signal_ends_the_demo_and_nothing_stays_behind():
    with running_exporter(command=["demo"]) as exporter:
        (line,) = [line for line in exporter.log.splitlines() if line.strip().startswith("configuration")]
        config_file = Path(line.split()[1])
        assert config_file.exists()
        assert exporter.stop(signal.SIGINT) == 0
        assert not config_file.parent.exists()
