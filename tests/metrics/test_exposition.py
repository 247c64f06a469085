"""Which format an Accept header asks for."""

import pytest
from prometheus_client import CollectorRegistry

from exporter.metrics.exposition import content_type, pages

TEXT = "text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.parametrize(
    "accept",
    [
        "application/openmetrics-text;version=abc",
        "text/plain;version=1.x.0",
        "application/openmetrics-text;version=" + "9" * 5000 + ".0.0",
    ],
)
def test_a_version_that_is_none_asks_for_nothing(accept):
    """A header that makes no sense must not fail a scrape."""
    assert content_type(accept) == TEXT
    assert b"".join(pages(accept, [], [CollectorRegistry()])) == b""


def test_openmetrics_is_given_to_whoever_asks():
    assert content_type("application/openmetrics-text;version=1.0.0").startswith("application/openmetrics-text")
