"""What is written on findings in `global`, a module and a group of targets comes together as the documentation says."""

from datetime import UTC, datetime

import pytest

from exporter.config.dump import mask
from exporter.config.reader import load
from exporter.findings.observation import Observation
from exporter.metrics.vocabulary import VOCABULARY
from exporter.policy import ExpiryThresholds
from exporter.probe.result import Result

DAY = 86_400.0
WRITTEN = """\
global:
  expiry: {warn: 30d}
  accept: [{finding: no_post_quantum_key_exchange, reason: later}]
  severity: {hsts_missing: low, tls10_accepted: high}
modules:
  own:
    expiry: {critical: 10d, critical_fraction: 0.2}
    accept: [{finding: certificate_self_signed, reason: printers, until: 2027-06-30}]
    severity: {hsts_missing: high}
targets:
  - targets: [a.example]
    module: own
    expiry: {warn: 40d, warn_fraction: 1}
    accept: [{finding: tls10_accepted, reason: machines}]
    severity: {hsts_missing: critical}
  - targets: [b.example]
    module: own
  - targets: [c.example]
"""


@pytest.fixture
def loaded(tmp_path):
    def read(text):
        path = tmp_path / "config.yaml"
        path.write_text(text)
        return load(str(path), VOCABULARY)

    return read


def policies(config):
    """Return the policy that holds for each target."""
    return {
        target.name: Observation(target, config.modules[target.module], Result(0.0, 0.0), 0.0).policy
        for target in config.targets
    }


def test_the_nearest_place_wins_and_acceptances_add_up(loaded):
    found = policies(loaded(WRITTEN))
    a, b, c = (found[f"{name}.example"] for name in "abc")
    assert a.expiry == ExpiryThresholds(40 * DAY, 1.0, 10 * DAY, 0.2)
    assert b.expiry == ExpiryThresholds(30 * DAY, 0.25, 10 * DAY, 0.2)
    assert c.expiry == ExpiryThresholds(30 * DAY, 0.25, 7 * DAY, 0.1)
    accepted = [{one.finding for one in policy.accept} for policy in (a, b, c)]
    later = {"no_post_quantum_key_exchange"}
    assert accepted == [
        {"tls10_accepted", "certificate_self_signed", *later},
        {"certificate_self_signed", *later},
        later,
    ]
    assert [policy.severity_of("hsts_missing", "medium") for policy in (a, b, c)] == ["critical", "high", "low"]
    assert a.severity_of("tls10_accepted", "medium") == "high"


def test_a_last_day_is_whole_in_utc(loaded):
    policy = policies(loaded(WRITTEN))["b.example"]
    on = [datetime(2027, 6, 30, 23, 59, 59, tzinfo=UTC), datetime(2027, 7, 1, tzinfo=UTC)]
    held = [policy.acceptance("certificate_self_signed", moment.timestamp()) is not None for moment in on]
    assert held == [True, False]


def test_what_is_shown_is_what_was_written(loaded):
    """/config can be loaded again, and means the same for each target."""
    config = loaded(WRITTEN)
    again = loaded(mask(config))
    assert policies(again) == policies(config)
    assert "until: '2027-06-30'" in mask(config) or "until: 2027-06-30" in mask(config)


def test_a_policy_makes_no_other_target_or_module(loaded):
    """So that what was learned of an endpoint, its history among it, outlives an acceptance."""
    before = loaded("modules: {m: {timeout: 5s}}\ntargets: [{targets: [a.example], module: m}]\n")
    after = loaded(
        "modules: {m: {timeout: 5s, accept: [{finding: robot, reason: x}]}}\n"
        "targets: [{targets: [a.example], module: m, severity: {heartbleed: low}}]\n"
    )
    assert before.targets == after.targets
    assert before.modules["m"] == after.modules["m"]
    assert policies(before) != policies(after)


def test_built_in_modules_follow_global(loaded):
    config = loaded("global: {expiry: {warn: 50d}}\ntargets: [{targets: [a.example, 'b.example:8443']}]\n")
    assert {policy.expiry.warn for policy in policies(config).values()} == {50 * DAY}
