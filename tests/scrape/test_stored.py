"""Files under the scrape: their series and findings, read only when changed, one failed target for each bad one."""

import asyncio
import os
import threading
from dataclasses import replace

import pytest
from aiohttp import web
from support.exposition import Exposition

from exporter.config.model import Config, FileGroup, Module, TLSConfig
from exporter.findings.serving import expected_of
from exporter.metrics.exposition import pages
from exporter.metrics.self_metrics import SelfMetrics
from exporter.scrape import scrape, stored_sources
from exporter.scrape.engine import Engine
from exporter.scrape.selection import Selection
from exporter.web.chain_view import links
from tests.support.pki import DAY, NOW, intermediate, leaf, pem, root

TOP = root()
MIDDLE = intermediate(TOP)
LEAF = leaf(MIDDLE)
GOOD = pem(LEAF.der) + pem(MIDDLE.der)


def write(path, data, *, age=60):
    path.write_bytes(data)
    past = path.stat().st_mtime - age
    os.utime(path, (past, past))


@pytest.fixture
def config(tmp_path):
    write(tmp_path / "root.crt", pem(TOP.der))
    module = Module("tls", tls_config=TLSConfig(ca_file=str(tmp_path / "root.crt")))
    group = FileGroup((f"{tmp_path}/*.pem",), labels=(("team", "web"),))
    return Config(modules={"tls": module}, file_groups=(group,))


@pytest.fixture
def engine(config):
    engine = Engine(config, SelfMetrics())
    yield engine
    engine.close()


async def seen(engine, seconds=30, **selection):
    lines = await scrape(engine, Selection(**selection), asyncio.get_running_loop().time() + seconds)
    return Exposition(b"".join(pages("", lines, [])).decode())


async def test_a_file_has_the_series_of_an_endpoint(engine, tmp_path):
    write(tmp_path / "a.pem", GOOD)
    exposition = await seen(engine)
    labels = {"target": f"file:{tmp_path}/a.pem", "module": "tls", "team": "web"}
    assert exposition.value("tls_probe_success", **labels) == 1
    assert exposition.value("tls_probe_reachable", **labels) == 1
    assert exposition.value("tls_certificate_trusted", verifier="openssl", **labels) == 1
    assert [one.labels["position"] for one in exposition.samples("tls_certificate_info", **labels)] == ["0", "1"]
    assert exposition.value("tls_certificate_not_after_timestamp_seconds", position="0", **labels) == NOW + 80 * DAY
    assert exposition.findings() == set()
    assert len(engine.config.targets) == len(engine.history) == 1


async def test_bad_files_are_failed_targets_and_nothing_else(engine, tmp_path):
    write(tmp_path / "a.pem", GOOD)
    write(tmp_path / "half.pem", GOOD[:300])
    write(tmp_path / "empty.pem", b"")
    os.mkfifo(tmp_path / "pipe.pem")
    exposition = await seen(engine)
    reasons = {
        one.labels["target"].rpartition("/")[2]: (one.labels["phase"], one.labels["reason"])
        for one in exposition.samples("tls_probe_failure_info")
    }
    assert reasons == {
        "half.pem": ("read", "truncated"),
        "empty.pem": ("read", "empty"),
        "pipe.pem": ("read", "not_a_file"),
    }
    assert sum(exposition.values("tls_probe_success")) == 1
    assert exposition.values("tls_finding") == []


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"not_after": NOW - DAY}, "certificate_expired"),
        ({"not_before": NOW + DAY}, "certificate_not_yet_valid"),
        ({"digest": "sha1"}, "certificate_weak_signature"),
        ({"serial": -1}, "certificate_malformed"),
    ],
)
async def test_files_have_the_findings_of_endpoints(engine, tmp_path, changes, finding):
    write(tmp_path / "a.pem", pem(leaf(MIDDLE, **changes).der) + pem(MIDDLE.der))
    assert finding in (await seen(engine)).findings()


