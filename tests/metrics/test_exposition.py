"""The exposition in each format: what differs between them, and what an Accept header asks for."""

import re

import pytest
from prometheus_client import CollectorRegistry
from support.exposition import Exposition

from exporter.metrics.catalogue import FAMILIES, Family
from exporter.metrics.exposition import content_type, pages
from exporter.metrics.labels import user_label
from exporter.metrics.self_metrics import SelfMetrics

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


def test_openmetrics_is_sent_to_clients_that_accept_it():
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


OPEN_METRICS_2 = "application/openmetrics-text;version=2.0.0;escaping=allow-utf-8"
EVERY_FORMAT = (
    "",
    "text/plain;version=1.0.0;escaping=allow-utf-8",
    "application/openmetrics-text;version=1.0.0",
    OPEN_METRICS_2,
)


def exposition(accept, *targets, families=FAMILIES):
    return b"".join(pages(accept, targets, [SelfMetrics().registry], families)).decode()


@pytest.mark.parametrize("accept", EVERY_FORMAT)
def test_the_build_is_a_gauge_in_every_format(accept):
    """Collectors take the name of an info family for that of its samples, which then do not arrive."""
    text = exposition(accept)
    assert " info\n" not in text
    assert "# TYPE tls_exporter_build_info gauge\n" in text
    assert 'tls_exporter_build_info{version="' in text


@pytest.mark.parametrize("accept", EVERY_FORMAT)
def test_prometheus_clients_own_parser_takes_every_format_that_it_knows(accept):
    if accept != OPEN_METRICS_2:
        assert Exposition(exposition(accept), open_metrics="openmetrics" in accept).samples("process_cpu_seconds_total")


def test_a_family_has_the_name_of_its_samples_in_openmetrics_2():
    """And counters tell since when they count: the start of the process."""
    text = exposition(OPEN_METRICS_2)
    assert "# TYPE tls_exporter_probes_total counter\n" in text
    assert re.search(r'^tls_exporter_probes_total\{outcome="success"\} 0.0 st@\d+\.\d{3}$', text, re.MULTILINE)
    assert "# TYPE tls_exporter_probes counter\n" in exposition("application/openmetrics-text;version=1.0.0")
    assert text.endswith("# EOF\n")


def test_names_that_end_in_a_unit_have_it_as_metadata():
    text = exposition(OPEN_METRICS_2)
    assert "# UNIT process_resident_memory_bytes bytes\n" in text
    assert "# UNIT process_cpu_seconds_total seconds\n" in text
    assert "# UNIT process_cpu_seconds seconds\n" in exposition("application/openmetrics-text")
    assert "# UNIT" not in exposition("") + exposition("text/plain;version=1.0.0")


def test_a_name_that_is_no_legacy_name_is_written_as_was_asked():
    written = user_label("Team-Name", 'a,é"b')
    lines = {"tls_probe_success": f"tls_probe_success{{{written}}} 1\n"}
    family = [Family("tls_probe_success", "Text.")]
    assert 'tls_probe_success{"Team-Name"="a,é\\"b"} 1\n' in exposition(OPEN_METRICS_2, lines, families=family)
    assert 'tls_probe_success{Team_Name="a,é\\"b"} 1\n' in exposition("", lines, families=family)


def test_no_value_is_taken_for_a_name():
    """The mark around names is a character that no value can hold."""
    assert "\0" not in user_label("team", 'x\0Team-Name\0="')


@pytest.mark.parametrize("accept", EVERY_FORMAT)
def test_every_family_arrives_under_its_own_name_behind_a_collector(accept):
    """A collector takes the family's name for the metric's: it must be that of the samples, except for `_total`."""
    text = exposition(accept, {family.name: f"{family.name} 1\n" for family in FAMILIES})
    stripped = "version=1.0.0" in accept and "openmetrics" in accept
    kind = family = ""
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, family, kind = line.split(" ")
            assert kind in ("gauge", "counter", "unknown", "untyped")
        elif not line.startswith("#"):
            name = re.match(r"[a-zA-Z_:][a-zA-Z0-9_:]*", line)[0]
            assert name == (f"{family}_total" if stripped and kind == "counter" else family)
