"""The Helm chart: linted, rendered with several values, valid by Kubernetes' schemas, and what it says is loadable."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from exporter.config.reader import load
from tests.deploy.charts import ROOT, custom_resources_checked, resources, rules_pass_promtool, tool, validate
from tests.mixin.test_rules import NAMES
from tests.support.programs import need, run

CHART = ROOT / "deploy" / "helm" / "tls-exporter"
VALUES = sorted((Path(__file__).parent / "values").glob("*.yaml"))


def rendered(*arguments: str) -> str:
    command = [tool("helm"), "template", "release", str(CHART), "--namespace", "watching", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.fixture(scope="module")
def everything():
    return resources(rendered("--values", str(VALUES[0].with_name("everything.yaml"))))


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_lint(values):
    assert "1 chart(s) linted, 0 chart(s) failed" in run(
        tool("helm"), "lint", "--strict", "--values", str(values), str(CHART)
    )


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_what_it_renders_is_valid(values):
    validate(rendered("--values", str(values)))


def test_defaults_render_and_are_valid():
    text = rendered()
    validate(text)
    kinds = {kind for kind, _ in resources(text)}
    assert kinds == {"ConfigMap", "ServiceAccount", "Service", "StatefulSet", "PodDisruptionBudget"}


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_its_configuration_loads(values, tmp_path):
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    for (kind, _), resource in resources(rendered("--values", str(values))).items():
        if kind == "ConfigMap" and "config.yaml" in resource["data"]:
            text = resource["data"]["config.yaml"].replace("/etc/tls-exporter-ca/", "")
            (tmp_path / "config.yaml").write_text(text)
            assert load(str(tmp_path / "config.yaml")).targets


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("shards=0", "minimum"),
        ("sharts=2", "not allowed"),
        ("config.target=x", "not allowed"),
        ("logLevel=loud", "one of"),
        ("prometheusRule.disabled={nonsense}", "pattern"),
        ("serviceMonitor.interval=often", "pattern"),
    ],
)
def test_wrong_values_are_refused(setting, complaint):
    command = [tool("helm"), "template", "release", str(CHART), "--set", setting]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert complaint in done.stderr


def test_every_value_is_in_the_schema():
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = json.loads((CHART / "values.schema.json").read_text())["properties"]
    assert set(values) == set(schema) - {"global"}
    for name, inner in values.items():
        if isinstance(inner, dict) and "properties" in schema[name]:
            assert set(inner) <= set(schema[name]["properties"])


def test_pod_is_confined(everything):
    pod = everything["StatefulSet", "watch"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert all(mount["readOnly"] for mount in container["volumeMounts"])
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}


def test_its_arguments_are_those_of_the_command(everything):
    """Each flag that the chart passes is one that the command knows."""
    from exporter.cli.flags import parse

    (container,) = everything["StatefulSet", "watch"]["spec"]["template"]["spec"]["containers"]
    known = parse(container["args"])
    assert known.listen_addresses == [":9443"]
    assert known.web_config_file == "/etc/tls-exporter-web/web.yml"


def test_the_probes_of_kubernetes_need_no_password(everything):
    """With a web configuration every path may ask for one: the probes would fail, and the pod be killed."""
    (container,) = everything["StatefulSet", "watch"]["spec"]["template"]["spec"]["containers"]
    for probe in ("livenessProbe", "readinessProbe"):
        assert container[probe]["tcpSocket"] == {"port": "http"}
        assert "httpGet" not in container[probe]
    pod = resources(rendered())["StatefulSet", "release-tls-exporter"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["livenessProbe"]["httpGet"] == {"path": "/-/healthy", "port": "http", "scheme": "HTTP"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/-/ready", "port": "http", "scheme": "HTTP"}


def test_the_scraper_has_the_password(everything):
    """A probe without it would be answered 401."""
    monitor = everything["ServiceMonitor", "watch"]["spec"]["endpoints"][0]
    probe = everything["Probe", "watch-partners"]["spec"]
    assert (
        probe["basicAuth"]
        == monitor["basicAuth"]
        == {
            "username": {"name": "web", "key": "user"},
            "password": {"name": "web", "key": "password"},
        }
    )
    assert probe["tlsConfig"] == monitor["tlsConfig"] == {"insecureSkipVerify": True}
    assert monitor["honorLabels"] is True


@pytest.mark.parametrize(
    ("interval", "timeout", "wanted"),
    [
        ("5m", "20s", "20s"),
        ("10s", "20s", "10s"),
        ("1m30s", "2m", "1m30s"),
        ("1m", "60s", "60s"),
        ("500ms", "1s", "500ms"),
    ],
)
def test_no_timeout_is_longer_than_its_interval(interval, timeout, wanted):
    """The operator refuses a resource where it is."""
    probes = f'[{{"name": "a", "interval": "{interval}", "targets": ["a.example:443"]}}]'
    text = rendered(
        "--set-json",
        f"probes={probes}",
        "--set",
        f"serviceMonitor.enabled=true,serviceMonitor.interval={interval}",
        "--set",
        f"serviceMonitor.scrapeTimeout={timeout}",
    )
    found = resources(text)
    assert found["Probe", "release-tls-exporter-a"]["spec"]["scrapeTimeout"] == wanted
    assert found["ServiceMonitor", "release-tls-exporter"]["spec"]["endpoints"][0]["scrapeTimeout"] == wanted


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_the_operator_takes_its_custom_resources(values):
    found = resources(rendered("--values", str(values))).values()
    documents = [document for document in found if "monitoring.coreos.com" in document["apiVersion"]]
    said = custom_resources_checked(documents)
    assert said.count("taken: ") == len(documents), said


def test_a_custom_resource_that_is_wrong_is_noticed(everything):
    probe = json.loads(json.dumps(everything["Probe", "watch-partners"]))
    probe["spec"]["interval"] = "often"
    assert "refused: Probe watch-partners: " in custom_resources_checked([probe])


def runbooks_of(found):
    rule = next(one for (kind, _), one in found.items() if kind == "PrometheusRule")
    rules = [rule for group in rule["spec"]["groups"] for rule in group["rules"]]
    return {rule["annotations"]["runbook_url"] for rule in rules if "alert" in rule}


def test_the_runbooks_are_the_exporters_own_or_where_one_value_says(everything):
    """In alerts and dashboards alike."""
    own = "https://watch.watching.svc:9443/runbooks"
    assert all(url.startswith(f"{own}/TLS") for url in runbooks_of(everything))
    values = "--set", "runbooks=https://tls.example/runbooks/,prometheusRule.enabled=true,dashboards.enabled=true"
    text = rendered(*values)
    assert all(url.startswith("https://tls.example/runbooks/TLS") for url in runbooks_of(resources(text)))
    assert "localhost:10054/runbooks" not in text
    assert "$labels.instance }}{{ else" not in text


def test_each_shard_is_scraped_for_its_part(everything):
    """Prometheus takes the number from the pod's name, and names the instance by the pod, not by its address."""
    monitor = everything["ServiceMonitor", "watch"]["spec"]
    relabelings = monitor["endpoints"][0]["relabelings"]
    assert {
        "sourceLabels": ["__meta_kubernetes_pod_name"],
        "regex": r".*-(\d+)",
        "targetLabel": "__param_shard",
        "replacement": "$1/2",
    } in relabelings
    assert {"sourceLabels": ["__meta_kubernetes_pod_name"], "targetLabel": "instance"} in relabelings
    chosen = monitor["selector"]["matchLabels"].items()
    services = [item for (kind, _), item in everything.items() if kind == "Service"]
    fitting = [service for service in services if chosen <= service["metadata"]["labels"].items()]
    assert [service["metadata"]["name"] for service in fitting] == ["watch-pods"]
    assert everything["StatefulSet", "watch"]["spec"]["replicas"] == 2


