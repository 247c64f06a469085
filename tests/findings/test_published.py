"""The findings on what is published: present when it was seen, absent when nothing is known."""

import pytest
from support.findings import details
from support.pki import NOW
from support.results import make_result

from exporter.config.model import Module
from exporter.findings.assessment import assess
from exporter.findings.observation import Observation
from exporter.findings.published import RULES
from exporter.policy import PolicyLayer, policy_of
from exporter.published.ari import Window
from exporter.published.caa import CAA
from exporter.published.dane import DANE, RecordMatch, Support, TLSARecord
from exporter.published.facts import MTASTS, Published, Renewal
from exporter.published.https_record import HTTPSAgreement, HTTPSRecords
from exporter.published.mta_sts import Mode, Policy
from exporter.target import Target, parse_endpoint

RECORD = TLSARecord(3, 1, 1, b"\x01" * 32)
TARGET = Target("mx.example:25", parse_endpoint("mx.example:25"), "m")
POLICY = Policy(Mode.ENFORCE, 86_400, ("mx.example",))


def observed(published, **module):
    return Observation(TARGET, Module("m", **module), make_result(NOW, 0.1), NOW, published=published)


MATCHES = (RecordMatch(RECORD, matches=True),)


def dane(valid, support=Support.SECURE, matches=MATCHES, **more):
    return Published(dane=DANE("_25._tcp.mx.example", support, valid, matches, 1, **more))


@pytest.mark.parametrize(
    ("published", "ids"),
    [
        (None, []),
        (Published(), []),
        (dane(True), []),
        (dane(False, problem="none holds"), ["dane_mismatch"]),
        (dane(None, Support.UNSIGNED, ()), ["dane_unsigned"]),
        (dane(None, Support.BOGUS, ()), ["dane_unsigned"]),
        (dane(None, Support.ADDRESS_UNSIGNED, ()), ["dane_unsigned"]),
        (dane(None, matches=(), problem="no record that a client can use"), ["dane_unsigned"]),
        (dane(None, matches=()), []),
        (dane(True, depends_on_leaf=True), ["dane_no_rollover"]),
        (dane(False, depends_on_leaf=True, problem="none holds"), ["dane_mismatch"]),
        (Published(caa=CAA(permits=True, issuer="x")), []),
        (Published(caa=CAA(permits=None, issuer="x")), []),
        (Published(caa=CAA(permits=False, issuer="x", detail="not for a.example")), ["caa_forbids_issuer"]),
        (Published(https=HTTPSAgreement(HTTPSRecords("a.example"))), []),
        (Published(https=HTTPSAgreement(HTTPSRecords("a.example"), ("no h2",))), ["https_record_mismatch"]),
        (Published(https=HTTPSAgreement(HTTPSRecords("a.example"), ech_accepted=False)), ["ech_config_stale"]),
        (Published(https=HTTPSAgreement(HTTPSRecords("a.example"), ech_accepted=True)), []),
        (Published(mta_sts=MTASTS("example", POLICY)), []),
        (Published(mta_sts=MTASTS("example", POLICY, mismatch="no mx line")), ["mta_sts_mismatch"]),
        (Published(mta_sts=MTASTS("example", unreachable="HTTP status 404")), ["mta_sts_unreachable"]),
        (Published(renewal=Renewal(Window(NOW, NOW + 10), is_overdue=False)), []),
        (Published(renewal=Renewal(Window(NOW - 20, NOW - 10), is_overdue=True)), ["renewal_overdue"]),
    ],
)
def test_a_finding_is_present_where_it_was_seen_and_only_there(published, ids):
    assert list(details(RULES, observed(published))) == ids


@pytest.mark.parametrize(("starttls", "severity"), [("smtp", "critical"), (None, "high"), ("imap", "high")])
def test_a_mismatch_is_critical_for_mail_exchangers_and_high_elsewhere(starttls, severity):
    (found,) = assess(observed(dane(False, problem="none holds"), starttls=starttls), RULES).findings
    assert (found.finding.id, found.finding.severity, found.certificate) == ("dane_mismatch", severity, 0)


def test_the_configured_severity_counts_more_than_that_of_mail_exchangers():
    policy = policy_of((PolicyLayer(severity=(("dane_mismatch", "low"),)),))
    one = observed(dane(False, problem="none holds"), starttls="smtp", policy=policy)
    assert [found.finding.severity for found in assess(one, RULES).findings] == ["low"]


def test_details_name_what_to_look_at():
    window = Window(0, 86_400, "https://ca.example/incident")
    seen = details(RULES, observed(Published(renewal=Renewal(window, is_overdue=True))))["renewal_overdue"]
    assert "1970-01-01 00:00:00 UTC to 1970-01-02 00:00:00 UTC" in seen
    assert "https://ca.example/incident" in seen
    assert "_25._tcp.mx.example" in details(RULES, observed(dane(None, Support.UNSIGNED, ())))["dane_unsigned"]
