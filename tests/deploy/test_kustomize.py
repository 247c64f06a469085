"""The kustomize base and component: built, valid, confined, and with the rules of the mixin."""

import sys

import pytest

from exporter.config.reader import load
from tests.deploy.charts import ROOT, resources, rules_pass_promtool, tool, validate
from tests.mixin.test_rules import NAMES
from tests.support.programs import need, run

FOLDER = ROOT / "deploy" / "kustomize"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build an overlay as a user would write it, with the base and the component."""
    overlay = tmp_path_factory.mktemp("overlay")
    (overlay / "config.yaml").write_text("targets: [{targets: [mine.example.com]}]\n")
    (overlay / "base").symlink_to(FOLDER / "base")
    (overlay / "operator").symlink_to(FOLDER / "components" / "prometheus-operator")
    (overlay / "kustomization.yaml").write_text(
        "resources: [base]\n"
        "components: [operator]\n"
        "configMapGenerator: [{name: tls-exporter, namespace: monitoring, behavior: replace, files: [config.yaml]}]\n"
    )
    return run(tool("kubectl"), "kustomize", str(overlay))


def test_base_is_valid():
    validate(run(tool("kubectl"), "kustomize", str(FOLDER / "base")))


def test_overlay_is_valid(built):
    validate(built)


def test_overlay_replaces_the_configuration(built, tmp_path):
    text = resources(built)["ConfigMap", "tls-exporter"]["data"]["config.yaml"]
    (tmp_path / "config.yaml").write_text(text)
    assert [target.name for target in load(str(tmp_path / "config.yaml")).targets] == ["mine.example.com"]


def test_pod_is_confined_and_chosen(built):
    found = resources(built)
    template = found["StatefulSet", "tls-exporter"]["spec"]["template"]
    (container,) = template["spec"]["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert template["spec"]["securityContext"]["runAsNonRoot"] is True
    labels = template["metadata"]["labels"].items()
    for kind, where in (("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")):
        chosen = found[kind, "tls-exporter"]["spec"][where]["matchLabels"]
        assert chosen
        assert chosen.items() <= labels


def test_rules_are_those_of_the_mixin(built, tmp_path):
    rule = resources(built)["PrometheusRule", "tls-exporter"]
    alerts = [rule["alert"] for group in rule["spec"]["groups"] for rule in group["rules"] if "alert" in rule]
    assert alerts == NAMES
    rules_pass_promtool(rule, need("promtool"), tmp_path)


def test_what_is_written_by_the_generator_is_not_stale():
    run(sys.executable, str(ROOT / "deploy" / "generate.py"), "--check")


def test_the_component_for_certificates_lists_and_watches_and_no_more(tmp_path):
    (tmp_path / "base").symlink_to(FOLDER / "base")
    (tmp_path / "certificates").symlink_to(FOLDER / "components" / "kubernetes-certificates")
    (tmp_path / "kustomization.yaml").write_text("resources: [base]\ncomponents: [certificates]\n")
    text = run(tool("kubectl"), "kustomize", str(tmp_path))
    validate(text)
    found = resources(text)
    role = found["ClusterRole", "tls-exporter-certificates"]
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"list", "watch"}
    assert found["StatefulSet", "tls-exporter"]["spec"]["template"]["spec"]["automountServiceAccountToken"] is True
    (subject,) = found["ClusterRoleBinding", "tls-exporter-certificates"]["subjects"]
    assert (subject["name"], subject["namespace"]) == ("tls-exporter", "monitoring")
