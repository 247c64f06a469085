"""The scrape configurations of docs/web.md on a real Prometheus with two exporters: every target exactly once."""

import re
import time
from pathlib import Path

import pytest
import yaml
from support.exporter_process import running_exporter
from support.programs import need
from support.prometheus import running_prometheus

ROOT = Path(__file__).parents[2]
BLOCKS = [
    block
    for block in re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "web.md").read_text(encoding="utf-8"), re.DOTALL)
    if "scrape_configs" in block
]
TARGETS = 40


@pytest.fixture(scope="module")
def exporters(tmp_path_factory):
    """Run two exporters with one configuration: ports where nobody listens, one of them under two modules."""
    need("prometheus")
    config_file = tmp_path_factory.mktemp("sd") / "config.yaml"
    names = [f"127.0.0.1:{port}" for port in range(1, TARGETS + 1)]
    config = {
        "modules": {"quick": {"timeout": "1s"}},
        "targets": [
            {"targets": names[:20], "module": "quick", "labels": {"team": "web"}},
            {"targets": names[20:], "module": "tls", "labels": {"team": "mail", "tier": "1"}},
            {"targets": names[:1], "module": "tls"},
        ],
    }
    config_file.write_text(yaml.safe_dump(config), encoding="utf-8")
    with running_exporter(config_file=config_file) as first, running_exporter(config_file=config_file) as second:
        yield first, second


def configured(block, exporters):
    """Return the scrape configurations of a block, with the addresses of these exporters."""
    for number, exporter in enumerate(exporters):
        block = block.replace(f"exporter-{number}:10054", exporter.address)
    return yaml.safe_load(block)["scrape_configs"]


def until_all(prometheus, wanted):
    """Wait until every target has been scraped; return target and module of each series."""
    deadline = time.monotonic() + 60
    while True:
        found = [(labels["target"], labels["module"]) for labels, _ in prometheus.query("tls_probe_success")]
        if len(found) >= wanted or time.monotonic() > deadline:
            return found
        time.sleep(0.2)


def test_the_docs_have_three():
    assert len(BLOCKS) == 3


@pytest.mark.parametrize("block", BLOCKS, ids=["sd", "sd-hashmod", "shard"])
def test_every_target_exactly_once(exporters, tmp_path, block):
    configs = configured(block, exporters)
    with running_prometheus(tmp_path, (), interval="1s", timeout="1s", scrape_configs=configs) as prometheus:
        found = until_all(prometheus, TARGETS + 1)
        assert len(found) == len(set(found)) == TARGETS + 1
        down = [one["lastError"] for one in prometheus.api("targets")["activeTargets"] if one["lastError"]]
        assert not down
        labels = dict(prometheus.query('tls_probe_success{target="127.0.0.1:30"}')[0][0])
        assert labels["module"] == "tls"
        assert labels["team"] == "mail"
        assert labels["tier"] == "1"
        assert not [name for name in labels if name.startswith("exported_")]
        used = {
            one["labels"]["instance"] if "shard" in block else one["scrapeUrl"].split("/")[2]
            for one in prometheus.api("targets")["activeTargets"]
        }
    assert used == {one.address for one in (exporters[:1] if block == BLOCKS[0] else exporters)}


def test_series_under_blackbox_names_are_distinguished_by_instance_and_module(exporters, tmp_path):
    with running_prometheus(
        tmp_path, (), interval="1s", timeout="1s", scrape_configs=configured(BLOCKS[0], exporters)
    ) as prometheus:
        until_all(prometheus, TARGETS + 1)
        found = [(labels["instance"], labels["module"]) for labels, _ in prometheus.query("probe_success")]
    assert len(found) == len(set(found)) == TARGETS + 1


def test_shards_are_disjoint_whole_and_stay_when_targets_come_and_go(exporters):
    first, second = exporters
    parts = [
        {(sample.labels["target"], sample.labels["module"]) for sample in scrape.samples("tls_probe_success")}
        for scrape in (first.scrape("?shard=0/2"), second.scrape("?shard=1/2"))
    ]
    assert not parts[0] & parts[1]
    assert len(parts[0] | parts[1]) == TARGETS + 1
    narrowed = first.scrape("?shard=0/2&module=tls")
    kept = {(sample.labels["target"], sample.labels["module"]) for sample in narrowed.samples("tls_probe_success")}
    assert kept == {one for one in parts[0] if one[1] == "tls"}
