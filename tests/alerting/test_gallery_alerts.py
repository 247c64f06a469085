"""One cause, one alert: the whole gallery under a real Prometheus and Alertmanager.

The texts are approved: pytest tests/alerting/test_gallery_alerts.py --accept
"""

import re
import time
from pathlib import Path

import pytest
from support.alerting import alertmanager, prometheus, receiving
from support.exporter_process import running_exporter

from exporter.demo.gallery import Gallery

HERE = Path(__file__).parent
MIXIN = HERE.parents[1] / "mixin"
GOLDEN = HERE / "gallery.txt"
PATIENCE_SECONDS = 180.0
QUIET_SECONDS = 20.0  # without a new alert, when texts are accepted


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """Everything at work; yields the gallery, what arrives, and the Prometheus."""
    folder = tmp_path_factory.mktemp("gallery")
    rules = []
    for name in ("rules.yaml", "alerts.yaml"):
        text = re.sub(r"^(\s+for): \w+$", r"\1: 3s", (MIXIN / name).read_text(), flags=re.MULTILINE)
        (folder / name).write_text(text)
        rules.append(folder / name)
    with (
        Gallery() as gallery,
        receiving() as receiver,
        alertmanager(folder, receiver) as manager,
        running_exporter(config_file=gallery.config_file) as exporter,
        prometheus(folder, exporter.address, manager, rules) as server,
    ):
        yield gallery, receiver, server


def texts(gallery, receiver):
    """Return what is said of each endpoint, with what differs from run to run written as a word."""
    names = {target: f"<{scenario}>" for scenario, target in gallery.targets.items()}
    found = {}
    for (alert, scenario), one in receiver.firing.items():
        annotations = one["annotations"]
        text = f"{alert} ({one['labels']['severity']})\n  {annotations['summary']}\n  {annotations['description']}"
        for target, name in names.items():
            text = text.replace(target, name)
        text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \+0000 UTC", "<time>", text)
        found.setdefault(scenario, []).append(text)
    return "".join(f"{scenario}: {text}\n\n" for scenario in sorted(found) for text in sorted(found[scenario]))


def scanned(gallery, server):
    """Return whether the posture of every endpoint that can be scanned was looked at."""
    known = server.query("count(count by (target) ({__name__=~'tls_posture_(timestamp_seconds|undetermined_info)'}))")
    reachable = server.query("count(tls_probe_reachable == 1)")
    return bool(known and reachable) and float(known[0][1]) >= float(reachable[0][1])


def until(condition):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_every_endpoint_has_at_most_one_alert_and_the_expected_one(watched, request):
    gallery, receiver, server = watched
    until(lambda: scanned(gallery, server))
    if request.config.getoption("--accept"):
        last, since = set(receiver.firing), time.monotonic()
        while time.monotonic() < since + QUIET_SECONDS:
            if set(receiver.firing) != last:
                last, since = set(receiver.firing), time.monotonic()
            time.sleep(0.5)
        GOLDEN.write_text(texts(gallery, receiver))
    wanted = GOLDEN.read_text()
    until(lambda: len(receiver.firing) >= wanted.count(" (critical)\n") + wanted.count(" (warning)\n"))
    assert texts(gallery, receiver) == wanted
    scenarios = [scenario for _, scenario in receiver.firing]
    assert len(scenarios) == len(set(scenarios)), "one endpoint, one alert"