def test_selectors_choose_the_pods(everything):
    labels = everything["StatefulSet", "watch"]["spec"]["template"]["metadata"]["labels"].items()
    assert everything["PodDisruptionBudget", "watch"]["spec"]["selector"]["matchLabels"].items() <= labels
    assert everything["NetworkPolicy", "watch"]["spec"]["podSelector"]["matchLabels"].items() <= labels
    assert everything["Service", "watch"]["spec"]["selector"].items() <= labels


def test_rules_are_those_of_the_mixin(everything, tmp_path):
    rule = everything["PrometheusRule", "watch"]
    alerts = {rule["alert"] for group in rule["spec"]["groups"] for rule in group["rules"] if "alert" in rule}
    assert alerts == set(NAMES) - {"TLSSeriesVanished", "TLSOldProtocolAccepted"}
    rules_pass_promtool(rule, need("promtool"), tmp_path)


def test_dashboards_are_those_of_the_mixin(everything):
    for name in ("overview", "target"):
        (text,) = everything["ConfigMap", f"watch-{name}"]["data"].values()
        mixin = (ROOT / "mixin" / "dashboards" / f"tls-{name}.json").read_text()
        assert "http://localhost:10054/runbooks" in mixin  # their variable, to which the chart gives its own default
        own = "https://watch.watching.svc:9443/runbooks"
        assert json.loads(text) == json.loads(mixin.replace("http://localhost:10054/runbooks", own))


