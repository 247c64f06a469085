"""Two hundred scrapers at once: probes are shared, pages come as well, and whoever is too many is told so."""

import asyncio
import json
from collections import Counter

import aiohttp
import pytest
from support.exporter_process import running_exporter
from support.exposition import Exposition

from exporter.demo.gallery import Gallery
from exporter.demo.scenario import Scenario, Seen
from exporter.demo.scripts import Hold
from exporter.demo.servers import Endpoint

SCRAPERS = 200
LIMIT = 10
GOOD = [f"good-{number}" for number in range(10)]


@pytest.fixture
def gallery():
    """Serve good peers, and a silent one that keeps every scrape waiting, so that all are under way together."""
    scenarios = [Scenario(name, "Good.", Endpoint(), Seen()) for name in GOOD]
    with Gallery([*scenarios, Scenario("silent", "Silent.", (Hold(),), Seen())]) as running:
        yield running


@pytest.fixture
def config_file(gallery, tmp_path):
    path = tmp_path / "config.yaml"
    modules = {"patient": {"timeout": "4s"}}
    targets = [{"targets": list(gallery.targets.values()), "module": "patient"}]
    path.write_text(json.dumps({"modules": modules, "targets": targets}), encoding="utf-8")
    return path


async def ask(url, paths):
    """Ask for all paths at once; return (path, status, headers, text) of each."""
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(100)

    async def one(session, path):
        async with session.get(path) as answer:
            return path, answer.status, answer.headers, await answer.text()

    async with aiohttp.ClientSession(url, connector=connector, timeout=timeout) as session:
        return await asyncio.gather(*(one(session, path) for path in paths))


async def test_two_hundred_scrapers_share_their_probes(gallery, config_file):
    """Each has its whole answer; a target is connected to for the first of them and perhaps for a late one."""
    probe = f"/probe?module=patient&target={gallery.targets['silent']}"
    paths = ["/metrics"] * (SCRAPERS - 40) + [probe] * 20 + ["/"] * 20
    with running_exporter(config_file=config_file) as exporter:
        answers = await ask(exporter.url, paths)
        assert Counter(status for _, status, _, _ in answers) == {200: SCRAPERS}
        for path, _, _, text in answers:
            if path == "/metrics":
                samples = Exposition(text).samples("tls_probe_success")
                assert {sample.labels["target"]: sample.value for sample in samples} == {
                    target: float(name != "silent") for name, target in gallery.targets.items()
                }
        assert gallery.connections["silent"] < SCRAPERS / 10
        settled = exporter.scrape()
        assert settled.value("tls_exporter_probes_in_flight") == 0
        assert settled.value("tls_exporter_probes_shared_total") >= SCRAPERS / 2


async def test_past_the_limit_the_answer_is_to_come_again(gallery, config_file):
    """Nothing but 200 and 503 with Retry-After; health is answered all the while, and then all is as before."""
    with running_exporter(f"--web.max-requests={LIMIT}", config_file=config_file) as exporter:
        answers = await ask(exporter.url, ["/metrics"] * SCRAPERS + ["/-/healthy"] * 5)
        statuses = Counter(status for path, status, _, _ in answers if path == "/metrics")
        assert set(statuses) == {200, 503}
        assert statuses[200] >= LIMIT
        for path, status, headers, text in answers:
            if status == 503:
                assert int(headers["Retry-After"]) > 0
                assert text
            elif path == "/metrics":
                assert len(Exposition(text).samples("tls_probe_success")) == len(gallery.targets)
        assert [status for path, status, _, _ in answers if path == "/-/healthy"] == [200] * 5
        assert len(exporter.scrape().samples("tls_probe_success")) == len(gallery.targets)
