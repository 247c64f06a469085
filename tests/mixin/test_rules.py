"""The rules against promtool, and against the catalogues that they speak of."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from exporter.findings.catalogue import CATALOGUE
from exporter.metrics.catalogue import FAMILIES
from exporter.metrics.self_metrics import SelfMetrics
from tests.support.programs import need, run

MIXIN = Path(__file__).parents[2] / "mixin"
OF_PROMETHEUS = {"up", "scrape_duration_seconds", "scrape_timeout_seconds"}


def rules(name: str) -> list[dict]:
    groups = yaml.safe_load((MIXIN / name).read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


ALERTS = rules("alerts.yaml")
RECORDS = rules("rules.yaml")
NAMES = [alert["alert"] for alert in ALERTS]


def exposed_names() -> set[str]:
    """Return the name of every series that the exporter can have."""
    own = {sample.name for family in SelfMetrics().registry.collect() for sample in family.samples}
    own |= {family.name for family in SelfMetrics().registry.collect() if family.type == "gauge"}
    own |= {f"{family.name}_total" for family in SelfMetrics().registry.collect() if family.type == "counter"}
    return own | {family.name for family in FAMILIES}


def named_series(expression: str) -> set[str]:
    """Return the names of series in an expression: words that are neither labels nor functions."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', expression)
    bare = re.sub(r"\{[^}]*\}", "", bare)
    bare = re.sub(r"\b(?:by|on|ignoring|without|group_left|group_right)\s*\([^)]*\)", "", bare)
    words = set(re.findall(r"(?<![\w:$])[a-z][\w:]*(?!\s*\(|[\w:])", bare))
    return {word for word in words if re.match(r"(tls_|scrape_|up$|process_|\w+:)", word)}


def test_promtool_accepts_the_rules():
    promtool = need("promtool")
    run(
        promtool,
        "check",
        "rules",
        "--lint=all",
        "--lint-fatal",
        *(str(MIXIN / f"{n}.yaml") for n in ("rules", "alerts")),
    )


@pytest.mark.parametrize("path", sorted((MIXIN / "tests").glob("*.yaml")), ids=lambda path: path.stem)
def test_promtool_passes_the_tests_of_the_rules(path):
    run(need("promtool"), "test", "rules", str(path))


@pytest.mark.parametrize("alert", NAMES)
def test_each_alert_is_shown_to_fire_and_to_stay_silent(alert):
    cases = [
        case
        for path in (MIXIN / "tests").glob("*.yaml")
        for test in yaml.safe_load(path.read_text())["tests"]
        for case in test.get("alert_rule_test", [])
        if case["alertname"] == alert
    ]
    silent_beside = any(len(case["exp_alerts"]) for case in cases)
    assert silent_beside, "no test in which it fires"
    # an expectation is exact: with several targets in a test, those that are not listed are proven silent
    assert any(not case["exp_alerts"] for case in cases)


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_each_alert_says_what_it_means_and_where_to_read_on(alert):
    assert re.fullmatch(r"TLS[A-Z][A-Za-z]+", alert["alert"])
    assert alert["labels"]["severity"] in ("critical", "warning", "info")
    annotations = alert["annotations"]
    assert set(annotations) == {"summary", "description", "runbook_url"}
    assert annotations["description"].endswith(".")
    assert annotations["runbook_url"].endswith(f"/runbooks/{alert['alert']}")
    assert "$value" not in str(annotations), "a text that changes at each evaluation is a new one each time"


def test_names_are_unique():
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("rule", [*ALERTS, *RECORDS], ids=lambda rule: rule.get("alert") or rule["record"])
def test_rules_speak_only_of_series_that_exist(rule):
    """A metric that is renamed in the catalogue must not silence an alert."""
    recorded = {record["record"] for record in RECORDS}
    texts = [
        rule["expr"],
        *re.findall(r"printf \"((?:[^\"\\]|\\.)*)\"", rule.get("annotations", {}).get("description", "")),
    ]
    for text in texts:
        used = named_series(text.replace('\\"', '"'))
        assert used, f"no series found in {text!r}"
        assert used <= exposed_names() | recorded | OF_PROMETHEUS


def test_findings_named_in_the_rules_exist():
    """Names and alternatives in `finding=~"..."` are ids of the catalogue, or patterns that match at least one."""
    for rule in [*ALERTS, *RECORDS]:
        for matcher in re.findall(r'finding[=!]~?"([^"]+)"', rule["expr"]):
            for pattern in re.sub(
                r"(\w+)\(([^)]*)\)", lambda m: "|".join(m[1] + a for a in m[2].split("|")), matcher
            ).split("|"):
                assert any(re.fullmatch(pattern, name) for name in CATALOGUE), pattern


def test_held_findings_are_divided_by_how_they_are_observed():
    """The parts of the rule cover every finding once, so that none is held twice or forgotten."""
    (held,) = [rule["expr"] for rule in RECORDS if rule["record"] == "target:tls_finding:held"]
    parts = re.findall(r'finding([=!]~)"([^"]+)"', held)
    for name in CATALOGUE:
        matching = [pattern for kind, pattern in parts if (re.fullmatch(pattern, name) is not None) == (kind == "=~")]
        assert len(matching) == 1, name


def test_rules_are_what_the_generator_writes():
    run(sys.executable, str(MIXIN / "generate.py"), "--check")


def test_another_address_of_the_runbooks_is_written_into_every_alert(tmp_path):
    for path in MIXIN.glob("*.py"):
        (tmp_path / path.name).write_text(path.read_text())
    (tmp_path / "dashboards").mkdir()
    environment = {**os.environ, "PYTHONPATH": str(MIXIN.parent)}
    command = [sys.executable, str(tmp_path / "generate.py"), "--runbooks", "https://wiki.example/tls/"]
    subprocess.run(command, check=True, env=environment)
    written = yaml.safe_load((tmp_path / "alerts.yaml").read_text())
    urls = [rule["annotations"]["runbook_url"] for group in written["groups"] for rule in group["rules"]]
    assert urls == [f"https://wiki.example/tls/{name}" for name in NAMES]
