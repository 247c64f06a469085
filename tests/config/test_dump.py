from pathlib import Path

import pytest

from exporter.config.dump import mask
from exporter.config.model import Config
from exporter.config.reader import load

GOOD = Path(__file__).parents[1] / "configs" / "good"


@pytest.mark.parametrize("name", sorted(path.name for path in GOOD.iterdir()))
def test_what_is_shown_loads_again_and_means_the_same(name, tmp_path):
    """Only secrets and the names of the files that were read differ."""
    config = load(str(GOOD / name))
    shown = mask(config)
    path = tmp_path / "config.yaml"
    path.write_text(shown)
    again = load(str(path))
    assert mask(again) == shown
    assert again.targets == config.targets
    assert again.global_ == config.global_
    assert again.probe_endpoint == config.probe_endpoint
    assert again.target_files == config.target_files
    plain = [name for name, module in config.modules.items() if module.proxy is None]
    for module in plain:
        assert again.modules[module] == config.modules[module]


def test_secrets_are_not_shown():
    shown = mask(load(str(GOOD / "everything.yaml")))
    assert "hunter2" not in shown
    assert "p@ss" not in shown
    assert "p%40ss" not in shown
    assert shown.count("<secret>") == 6


def test_no_aliases_and_no_python_tags():
    shown = mask(load(str(GOOD / "anchors.yaml")))
    assert "&id" not in shown
    assert "!!" not in shown


def test_the_default_configuration_can_be_shown():
    assert mask(Config()).startswith("global:\n  timeout: 10s\n")
