"""What is found of an endpoint, the worst first; and what may be reused in the next report."""

from dataclasses import replace

import pytest

from exporter.certificates.chain_cache import ChainAssessor
from exporter.config.model import HTTPConfig, Module
from exporter.findings.assessment import Assessment, assess, is_unchanged, reassess
from exporter.findings.finding import SEVERITIES
from exporter.findings.observation import Observation
from exporter.posture.facts import Posture
from exporter.probe.result import Event, HTTPFacts, Phase, Session
from exporter.target import Target, parse_endpoint
from tests.support.pki import DAY, NOW, leaf, root
from tests.support.results import changed, make_result
from tests.support.trust import store_of

TARGET = Target("a.example:443", parse_endpoint("a.example:443"), "https")
MODULE = Module("https", http=HTTPConfig())
TOP = root()
SESSION = Session("TLSv1.0", 1.0, "TLS_RSA_WITH_RC4_128_SHA", "", "")


def observed(*, trusted=True, not_after=NOW - DAY, **changes):
    presented = (leaf(TOP, not_after=not_after).der,)
    chain = ChainAssessor().assess_chain(presented, store_of(TOP) if trusted else None, NOW)
    result = make_result(NOW, 0.1, session=SESSION, chain=presented, http=HTTPFacts(200, "1.1"))
    made = Observation(
        TARGET, MODULE, result, NOW, certificates=chain.certificates, verdicts=chain.verdicts, chain=chain
    )
    return replace(made, **changes)


def test_every_topic_is_asked_and_the_worst_comes_first():
    judged = assess(observed(name_match=False))
    ids = [one.finding.id for one in judged.findings]
    assert set(ids) == {
        *("certificate_expired", "certificate_name_mismatch", "tls10_accepted"),
        *("cipher_rc4", "rsa_key_exchange", "hsts_missing"),
    }
    severities = [SEVERITIES.index(one.finding.severity) for one in judged.findings]
    assert severities == sorted(severities)
    assert ids[0] == "certificate_expired"
    assert all(one.detail for one in judged.findings)
    assert not judged.reused


def test_a_look_that_shows_nothing_new_carries_over():
    first = observed()
    later = replace(
        first,
        now=NOW + 60,
        result=replace(
            first.result,
            started_at=NOW + 60,
            total_seconds=0.7,
            durations=((Phase.CONNECT, 0.1),),
            events=(Event(0.1, Phase.CONNECT, "connected"),),
        ),
    )
    assert is_unchanged(later, first)
    again = reassess(later, assess(first))
    assert again.reused
    assert again.observation is later
    assert again.findings == assess(first).findings


@pytest.mark.parametrize(
    "change",
    [
        lambda one: replace(one, name_match=True),
        lambda one: replace(one, sct_count=3),
        lambda one: replace(one, posture=Posture(vulnerabilities={"heartbleed": True})),
        lambda one: replace(one, module=Module("https")),
        lambda one: replace(one, addresses_disagree=True),
        lambda one: replace(one, result=changed(one.result, session=None)),
        lambda one: replace(one, result=changed(one.result, staple=b"a")),
        lambda one: replace(one, result=changed(one.result, http=None)),
        lambda one: replace(one, result=changed(one.result, chain=(b"other",))),
        lambda one: replace(one, result=changed(one.result, reachable=True)),
        lambda one: observed(),
    ],
)
def test_whatever_else_differs_is_assessed_again(change):
    first = observed()
    other = change(first)
    assert not is_unchanged(other, first)
    judged = reassess(other, Assessment(first, ()))
    assert not judged.reused
    assert judged == assess(other)


def test_a_chain_that_was_not_verified_is_assessed_again_each_time():
    """Nothing says until when such facts hold: the certificate may have ended since."""
    for first in (observed(trusted=False), observed(chain=None)):
        assert not is_unchanged(first, first)
        assert not reassess(first, assess(first)).reused
