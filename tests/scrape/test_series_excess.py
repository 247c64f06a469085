"""An endpoint that presents other certificates each time makes no more series than the limit, and is reported."""

from exporter.config.model import Config, Module
from exporter.metrics.collect import collect
from exporter.metrics.self_metrics import SelfMetrics
from exporter.scrape.engine import Engine
from exporter.scrape.series_limit import MAX_NEW_SERIES
from exporter.target import Target, parse_endpoint
from tests.support.pki import NOW, leaf, root
from tests.support.results import make_result

TOP = root()
MODULE = Module("tls")
HOSTILE, ORDINARY = (Target(name, parse_endpoint(name), "tls") for name in ("hostile:443", "ordinary:443"))
DESCRIBING = ("tls_certificate_info", "tls_certificate_names_info")


def assessed(engine, target, chain, before=()):
    seen = make_result(started_at=NOW, total_seconds=1.0, reachable=True, chain=chain)
    return engine.assessor.assess(engine.prober, target, MODULE, (seen,), before, timeout=1.0)


def excessive(assessments):
    return any(one.finding.id == "certificate_excessive" for one in assessments[0].findings)


async def test_new_series_end_at_the_limit_and_expiry_goes_on():
    own = SelfMetrics()
    engine = Engine(Config(modules={"tls": MODULE}, targets=(HOSTILE, ORDINARY)), own)
    stays, hostile, ordinary = (leaf(TOP).der,), (), ()
    series = set()
    for _ in range(MAX_NEW_SERIES + 50):
        hostile = assessed(engine, HOSTILE, (leaf(TOP).der,), hostile)
        lines = collect(hostile[0])
        series.update(line for name in DESCRIBING for line in lines.get(name, "").splitlines())
        assert "tls_certificate_not_after_timestamp_seconds" in lines
        ordinary = assessed(engine, ORDINARY, stays, ordinary)
        assert "tls_certificate_info" in collect(ordinary[0])
    assert MAX_NEW_SERIES - 5 < len(series) <= MAX_NEW_SERIES
    assert excessive(hostile)
    assert not excessive(ordinary)
    assert own.registry.get_sample_value("tls_exporter_series_limited_targets") == 1
    assert "tls_certificate_info" not in collect(hostile[0])
    engine.close()
