"""A thousand targets, fifty of them silent: the scrape ends before its deadline, and nobody is left out."""

import json
from collections import Counter

from support.exporter_process import running_exporter
from support.exposition import Exposition

from exporter.demo.gallery import Gallery
from exporter.demo.scenario import Scenario, Seen
from exporter.demo.scripts import Hold
from exporter.demo.servers import Endpoint

SILENT = 50
ANSWERING = 950
PORTS = 50  # each answers for nineteen targets
ANNOUNCED_SECONDS = 8


def test_a_thousand_targets_with_fifty_silent_ones(tmp_path):
    """The module would wait for a minute; Prometheus announces eight seconds. Each target has its result by then."""
    silent = [Scenario(f"silent-{number}", "Silent.", (Hold(),), Seen()) for number in range(SILENT)]
    answering = [Scenario(f"good-{number}", "Good.", Endpoint(), Seen()) for number in range(PORTS)]
    with Gallery([*silent, *answering]) as gallery:
        names = [f"tls://{gallery.targets[scenario.name]}" for scenario in silent]
        names += [
            f"https://{gallery.targets[f'good-{number % PORTS}']}/{number // PORTS}" for number in range(ANSWERING)
        ]
        config_file = tmp_path / "config.yaml"
        tls_config = {"ca_file": str(gallery.config_file.with_name("root.pem"))}
        config = {
            "modules": {"patient": {"timeout": "1m", "tls_config": tls_config}},
            "targets": [{"targets": names, "module": "patient"}],
        }
        config_file.write_text(json.dumps(config), encoding="utf-8")
        with running_exporter(config_file=config_file) as exporter:
            headers = {"X-Prometheus-Scrape-Timeout-Seconds": str(ANNOUNCED_SECONDS)}
            answer = exporter.request("/metrics", headers=headers, timeout=ANNOUNCED_SECONDS)
            assert answer.status == 200
    scraped = Exposition(answer.text)
    success = {sample.labels["target"]: sample.value for sample in scraped.samples("tls_probe_success")}
    assert set(success) == set(names)
    assert Counter(success.values()) == {1.0: ANSWERING, 0.0: SILENT}
    for name in names[:SILENT]:
        assert scraped.failure(target=name) == ("handshake", "timeout")
        assert scraped.value("tls_probe_reachable", target=name) == 1
