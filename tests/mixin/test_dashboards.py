"""The dashboards: generated, typed as Grafana types them, and as grafana/dashboard-linter wants them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mixin.test_rules import RECORDS, exposed_names, named_series
from tests.support.programs import missing, need, run

MIXIN = Path(__file__).parents[2] / "mixin"
NPM = Path(__file__).parents[2] / "node_modules"
FILES = sorted((MIXIN / "dashboards").glob("*.json"))
MODELS = {path.stem: json.loads(path.read_text()) for path in FILES}
VARIABLES_IN_QUERIES = {
    "$job": ".+",
    "$instance": ".+",
    "$target": ".+",
    "$module": ".+",
    "$__rate_interval": "5m",
}


def panels(model: dict) -> list[dict]:
    return [panel for panel in model["panels"] if panel["type"] != "row"]


ALL_PANELS = [
    pytest.param(panel, id=f"{name}: {panel['title']}") for name, model in MODELS.items() for panel in panels(model)
]


def concrete(expression: str) -> str:
    """Return the query as Grafana sends it with everything chosen."""
    for variable, value in VARIABLES_IN_QUERIES.items():
        expression = expression.replace(variable, value)
    assert "$" not in expression
    return expression


def test_files_are_what_the_generator_writes():
    run(sys.executable, str(MIXIN / "generate.py"), "--check")


def test_a_stale_file_is_noticed(tmp_path):
    for path in MIXIN.glob("*.py"):
        (tmp_path / path.name).write_text(path.read_text())
    (tmp_path / "dashboards").mkdir()
    command = [sys.executable, str(tmp_path / "generate.py"), "--check"]
    environment = {**os.environ, "PYTHONPATH": str(MIXIN.parent)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 1
    assert "stale: rules.yaml, alerts.yaml, tls-overview.json, tls-target.json" in done.stderr


@pytest.mark.parametrize("name", MODELS)
def test_types_are_those_of_grafana(name, tmp_path):
    if not (NPM / "@grafana" / "schema").is_dir():
        missing("Grafana's schema is not installed: npm install --no-save @grafana/schema typescript")
    (tmp_path / "node_modules").symlink_to(NPM)
    (tmp_path / "types.ts").write_text((Path(__file__).parent / "dashboard_types.ts").read_text())
    text = (MIXIN / "dashboards" / f"{name}.json").read_text()
    source = f'import type {{ KnownDashboard }} from "./types";\nexport const model: KnownDashboard = {text};\n'
    (tmp_path / "model.ts").write_text(source)
    options = ["--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "esnext"]
    need("node")
    run(str(NPM / ".bin" / "tsc"), *options, "--moduleResolution", "bundler", "model.ts", cwd=tmp_path)


@pytest.mark.parametrize("name", MODELS)
def test_dashboard_is_portable(name):
    """Fixed uid, a schema that current versions read, no inputs, not editable, its twin and the runbooks linked."""
    model = MODELS[name]
    assert model["uid"] == name
    assert 39 <= model["schemaVersion"] <= 42
    assert not {"__inputs", "__requires", "id"} & set(model)
    assert model["editable"] is False
    (other,) = set(MODELS) - {name}
    urls = [link["url"] for link in model["links"]]
    assert f"/d/{other}" in urls
    assert "${runbooks}" in urls
    numbers = [panel["id"] for panel in model["panels"]]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("name", MODELS)
def test_variables_follow_the_linter(name):
    """One data source variable, `job` and `instance` with .+ for all, and values that follow the time range."""
    variables = {variable["name"]: variable for variable in MODELS[name]["templating"]["list"]}
    sources = [variable for variable in variables.values() if variable["type"] == "datasource"]
    assert [(source["name"], source["label"]) for source in sources] == [("datasource", "Data source")]
    for variable in (variables["job"], variables["instance"]):
        assert (variable["multi"], variable["includeAll"], variable["allValue"]) == (True, True, ".+")
    for variable in variables.values():
        if variable["type"] == "query":
            assert variable["datasource"]["uid"] == "${datasource}"
            assert variable["label"] == variable["name"].capitalize()
            assert variable["refresh"] == 2


@pytest.mark.parametrize("name", MODELS)
def test_panels_fill_the_grid_without_overlap(name):
    taken = set()
    for panel in MODELS[name]["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells


@pytest.mark.parametrize("panel", ALL_PANELS)
def test_panel_follows_the_linter(panel):
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"]["uid"] == "${datasource}"
    assert panel["targets"]


@pytest.mark.parametrize("panel", ALL_PANELS)
def test_queries_follow_the_linter(panel):
    """Data source by variable; every selector of the exporter's series narrowed by job and instance; counters rated."""
    for target in panel["targets"]:
        assert target["datasource"]["uid"] == "${datasource}"
        expression = target["expr"]
        selectors = re.findall(r"[a-z:_]+\{([^}]*)\}", expression)
        assert selectors
        for selector in selectors:
            assert 'job=~"$job"' in selector
            assert 'instance=~"$instance"' in selector
        for counter in re.findall(r"\w+_total\{", expression):
            assert re.search(rf"(rate|increase)\({re.escape(counter)}[^}}]*\}}\[\$__rate_interval\]", expression)


@pytest.mark.parametrize("panel", ALL_PANELS)
def test_queries_speak_only_of_series_that_exist(panel):
    known = exposed_names() | {record["record"] for record in RECORDS}
    for target in panel["targets"]:
        used = named_series(concrete(target["expr"]))
        assert used
        assert used <= known


def test_every_query_parses(tmp_path):
    """Prometheus' own parser reads each of them, as the expression of a rule."""
    expressions = {
        concrete(target["expr"]) for model in MODELS.values() for panel in panels(model) for target in panel["targets"]
    }
    rules = [{"record": f"query:{number}", "expr": text} for number, text in enumerate(sorted(expressions))]
    path = tmp_path / "rules.yaml"
    path.write_text(json.dumps({"groups": [{"name": "dashboards", "rules": rules}]}))
    assert f"{len(rules)} rules found" in run(need("promtool"), "check", "rules", str(path))
