"""The compose project: what it mounts is there, and each program's own checker reads its configuration."""

import shutil
from pathlib import Path

import yaml

from exporter.cli.flags import parse
from exporter.config.reader import load
from tests.deploy.charts import ROOT
from tests.support.programs import need, run

FOLDER = ROOT / "deploy" / "compose"
PROJECT = yaml.safe_load((FOLDER / "compose.yaml").read_text())


def test_what_is_mounted_is_there():
    for service in PROJECT["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (FOLDER / source).exists(), source
                assert volume.endswith(":ro")
            else:
                assert source in PROJECT["volumes"]


def test_every_service_is_confined_and_listens_on_loopback_only():
    for service in PROJECT["services"].values():
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_the_exporter_reads_its_configuration():
    assert load(str(FOLDER / "config" / "config.yaml")).targets
    assert parse(PROJECT["services"]["demo"]["command"]).command == "demo"


def test_prometheus_and_its_rules_are_valid(tmp_path):
    shutil.copy(FOLDER / "prometheus.yml", tmp_path)
    (tmp_path / "rules").mkdir()
    mounted = {volume.split(":")[0] for volume in PROJECT["services"]["prometheus"]["volumes"]}
    for name in ("rules.yaml", "alerts.yaml"):
        assert f"../../mixin/{name}" in mounted
        shutil.copy(ROOT / "mixin" / name, tmp_path / "rules" / name)
    run(need("promtool"), "check", "config", str(tmp_path / "prometheus.yml"))


def test_alertmanager_is_valid():
    run(need("amtool"), "check-config", str(FOLDER / "alertmanager.yml"))


def test_grafana_finds_dashboards_where_they_are_mounted():
    provider = yaml.safe_load((FOLDER / "grafana" / "dashboards" / "tls.yaml").read_text())["providers"][0]
    mounts = dict(volume.split(":")[:2] for volume in PROJECT["services"]["grafana"]["volumes"])
    assert mounts["../../mixin/dashboards"] == provider["options"]["path"]
    home = PROJECT["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (ROOT / "mixin" / "dashboards" / Path(home).name).exists()
