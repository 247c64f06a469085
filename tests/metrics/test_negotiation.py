"""Which format and which escaping an Accept header gets."""

import pytest

from exporter.metrics.negotiation import OPEN_METRICS_1, OPEN_METRICS_2, TEXT_0_0_4, TEXT_1_0_0, negotiated

PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;"
    "q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.mark.parametrize(
    ("accept", "written"),
    [
        ("", TEXT_0_0_4),
        ("*/*", TEXT_0_0_4),
        ("text/html,application/json", TEXT_0_0_4),
        ("text/plain", TEXT_0_0_4),
        ("text/plain;version=0.0.4", TEXT_0_0_4),
        ("text/plain;version=1.0.0", TEXT_1_0_0),
        ("application/openmetrics-text", OPEN_METRICS_1),
        ('Application/OpenMetrics-Text; Version="1.0.0"', OPEN_METRICS_1),
        ("application/openmetrics-text;version=2.0.0", OPEN_METRICS_2),
        (PROMETHEUS_3, OPEN_METRICS_1),
        (f"application/openmetrics-text;version=2.0.0;escaping=allow-utf-8;q=0.7,{PROMETHEUS_3}", OPEN_METRICS_2),
        (f"application/openmetrics-text;version=2.0.0;q=0.1,{PROMETHEUS_3}", OPEN_METRICS_1),
        ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=2.0.0", OPEN_METRICS_1),
    ],
)
def test_the_heaviest_offer_that_is_written_wins(accept, written):
    assert negotiated(accept).format == written


@pytest.mark.parametrize("version", ["0.0.1", "1.0.1", "2.0.1", "2", "9.9.9", "abc", "9" * 5000, "1.0.0-rc1"])
@pytest.mark.parametrize("kind", ["application/openmetrics-text", "text/plain"])
def test_a_version_that_is_not_written_is_never_named(kind, version):
    alone, with_text = negotiated(f"{kind};version={version}"), f"{kind};version={version};q=1,text/plain;q=0.5"
    assert alone.content_type == negotiated(with_text).content_type == "text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.parametrize(
    ("accept", "escaping", "name"),
    [
        ("", "underscores", "Team_Name"),
        ("text/plain;version=0.0.4;escaping=allow-utf-8", "underscores", "Team_Name"),
        ("text/plain;version=1.0.0", "underscores", "Team_Name"),
        ("text/plain;version=1.0.0;escaping=allow-utf-8", "allow-utf-8", '"Team-Name"'),
        ("text/plain;version=1.0.0;escaping=nonsense", "underscores", "Team_Name"),
        ("application/openmetrics-text;version=1.0.0;escaping=values", "values", "U__Team_2d_Name"),
        ("application/openmetrics-text;version=1.0.0;escaping=dots", "dots", "Team__Name"),
        ("application/openmetrics-text;version=2.0.0;escaping=allow-utf-8", "allow-utf-8", '"Team-Name"'),
    ],
)
def test_names_are_escaped_as_was_asked(accept, escaping, name):
    chosen = negotiated(accept)
    assert (chosen.escaping, chosen.label_name("Team-Name")) == (escaping, name)
    assert chosen.label_name("team") == "team"


def test_the_content_type_names_the_escaping_where_parsers_know_it():
    """Those of Prometheus 2 know the text format 0.0.4 alone, without it."""
    assert negotiated("text/plain").content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert negotiated(PROMETHEUS_3).content_type == (
        "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
    )
    asked_for_nothing = negotiated("application/openmetrics-text;version=2.0.0").content_type
    assert asked_for_nothing == "application/openmetrics-text; version=2.0.0; charset=utf-8; escaping=underscores"
