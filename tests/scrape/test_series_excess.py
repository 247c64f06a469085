"""An endpoint that presents other certificates each time makes no more series than the limit allows, and is told of."""

from exporter.config.model import Config, Module
from exporter.metrics.collect import collect
from exporter.metrics.self_metrics import SelfMetrics
from exporter.probe.result import Result
from exporter.scrape.engine import Engine
from exporter.scrape.report import make_report
from exporter.scrape.series_limit import MAX_NEW_SERIES
from exporter.target import Target, parse_endpoint
from tests.support.pki import NOW, leaf, root

TOP = root()
TARGETS = tuple(Target(name, parse_endpoint(name), "tls") for name in ("hostile:443", "ordinary:443"))
DESCRIBING = ("tls_certificate_info", "tls_certificate_names_info")


async def test_new_series_end_at_the_limit_and_expiry_goes_on():
    module = Module("tls")
    own = SelfMetrics()
    engine = Engine(Config(modules={"tls": module}, targets=TARGETS), own)
    hostile, ordinary = TARGETS
    stays = (leaf(TOP).der,)
    series = set()
    for _ in range(MAX_NEW_SERIES):
        seen = Result(started_at=NOW, total_seconds=1.0, reachable=True, chain=(leaf(TOP).der,))
        (assessment,) = engine.assess(hostile, module, (seen,))
        engine.last[hostile] = make_report(hostile, module, (assessment,))
        lines = collect(assessment)
        series.update(line for name in DESCRIBING for line in lines.get(name, "").splitlines())
        assert "tls_certificate_not_after_timestamp_seconds" in lines
        (same,) = engine.assess(ordinary, module, (Result(NOW, 1.0, reachable=True, chain=stays),))
        assert "tls_certificate_info" in collect(same)
    assert MAX_NEW_SERIES - 5 < len(series) <= MAX_NEW_SERIES
    assert any(one.finding.id == "certificate_excessive" for one in assessment.findings)
    assert not any(one.finding.id == "certificate_excessive" for one in same.findings)
    assert own.registry.get_sample_value("tls_exporter_series_limited_targets") == 1
    engine.close()