async def test_a_chain_is_judged_as_a_server_would_send_it(engine, tmp_path):
    write(tmp_path / "alone.pem", pem(LEAF.der))
    write(tmp_path / "self.pem", pem(leaf(None, "CN=self").der))
    exposition = await seen(engine)
    assert exposition.findings(target=f"file:{tmp_path}/self.pem") == {"certificate_self_signed"}
    assert exposition.findings(target=f"file:{tmp_path}/alone.pem") == {"certificate_chain_incomplete"}


async def test_a_bundle_of_authorities_is_no_chain(engine, tmp_path):
    """Roots are signed by themselves and by nobody else; one that has expired counts."""
    write(tmp_path / "bundle.pem", pem(TOP.der) + pem(root("CN=Old", digest="sha1").der) + pem(MIDDLE.der))
    write(tmp_path / "old.pem", pem(TOP.der) + pem(root("CN=Old", not_after=NOW - DAY).der))
    exposition = await seen(engine)
    assert exposition.findings(target=f"file:{tmp_path}/bundle.pem") == set()
    assert exposition.findings(target=f"file:{tmp_path}/old.pem") == {"certificate_expired"}
    assert exposition.samples("tls_certificate_trusted", target=f"file:{tmp_path}/bundle.pem") == []


async def test_a_file_is_read_again_only_when_it_changed(engine, tmp_path, monkeypatch):
    reads = []
    read_file = stored_sources.read_file
    monkeypatch.setattr(
        stored_sources, "read_file", lambda path, password: reads.append(path) or read_file(path, password)
    )
    for name in "ab":
        write(tmp_path / f"{name}.pem", GOOD)
    first = await seen(engine)
    again = await seen(engine)
    assert len(reads) == 2
    assert again.text == first.text
    write(tmp_path / "a.pem", pem(leaf(MIDDLE).der) + pem(MIDDLE.der), age=30)
    assert (await seen(engine)).text != first.text
    assert reads[2:] == [f"{tmp_path}/a.pem"]


async def test_a_folder_may_change_under_the_scrape(engine, tmp_path):
    write(tmp_path / "a.pem", GOOD)
    assert len((await seen(engine)).values("tls_probe_success")) == 1
    write(tmp_path / "b.pem", GOOD)
    assert len((await seen(engine)).values("tls_probe_success")) == 2
    (tmp_path / "a.pem").unlink()
    exposition = await seen(engine)
    assert {one.labels["target"] for one in exposition.samples("tls_probe_success")} == {f"file:{tmp_path}/b.pem"}
    assert len(engine.history) == len(engine.last) == 1


async def test_the_clock_alone_makes_findings(config, tmp_path):
    now = NOW
    engine = Engine(config, SelfMetrics(), clock=lambda: now)
    write(tmp_path / "a.pem", GOOD)
    assert "certificate_expired" not in (await seen(engine)).findings()
    now = NOW + 81 * DAY
    assert "certificate_expired" in (await seen(engine)).findings()
    engine.close()


async def test_a_reload_keeps_what_was_read(engine, config, tmp_path, monkeypatch):
    write(tmp_path / "a.pem", GOOD)
    first = await seen(engine)
    monkeypatch.setattr(stored_sources, "read_file", None)
    engine.apply(replace(config, targets=()))
    assert [target.name for target in engine.config.targets] == [f"file:{tmp_path}/a.pem"]
    assert (await seen(engine)).text == first.text
    engine.apply(replace(config, file_groups=()))
    assert engine.config.targets == ()
    assert (await seen(engine)).values("tls_probe_success") == []


async def test_one_file_can_be_asked_for(engine, tmp_path):
    for name in "ab":
        write(tmp_path / f"{name}.pem", GOOD)
    exposition = await seen(engine, targets=(f"file:{tmp_path}/b.pem",))
    assert [one.labels["target"] for one in exposition.samples("tls_probe_success")] == [f"file:{tmp_path}/b.pem"]


