"""GET /metrics as a client sees it: formats, compression, narrowing, hanging up."""

import asyncio
import gzip

import pytest
from aiohttp import ClientConnectionResetError, ClientSession, ClientTimeout, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.test_utils import make_mocked_request
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from support.exposition import Exposition

from exporter.config.model import Config, Module
from exporter.metrics.self_metrics import SelfMetrics
from exporter.scrape.engine import Engine
from exporter.target import Target, parse_endpoint
from exporter.web.app import OWN_PATHS, make_app
from exporter.web.context import Options, WebContext
from exporter.web.metrics_page import accepts_gzip, send_exposition
from exporter.web.scrape_timeout import seconds_for_scrape

CLOSED = Target("127.0.0.1:1", parse_endpoint("127.0.0.1:1"), "tls", (("team", 'a "quoted" \\ one'),))


@pytest.fixture
async def serve():
    """Serve a configuration; return the URL and the watch."""
    runners, watches = [], []

    async def start(*targets, **options):
        modules = {"tls": Module("tls"), "https": Module("https")}
        metrics = SelfMetrics()
        engine = Engine(Config(modules=modules, targets=targets), metrics)

        async def reload():
            return "nothing to reload"

        site = WebContext(engine, metrics, Options(**options), reload, ready=True)
        runner = web.AppRunner(make_app(site), handler_cancellation=True, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        runners.append(runner)
        watches.append(engine)
        return f"http://127.0.0.1:{runner.addresses[0][1]}", engine

    yield start
    for runner in runners:
        await runner.cleanup()
    for engine in watches:
        engine.close()


async def get(url, **headers):
    headers = {"Accept-Encoding": "identity"} | headers
    async with ClientSession(auto_decompress=False) as session, session.get(url, headers=headers) as response:
        return response.status, response.headers, await response.read()


async def test_the_paths_of_others_are_known():
    site = WebContext(Engine(Config(), SelfMetrics()), SelfMetrics(), Options(), lambda: None)
    paths = {resource.canonical for resource in make_app(site).router.resources()}
    assert {path for path in paths if "{" not in path} == {"/", "/metrics", "/metrics/exporter", *OWN_PATHS}
    site.engine.close()


async def test_the_text_format_is_the_default(serve):
    url, _ = await serve(CLOSED)
    status, headers, body = await get(f"{url}/metrics")
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain")
    families = {family.name: family for family in parse_text(body.decode())}
    (sample,) = families["tls_probe_success"].samples
    assert sample.labels == {"target": "127.0.0.1:1", "module": "tls", "team": 'a "quoted" \\ one'}
    assert sample.value == 0
    assert families["tls_probe_failure_info"].samples[0].labels["reason"] == "refused"
    assert "tls_exporter_build_info" in families


async def test_openmetrics_when_asked_for(serve):
    url, _ = await serve(CLOSED)
    status, headers, body = await get(f"{url}/metrics", Accept="application/openmetrics-text;version=1.0.0,*/*;q=0.1")
    assert status == 200
    assert headers["Content-Type"].startswith("application/openmetrics-text")
    assert "tls_probe_success" in {family.name for family in parse_openmetrics(body.decode())}


async def test_gzip_when_asked_for(serve):
    url, _ = await serve(CLOSED)
    _, headers, body = await get(f"{url}/metrics", **{"Accept-Encoding": "gzip"})
    assert headers["Content-Encoding"] == "gzip"
    assert b"tls_probe_success{" in gzip.decompress(body)
    _, headers, body = await get(f"{url}/metrics", **{"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in headers
    assert b"tls_probe_success{" in body


async def test_the_query_narrows_the_scrape(serve):
    other = Target("127.0.0.1:2", parse_endpoint("127.0.0.1:2"), "https")
    url, _ = await serve(CLOSED, other)
    for query, shown in (
        ("?module=https", [other]),
        ("?target=127.0.0.1:1", [CLOSED]),
        ("?shard=0/1", [CLOSED, other]),
    ):
        _, _, body = await get(f"{url}/metrics{query}")
        families = {family.name: family for family in parse_text(body.decode())}
        assert [sample.labels["target"] for sample in families["tls_probe_success"].samples] == [t.name for t in shown]


@pytest.mark.parametrize("query", ["?module=nope", "?target=nope", "?shard=3", "?modul=tls"])
async def test_a_query_for_what_is_not_there_is_refused(serve, query):
    url, _ = await serve(CLOSED)
    status, _, body = await get(f"{url}/metrics{query}")
    assert status == 400
    assert b"tls_probe_success" not in body


async def test_a_client_that_hangs_up_cancels_its_probes(serve):
    ended = asyncio.Event()

    async def silent(reader, writer):
        await reader.read()
        while await reader.read():
            pass
        ended.set()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    name = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    url, engine = await serve(Target(name, parse_endpoint(name), "tls"))
    with pytest.raises(TimeoutError):
        async with ClientSession(timeout=ClientTimeout(total=0.3)) as session, session.get(f"{url}/metrics"):
            pass
    await asyncio.wait_for(ended.wait(), 3)
    assert len(engine.single_flight) == 0
    server.close()


async def test_health_readiness_and_reload(serve):
    url, _ = await serve()
    assert (await get(f"{url}/-/healthy"))[0] == 200
    assert (await get(f"{url}/-/ready"))[0] == 200
    assert (await get(f"{url}/-/reload"))[0] == 405
    async with ClientSession() as session, session.post(f"{url}/-/reload") as response:
        assert response.status == 500
        assert "nothing to reload" in await response.text()


async def test_every_path_follows_the_prefix(serve):
    url, _ = await serve(CLOSED, route_prefix="/tls", telemetry_path="/m")
    assert (await get(f"{url}/tls/m"))[0] == 200
    assert (await get(f"{url}/metrics"))[0] == 404
    assert (await get(f"{url}/tls/-/healthy"))[0] == 200


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("10", 9.5), ("60", 59.5), (None, 9.5), ("nonsense", 9.5), ("nan", 9.5), ("-1", 9.5), ("inf", 9.5), ("0.6", 0.3)],
)
def test_the_scrape_ends_before_prometheus_gives_up(header, seconds):
    assert seconds_for_scrape(header, 0.5) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("flag", "user_agent", "seconds"),
    [
        (None, "curl/8.14.1", 9.5),
        (None, "Telegraf/1.37.0 Go/1.26.0", 4.5),
        (30.0, "Telegraf/1.37.0 Go/1.26.0", 29.5),
        (30.0, None, 29.5),
    ],
)
def test_who_announces_no_timeout_gets_the_default_or_what_it_is_known_to_wait(flag, user_agent, seconds):
    assert seconds_for_scrape(None, 0.5, flag, user_agent) == pytest.approx(seconds)
    assert seconds_for_scrape("60", 0.5, flag, user_agent) == pytest.approx(59.5)


