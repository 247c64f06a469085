"""What the configuration makes of findings: accepted ones stand apart until their day, severities are its own."""

from dataclasses import replace

import pytest

from exporter.findings.assessment import Assessment, assess, reassess
from exporter.findings.catalogue import CATALOGUE
from exporter.findings.state import State, state_of, status, worst
from exporter.metrics.collect import collect
from exporter.net.reason import Reason
from exporter.policy import Acceptance, PolicyLayer, layered, policy_of
from exporter.probe.result import Failure, Phase
from tests.findings.test_assessment import observed
from tests.support.pki import NOW
from tests.support.results import changed

WEEK = 7 * 86_400.0


def ids(found):
    return [one.finding.id for one in found]


def with_policy(layer, **changes):
    seen = observed(**changes)
    return replace(seen, module=replace(seen.module, policy=policy_of((layer,))))


def accepting(*names, until=None):
    return PolicyLayer(accept=tuple(Acceptance(name, "known", until) for name in names))


def test_an_accepted_finding_stands_apart():
    judged = assess(with_policy(accepting("cipher_rc4")))
    assert "cipher_rc4" not in ids(judged.findings)
    assert ids(judged.accepted) == ["cipher_rc4"]
    assert judged.accepted[0].acceptance.reason == "known"
    lines = collect(judged)
    assert 'finding="cipher_rc4"' not in lines["tls_finding"]
    assert 'finding="cipher_rc4",severity="high"} 1' in lines["tls_finding_accepted"]
    assert 'severity="high"} 0' in lines["tls_findings"]


def test_what_is_accepted_and_not_present_is_not_shown():
    assert assess(with_policy(accepting("heartbleed"))).accepted == ()


def test_past_its_date_it_is_back():
    before = assess(with_policy(accepting("cipher_rc4", until=NOW + WEEK)))
    assert ids(before.accepted) == ["cipher_rc4"]
    assert before.holds_until <= NOW + WEEK
    later = replace(before.observation, now=NOW + WEEK)
    after = reassess(later, before)
    assert not after.reused
    assert after.accepted == ()
    assert "cipher_rc4" in ids(after.findings)


def test_of_several_acceptances_one_that_holds_is_enough():
    layer = accepting("cipher_rc4", until=NOW - 1)
    policy = layered(policy_of((layer,)), accepting("cipher_rc4", until=NOW + 1))
    assert policy.acceptance("cipher_rc4", NOW).until == NOW + 1
    assert policy.acceptance("cipher_rc4", NOW + 2) is None


def test_a_severity_is_that_of_the_nearest_layer():
    policy = policy_of(
        (PolicyLayer(severity=(("cipher_rc4", "low"),)), PolicyLayer(severity=(("cipher_rc4", "critical"),)))
    )
    seen = observed()
    judged = assess(replace(seen, module=replace(seen.module, policy=policy)))
    (one,) = [one for one in judged.findings if one.finding.id == "cipher_rc4"]
    assert one.finding.severity == "critical"
    assert CATALOGUE["cipher_rc4"].severity == "high"
    assert 'finding="cipher_rc4",severity="critical"' in collect(judged)["tls_finding"]


def test_thresholds_of_a_group_override_those_of_its_module_one_by_one():
    policy = policy_of((PolicyLayer(expiry=(("warn", 30.0), ("critical", 9.0))), PolicyLayer(expiry=(("warn", 40.0),))))
    assert (policy.expiry.warn, policy.expiry.critical, policy.expiry.warn_fraction) == (40.0, 9.0, 0.25)


def test_a_policy_that_changes_is_judged_again():
    first = assess(observed())
    other = with_policy(accepting("cipher_rc4"))
    assert not reassess(other, first).reused


def failed(phase, reachable):
    seen = observed()
    result = changed(seen.result, failure=Failure(phase, Reason.TIMEOUT), session=None, reachable=reachable)
    return assess(replace(seen, result=result))


def test_the_state_is_the_worst_that_is_true():
    assert status(failed(Phase.CONNECT, reachable=False)).state is State.DOWN
    assert status(failed(Phase.HANDSHAKE, reachable=True)).state is State.NO_HANDSHAKE
    expired = status(assess(observed()))
    assert (expired.state, expired.certificate, expired.finding) == (State.EXPIRED, 0, "certificate_expired")
    assert expired.success
    both = [assess(observed()), failed(Phase.CONNECT, reachable=False)]
    assert worst(both).state is State.DOWN
    assert worst([]).state is State.UNKNOWN


def test_what_is_accepted_does_not_count_for_the_state():
    everything = accepting(*CATALOGUE)
    judged = assess(with_policy(everything))
    assert status(judged).state is State.HEALTHY
    assert judged.accepted


@pytest.mark.parametrize("finding", CATALOGUE.values(), ids=lambda one: one.id)
def test_every_finding_has_a_state_and_a_word_for_it(finding):
    found = replace(assess(observed()).findings[0], finding=finding)
    assert state_of(found).label[0].isupper()


def test_the_more_severe_finding_speaks():
    judged = assess(observed(name_match=False))
    wanted = ("certificate_expired", "certificate_name_mismatch")
    assert set(wanted) <= set(ids(judged.findings))
    assert status(judged).state is State.EXPIRED
    mild = with_policy(PolicyLayer(severity=(("certificate_expired", "low"),)), name_match=False)
    assert status(assess(mild)).state is State.WRONG_NAME


def test_an_assessment_without_findings_is_healthy():
    seen = observed()
    assert status(Assessment(replace(seen, result=replace(seen.result, reachable=True)))).state is State.HEALTHY