async def test_a_file_system_that_hangs_costs_its_files_alone(engine, tmp_path, monkeypatch):
    """What is not read in time is a timeout, and is there at the next scrape."""
    released, read_file = threading.Event(), stored_sources.read_file

    def hang(path, password):
        if path.endswith("b.pem"):
            released.wait()
        return read_file(path, password)

    monkeypatch.setattr(stored_sources, "read_file", hang)
    for name in "abc":
        write(tmp_path / f"{name}.pem", GOOD)
    exposition = await seen(engine, seconds=0.5)
    assert exposition.failure(target=f"file:{tmp_path}/b.pem") == ("read", "timeout")
    assert exposition.failure(target=f"file:{tmp_path}/a.pem") is None
    released.set()
    exposition = await seen(engine)
    assert exposition.values("tls_probe_success") == [1, 1, 1]


async def test_scrapes_at_once_share_one_look(engine, tmp_path, monkeypatch):
    reads = []
    read_file = stored_sources.read_file
    monkeypatch.setattr(
        stored_sources, "read_file", lambda path, password: reads.append(path) or read_file(path, password)
    )
    write(tmp_path / "a.pem", GOOD)
    expositions = await asyncio.gather(*(seen(engine) for _ in range(5)))
    assert len({exposition.text for exposition in expositions}) == 1
    assert len(reads) == 1


def test_what_is_expected_of_an_endpoint_names_its_place(engine):
    expected = expected_of(engine.assessor.chains.certificate(LEAF.der), "file:/a.pem", 1.0)
    assert (expected.place, expected.names, expected.since) == ("file:/a.pem", {"example.com"}, 1.0)


async def test_what_is_excluded_is_left_out(config, tmp_path):
    group = replace(config.file_groups[0], exclude=(f"{tmp_path}/privkey*.pem",))
    engine = Engine(replace(config, file_groups=(group,)), SelfMetrics())
    write(tmp_path / "cert.pem", GOOD)
    write(tmp_path / "privkey1.pem", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    exposition = await seen(engine)
    assert [one.labels["target"] for one in exposition.samples("tls_probe_success")] == [f"file:{tmp_path}/cert.pem"]
    engine.close()


@pytest.fixture
async def served():
    """Serve documents by their paths; yields them, the requests that came, and the address."""
    documents, requests = {}, []

    async def answer(request):
        requests.append(request.path)
        body = documents.get(request.path)
        return web.Response(status=404) if body is None else web.Response(body=body)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield documents, requests, f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
    await runner.cleanup()


async def test_a_url_is_read_like_a_file_and_no_more_often_than_it_may(config, served):
    documents, requests, address = served
    documents["/ca.pem"] = GOOD
    urls = (f"{address}/ca.pem", f"{address}/none.pem", "http://127.0.0.1:1/a.pem")
    group = FileGroup(urls=urls, refresh=3600)
    engine = Engine(replace(config, file_groups=(group,)), SelfMetrics())
    for _ in range(3):
        exposition = await seen(engine)
    assert exposition.value("tls_probe_success", target=f"file:{urls[0]}") == 1
    assert exposition.failure(target=f"file:{urls[1]}") == ("read", "not_found")
    assert exposition.failure(target=f"file:{urls[2]}") == ("read", "refused")
    assert sorted(requests) == ["/ca.pem", "/none.pem"]
    engine.close()


async def test_a_url_that_is_due_has_its_new_certificate_at_a_later_scrape(config, served):
    documents, _, address = served
    documents["/ca.pem"] = GOOD
    group = FileGroup(urls=(f"{address}/ca.pem",), refresh=0)
    engine = Engine(replace(config, file_groups=(group,)), SelfMetrics())
    first = await seen(engine)
    documents["/ca.pem"] = pem(TOP.der)
    async with asyncio.timeout(20):
        while (await seen(engine)).samples("tls_certificate_info") == first.samples("tls_certificate_info"):
            await asyncio.sleep(0.01)
    engine.close()


async def test_the_page_of_a_file_names_the_entries(engine, tmp_path):
    text = f"friendlyName: <b>web\n{pem(LEAF.der).decode()}friendlyName: more\n{pem(TOP.der).decode()}"
    write(tmp_path / "a.pem", text.encode())
    await seen(engine)
    (assessment,) = engine.last[engine.config.targets[0]].assessments
    roles = [(link.kind, link.role) for link in links(assessment.observation, NOW)]
    assert roles == [("leaf", "leaf, in the entry <b>web"), ("root", "root, in the entry more")]
