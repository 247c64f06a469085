"""The posture for a person and as JSON: all that is known, nothing that is not."""

import json
from dataclasses import replace

from exporter.cli.report import as_text
from exporter.cli.report_json import as_json
from exporter.config.model import Module
from exporter.findings.assessment import assess
from exporter.findings.observation import Observation
from exporter.posture.facts import Oracle, Posture
from exporter.posture.finite_fields import DHGroup
from exporter.probe.result import Result
from exporter.scrape.report import make_report
from exporter.target import Target, parse_endpoint

TARGET = Target("localhost", parse_endpoint("localhost:443"), "tls")
POSTURE = Posture(
    timestamp=1.0,
    versions={"SSLv3": True, "TLSv1.2": True, "TLSv1.3": False},
    cipher_classes={"null": False, "rc4": True, "cbc": True, "modern": True},
    suites={"rc4": ("TLS_RSA_WITH_RC4_128_SHA",)},
    groups={"x25519": True, "X25519MLKEM768": False},
    dh_groups=(DHGroup(1024, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", weakness="the prime has 1024 bits"),),
    features={"compression": False, "secure_renegotiation": False},
    vulnerabilities={"heartbleed": False, "robot": True},
    robot=Oracle.STRONG,
    undetermined={"early_ccs": "timeout"},
    connections=22,
    bytes_sent=1000,
    bytes_received=2000,
    seconds=0.25,
)


def report_with(posture):
    seen = Observation(TARGET, Module("tls"), Result(started_at=0, total_seconds=0), 0, posture=posture)
    return make_report(TARGET, Module("tls"), (assess(seen),))


def test_a_page_tells_what_is_accepted_refused_and_not_known():
    page = as_text([report_with(POSTURE)])
    for line in (
        "SSLv3, TLSv1.2; not TLSv1.3",
        "rc4, cbc; not null",
        "x25519; not X25519MLKEM768",
        "1024 bits",
        "no compression, no secure renegotiation",
        "no heartbleed, robot: VULNERABLE",
        "early_ccs: timeout",
        "Mozilla 6.0 modern: violated by versions, cipher_suites",
        "22 connections, 3000 bytes, 250 ms",
    ):
        assert line in page
    assert "modern," not in page, "what has no name outside is not shown"


def test_colours_are_there_when_asked_for_and_only_then():
    assert "\x1b[" in as_text([report_with(POSTURE)], colour=True)
    assert "\x1b[" not in as_text([report_with(POSTURE)])


def test_what_is_not_known_is_not_reported():
    page = as_text([report_with(replace(Posture(), undetermined={"baseline": "timeout"}))])
    assert "baseline: timeout" in page
    assert "compression" not in page
    assert "posture" not in as_text([report_with(None)])


def test_json_has_the_same_facts():
    [result] = json.loads(as_json([report_with(POSTURE)], single=True))["results"]
    posture = result["posture"]
    assert posture["versions"] == {"SSLv3": True, "TLSv1.2": True, "TLSv1.3": False}
    assert posture["cipher_classes"] == {"null": False, "rc4": True, "cbc": True}
    assert posture["cipher_suites_seen"] == ["TLS_RSA_WITH_RC4_128_SHA"]
    assert posture["vulnerabilities"] == {"heartbleed": False, "robot": True}
    assert posture["robot_oracle"] == "strong"
    assert posture["profiles"]["modern"]["compliant"] is False
    assert json.loads(as_json([report_with(None)], single=True))["results"][0]["posture"] is None
