"""One demo for all tests that only look at it."""

import time

import pytest
from support.exporter_process import running_exporter

from exporter.demo.scenarios import SCENARIOS

POSTURE_SECONDS = 60.0


@pytest.fixture(scope="session")
def demo():
    """Run `tls-exporter demo`."""
    with running_exporter(command=["demo"]) as exporter:
        yield exporter


@pytest.fixture(scope="session")
def scraped(demo):
    """One whole scrape of the demo."""
    return demo.scrape()


@pytest.fixture(scope="session")
def scraped_later(demo, scraped):
    """Scrape until the posture of every server that completes handshakes is known."""
    served = {sample.labels["scenario"] for sample in scraped.samples("tls_probe_success")}
    awaited = served & {scenario.name for scenario in SCENARIOS if scenario.seen.success}
    deadline = time.monotonic() + POSTURE_SECONDS
    while True:
        later = demo.scrape()
        known = {sample.labels["scenario"] for sample in later.samples("tls_posture_timestamp_seconds")}
        if awaited <= known:
            return later
        assert time.monotonic() < deadline, awaited - known
        time.sleep(0.5)