def test_package_holds_the_rules(tmp_path):
    """The links into the mixin become files in the packed chart."""
    run(tool("helm"), "package", str(CHART), "--destination", str(tmp_path))
    (package,) = tmp_path.glob("*.tgz")
    command = [tool("helm"), "template", "release", str(package), "--set", "prometheusRule.enabled=true"]
    text = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert "TLSCertificateExpired" in text


def test_versions_are_those_of_the_package():
    """The chart, and the image that the kustomize base names."""
    from exporter import __version__

    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)
    base = yaml.safe_load((ROOT / "deploy" / "kustomize" / "base" / "kustomization.yaml").read_text())
    assert base["images"] == [{"name": "tls-exporter", "newTag": __version__}]


def rules_of(*settings):
    """Return what the chart's roles allow: (kind, namespace), API group, resources; and whether a token is mounted."""
    arguments = [part for setting in settings for part in ("--set", setting)]
    text = rendered(*arguments)
    validate(text)
    documents = [document for document in yaml.safe_load_all(text) if document]
    allowed = set()
    for one in documents:
        if one["kind"] in ("Role", "ClusterRole"):
            for rule in one["rules"]:
                assert rule["verbs"] == ["list", "watch"]
                where = (one["kind"], one["metadata"].get("namespace"))
                allowed.add((*where, rule["apiGroups"][0], tuple(rule["resources"])))
    (pod,) = [one["spec"]["template"]["spec"] for one in documents if one["kind"] == "StatefulSet"]
    bindings = [one for one in documents if one["kind"].endswith("Binding")]
    assert all(one["subjects"][0]["name"] == pod["serviceAccountName"] for one in bindings)
    assert len(bindings) == len({rule[:2] for rule in allowed})
    return allowed, pod["automountServiceAccountToken"]


@pytest.mark.parametrize(
    ("settings", "allowed"),
    [
        ([], set()),
        (["kubernetes.secrets=true"], {("ClusterRole", None, "", ("secrets",))}),
        (
            ["kubernetes.secrets=true", "kubernetes.configMaps=true", "kubernetes.namespaces={web,api}"],
            {("Role", namespace, "", ("secrets", "configmaps")) for namespace in ("web", "api")},
        ),
    ],
)
def test_it_may_read_only_what_is_asked_for(settings, allowed):
    assert rules_of(*settings) == (allowed, bool(settings))


def test_ca_bundles_need_no_secrets():
    allowed, is_mounted = rules_of("kubernetes.caBundles=true")
    assert is_mounted
    assert {rule[3] for rule in allowed} == {
        ("validatingwebhookconfigurations", "mutatingwebhookconfigurations"),
        ("apiservices",),
        ("customresourcedefinitions",),
    }
