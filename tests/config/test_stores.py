"""`stores` and `ct`: what may be written, and what is said of the rest."""

import json

import pytest

from exporter.config.model import RootStore
from exporter.config.problems import ConfigError
from exporter.config.reader import load
from tests.support.pki import root

LOG = {"log_id": "AAAA", "key": "AAAA", "state": {"usable": {"timestamp": "2025-01-01T00:00:00Z"}}}


@pytest.fixture
def read(tmp_path):
    """Return what loads one module of a configuration that stands next to a bundle and two lists of logs."""
    (tmp_path / "own.pem").write_bytes(root().pem)
    (tmp_path / "logs.json").write_text(json.dumps({"operators": [{"name": "one", "logs": [LOG]}]}))
    (tmp_path / "bad.json").write_text('{"operators": []}')

    def reader(setting):
        file = tmp_path / "config.yaml"
        file.write_text(f"modules: {{m: {{{setting}}}}}\n")
        return load(str(file)).modules["m"]

    return reader


def test_stores_by_name_and_by_file(read, tmp_path):
    module = read("stores: [system, mozilla, {name: own, file: own.pem}]")
    assert module.stores == (RootStore("system"), RootStore("mozilla"), RootStore("own", str(tmp_path / "own.pem")))
    assert read("timeout: 5s").stores is None


def test_a_list_of_logs(read, tmp_path):
    assert read("ct: {log_list_file: logs.json}").ct.log_list_file == str(tmp_path / "logs.json")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("stores: [mozila]", "did you mean"),
        ("stores: [system, system]", "written twice"),
        ("stores: [{name: own}]", "file"),
        ("stores: [{name: system, file: own.pem}]", "needs no file"),
        ("stores: [{name: 'a b', file: own.pem}]", "not a name"),
        ("stores: [{name: own, file: logs.json}]", "holds no"),
        ("stores: [{name: own, file: missing.pem}]", "there is no file"),
        ("ct: {log_list_file: bad.json}", "logs"),
        ("ct: {log_list_file: own.pem}", "not a list of logs"),
        ("ct: {}", "log_list_file"),
    ],
)
def test_what_is_wrong_is_said(read, setting, message):
    with pytest.raises(ConfigError, match=message):
        read(setting)
