"""When an end is near: by days and by a fraction, the smaller of both; of any certificate that clients use."""

from dataclasses import replace

import pytest

from exporter.certificates.chain_cache import ChainAssessor
from exporter.config.model import Module, TrustConfig
from exporter.findings import validity
from exporter.findings.assessment import assess, reassess
from exporter.findings.observation import Observation
from exporter.policy import ExpiryThresholds, Policy
from exporter.target import Target, parse_endpoint
from tests.support.findings import details
from tests.support.pki import DAY, NOW, intermediate, leaf, root
from tests.support.results import make_result
from tests.support.trust import store_of

TARGET = Target("example.com:443", parse_endpoint("example.com:443"), "tls")
TOP = root()
MIDDLE = intermediate(TOP)


def observation(*chain, now=NOW, policy=None, trusted=True, **trust):
    presented = tuple(one.der for one in chain)
    judged = ChainAssessor().assess_chain(presented, store_of(TOP) if trusted else None, now)
    module = Module("tls", trust=TrustConfig(**trust))
    return Observation(
        TARGET,
        replace(module, policy=policy) if policy else module,
        make_result(started_at=now, total_seconds=0.1, chain=presented),
        now,
        certificates=judged.certificates,
        verdicts=judged.verdicts,
        chain=judged,
    )


def found(*chain, **options):
    return set(details(validity.RULES, observation(*chain, **options)))


def of_days(left, lifetime):
    return leaf(MIDDLE, not_before=int(NOW - (lifetime - left) * DAY), not_after=int(NOW + left * DAY))


@pytest.mark.parametrize(
    ("left", "lifetime", "wanted"),
    [
        (22, 90, set()),
        (20, 90, {"certificate_expiring_soon"}),
        (7.1, 90, {"certificate_expiring_soon"}),
        (6.9, 90, {"certificate_expiry_imminent"}),
        (0.01, 90, {"certificate_expiry_imminent"}),
        (12, 47, set()),  # a quarter of 47 days is 11.75
        (11, 47, {"certificate_expiring_soon"}),
        (1.8, 47, {"certificate_expiry_imminent"}),
        (2, 6, set()),
        (1.4, 6, {"certificate_expiring_soon"}),
        (0.5, 6, {"certificate_expiry_imminent"}),
        (30, 365, set()),
        (20.9, 365, {"certificate_expiring_soon"}),
    ],
)
def test_the_smaller_of_days_and_fraction_counts(left, lifetime, wanted):
    assert found(of_days(left, lifetime), MIDDLE) == wanted


def test_thresholds_are_those_of_the_policy():
    ending = of_days(40, 90)
    assert found(ending, MIDDLE) == set()
    patient = Policy(ExpiryThresholds(warn=50 * DAY, warn_fraction=1.0, critical=45 * DAY, critical_fraction=0.3))
    assert found(ending, MIDDLE, policy=patient) == {"certificate_expiring_soon"}
    patient = Policy(ExpiryThresholds(warn=50 * DAY, warn_fraction=1.0, critical=45 * DAY, critical_fraction=1.0))
    assert found(ending, MIDDLE, policy=patient) == {"certificate_expiry_imminent"}


def test_an_intermediate_that_ends_first_is_named_with_its_place():
    middle = intermediate(TOP, not_after=NOW + 3 * DAY)
    seen = observation(leaf(middle, not_after=NOW + 60 * DAY), middle)
    (one,) = assess(seen).findings
    assert one.finding.id == "certificate_expiry_imminent"
    assert one.certificate == 1
    assert one.detail.startswith("the chain's certificate ")


def test_an_end_that_no_client_needs_is_no_finding():
    """A certificate that is sent along, as an old cross-certificate, is not used by anybody."""
    unused = intermediate(TOP, not_after=NOW + DAY)
    assert found(leaf(MIDDLE, not_after=NOW + 60 * DAY), MIDDLE, unused) == set()


def test_what_has_ended_is_expired_and_not_also_expiring():
    assert found(leaf(MIDDLE, not_after=NOW - 1), MIDDLE) == {"certificate_expired"}


def test_without_roots_the_leaf_still_has_an_end():
    assert found(of_days(1, 90), trusted=False) == {"certificate_expiry_imminent"}


@pytest.mark.parametrize(("beyond", "present"), [(0, False), (3600, False), (3700, True), (DAY, True)])
def test_a_configured_lifetime_has_the_tolerance_that_cas_need(beyond, present):
    """CAs date notBefore back by up to an hour: 90d means a certificate that was ordered for 90 days."""
    made = leaf(MIDDLE, not_before=NOW - 10 * DAY, not_after=int(NOW + 80 * DAY + beyond))
    assert ("certificate_lifetime_too_long" in found(made, MIDDLE, max_lifetime=90.0 * DAY)) is present


def test_the_clock_alone_ends_an_assessment():
    """Nothing but time passes: the same assessment is reused until an end becomes near, and no longer."""
    ending = of_days(22, 90)
    first = assess(observation(ending, MIDDLE))
    assert first.findings == ()
    soon = replace(first.observation, now=first.holds_until)
    just_before = replace(first.observation, now=first.holds_until - 1)
    assert reassess(just_before, first).reused
    later = reassess(soon, first)
    assert not later.reused
    assert [one.finding.id for one in later.findings] == ["certificate_expiring_soon"]
