"""Every chain of the table served by a live TLS server and probed: the same verdicts as for bytes alone."""

import asyncio

import pytest

from exporter.certificates.names import a_labels
from exporter.config.model import Config, Module, TLSConfig
from exporter.metrics.self_metrics import SelfMetrics
from exporter.scrape.engine import Engine
from exporter.target import Target, parse_endpoint
from tests.support.chains import CASES, Case
from tests.support.tls_server import presenting


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_live_server_gets_the_verdicts_of_the_table(case: Case, tmp_path):
    made = case.make()
    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(b"".join(root.pem for root in made.roots))
    tls_config = TLSConfig(ca_file=str(ca_file), server_name=a_labels(case.host))
    module = Module("tls", timeout=5, tls_config=tls_config)
    async with presenting(made.chain) as port:
        target = Target(f"127.0.0.1:{port}", parse_endpoint(f"127.0.0.1:{port}"), "tls")
        engine = Engine(Config(modules={"tls": module}, targets=(target,)), SelfMetrics())
        report = await engine.report(target, module, asyncio.get_running_loop().time() + 6)
        engine.close()
    observation = report.assessments[0].observation
    assert len(observation.certificates) == len(made.chain)
    openssl, _, webpki = observation.verdicts
    assert {error.name for error in openssl.errors} == set(case.openssl)
    assert {error.name for error in webpki.errors} == set(case.webpki)
    assert observation.name_match == case.matches
    known = sum(verdict.trusted is not None for verdict in observation.verdicts)
    assert report.lines.get("tls_certificate_trusted", "").count("\n") == known
