"""What a result gives samples of: what was seen, and nothing else."""

from dataclasses import replace

from exporter.certificates.certificate import read_certificate_untrusted
from exporter.config.model import Module
from exporter.findings.assessment import assess
from exporter.findings.mozilla_profile import PROFILES, RULES
from exporter.findings.observation import Observation
from exporter.metrics.blackbox import blackbox_lines
from exporter.metrics.collect import collect, identity_of_target
from exporter.net.reason import Reason
from exporter.probe.result import Failure, Phase, Session
from exporter.scrape.report import timed_out_report
from exporter.target import Target, parse_endpoint
from tests.support.pki import leaf
from tests.support.results import make_result

TARGET = Target("a.example:443", parse_endpoint("a.example:443"), "tls")
MODULE = Module("tls")
SESSION = Session("TLSv1.2", 1.2, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "x25519", "")
FAILURE = Failure(Phase.HANDSHAKE, Reason.TIMEOUT, "the deadline passed")


def seen(**what):
    result = make_result(started_at=0.0, total_seconds=1.0, reachable=True, session=SESSION, **what)
    return Observation(TARGET, MODULE, result, 0.0)


def test_an_incomplete_handshake_does_not_show_what_the_server_would_still_have_said():
    """CertificateStatus and CertificateRequest come behind the certificates: without the end, "no" is a guess."""
    lines = collect(assess(seen(failure=FAILURE, chain=(b"0",))))
    assert "tls_client_certificate_requested" not in lines
    assert "tls_ocsp_stapled" not in lines
    assert "tls_session_info" in lines


def test_what_was_seen_of_an_incomplete_handshake_is_reported():
    lines = collect(assess(seen(failure=FAILURE, chain=(b"0",), staple=b"1", client_certificate_requested=True)))
    assert lines["tls_client_certificate_requested"].endswith(" 1\n")
    assert lines["tls_ocsp_stapled"].endswith(" 1\n")


def test_a_complete_handshake_tells_both_ways():
    lines = collect(assess(seen(chain=(b"0",))))
    assert lines["tls_client_certificate_requested"].endswith(" 0\n")
    assert lines["tls_ocsp_stapled"].endswith(" 0\n")


def test_names_that_could_not_be_read_have_no_count():
    unreadable = read_certificate_untrusted(b"junk")
    lines = collect(assess(replace(seen(chain=(b"junk",)), certificates=(unreadable,))))
    assert "tls_certificate_info" in lines
    assert "tls_certificate_names_info" not in lines
    assert "tls_certificate_san_count" not in lines


def test_the_earliest_expiry_is_known_only_if_every_expiry_is():
    readable = read_certificate_untrusted(leaf(None).der)
    unreadable = read_certificate_untrusted(b"junk")
    known, unknown = (
        collect(assess(replace(seen(chain=(b"0",)), certificates=certificates)))
        for certificates in ((readable,), (readable, unreadable))
    )
    assert 'chain="presented"' in known["tls_chain_not_after_timestamp_seconds"]
    assert 'chain="presented"' not in unknown.get("tls_chain_not_after_timestamp_seconds", "")


def test_the_longest_targets_stay_apart():
    """Two targets whose names differ at the end only must not become one series twice."""
    start = "https://a.example/" + "x" * 2000
    labels = {identity_of_target(Target(name, parse_endpoint(name), "tls")) for name in (start + "1", start + "2")}
    assert len(labels) == 2


def test_a_target_cut_short_beyond_its_connection_is_reachable():
    reached = {
        phase: "tls_probe_reachable" in lines and lines["tls_probe_reachable"].endswith(" 1\n")
        for phase in Phase
        for lines in [timed_out_report(TARGET, MODULE, phase, 1.0, 0.0).lines]
    }
    assert reached == {phase: phase in (Phase.STARTTLS, Phase.HANDSHAKE, Phase.HTTP) for phase in Phase}


def test_the_address_of_a_proxy_is_not_the_endpoints():
    direct = seen(address="192.0.2.1", family="ip4")
    proxied = seen(address="192.0.2.1", family="ip4", proxied=True)
    assert 'address="192.0.2.1"' in collect(assess(direct))["tls_probe_address_info"]
    assert "tls_probe_address_info" not in collect(assess(proxied))
    assert "probe_ip_addr_hash" in blackbox_lines((assess(direct),))
    assert "probe_ip_addr_hash" not in blackbox_lines((assess(proxied),))


def test_a_staple_that_may_still_have_come_is_no_violation():
    leaf = replace(read_certificate_untrusted(b"0"), ocsp_urls=("http://ocsp.example/",))
    cut, whole = (replace(seen(failure=failure), certificates=(leaf,)) for failure in (FAILURE, None))
    assert RULES["ocsp_staple"](cut, PROFILES["modern"]) is None
    assert RULES["ocsp_staple"](whole, PROFILES["modern"]) is False
