"""One demo for all tests that only look at it."""

import pytest
from support.exporter_process import running_exporter


@pytest.fixture(scope="session")
def demo():
    """Run `tls-exporter demo`."""
    with running_exporter(command=["demo"]) as exporter:
        yield exporter


@pytest.fixture(scope="session")
def scraped(demo):
    """One whole scrape of the demo."""
    return demo.scrape()