@pytest.mark.parametrize("telemetry_path", ["/metrics", "/m"])
async def test_the_exporters_own_metrics_cost_no_probe(serve, telemetry_path):
    url, _ = await serve(CLOSED, telemetry_path=telemetry_path)
    for _ in range(2):
        status, text = (await get(f"{url}{telemetry_path}/exporter"))[::2]
        assert status == 200
    series = Exposition(text.decode())
    assert series.value("tls_exporter_build_info") == 1
    assert series.value("tls_exporter_probes_total", outcome="connect") == 0
    assert series.value("tls_exporter_scrapes_total", path="exporter") == 2
    assert not series.samples("tls_probe_success")


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("", False),
        ("gzip;q=x", False),
        ("*;q=0, gzip", True),
        ("identity, *;q=0", False),
        ("*, gzip;q=0", False),
    ],
)
def test_gzip_is_sent_to_whom_accepts_it(header, accepted):
    assert accepts_gzip(header) is accepted


async def test_a_client_that_hangs_up_in_the_middle_of_its_answer_is_no_fault():
    """The connection can be on its way out before the handler is cancelled; a write then raises."""
    written = []

    class Gone(AbstractStreamWriter):
        async def write_headers(self, status_line, headers):
            pass

        async def write(self, chunk):
            written.append(chunk)
            raise ClientConnectionResetError("Cannot write to closing transport")

        async def write_eof(self, chunk=b""):
            raise ClientConnectionResetError("Cannot write to closing transport")

        async def drain(self):
            pass

        def enable_compression(self, encoding="deflate", strategy=0):
            pass

        def enable_chunking(self):
            pass

        def send_headers(self):
            pass

    request = make_mocked_request("GET", "/metrics", writer=Gone())
    response = await send_exposition(request, iter([b"one", b"two"]))
    assert response.prepared
    assert written == [b"one"]
