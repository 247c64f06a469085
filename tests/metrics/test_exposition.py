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


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/plain;version=0.0.4;q=0.5,application/openmetrics-text;version=1.0.0;q=0.4,*/*;q=0.1", "text/plain"),
        ("application/openmetrics-text;version=1.0.0;q=0.1, text/plain;q=0.9", "text/plain"),
        ("application/openmetrics-text; q=0, text/plain", "text/plain"),
        (
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4",
            "application/openmetrics-text",
        ),
        ("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4", "application/openmetrics-text"),
        (
            "text/plain;version=0.0.4;q=0.3,application/openmetrics-text;version=1.0.0;q=0.6",
            "application/openmetrics-text",
        ),
        ("text/plain;q=x,application/openmetrics-text", "text/plain"),
    ],
)
def test_the_heavier_format_is_given(accept, kind):
    """Prometheus writes the order of its scrape_protocols as weights."""
    assert content_type(accept).partition(";")[0] == kind
