"""The posture in the life of the exporter: through STARTTLS, a proxy and a name, over scrapes, outages and reloads."""

import asyncio
import contextlib
from dataclasses import replace

import pytest

from exporter.config.model import Config, Module, PostureConfig, ProxyConfig, TLSConfig, Transport
from exporter.metrics.self_metrics import SelfMetrics
from exporter.scrape.engine import Engine
from exporter.scrape.report import TargetReport
from exporter.target import Target, parse_endpoint
from tests.support.programs import need
from tests.support.servers.credential import make_credential
from tests.support.servers.dovecot import dovecot
from tests.support.servers.process import free_port, serving

POSTURE = PostureConfig(refresh=600.0, pace=0.0)
WEAK = ("-cipher", "ALL:eNULL:@SECLEVEL=0", "-www")


@contextlib.contextmanager
def weak_server(folder, *options):
    credential, port = make_credential(folder), free_port()
    command = [need("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", *(options or WEAK)]
    command += ["-cert", str(credential.certificate), "-key", str(credential.key)]
    with serving(command, folder, port):
        yield port


@contextlib.asynccontextmanager
async def watching(module, *names):
    targets = tuple(Target(name, parse_endpoint(name), module.name) for name in names)
    engine = Engine(Config(modules={module.name: module}, targets=targets), SelfMetrics())
    try:
        yield engine, targets
    finally:
        engine.close()
        await engine.assessor.postures.settled()


async def scrape(engine, target, seconds=5.0) -> TargetReport:
    loop = asyncio.get_running_loop()
    return await engine.report(target, engine.config.modules[target.module], loop.time() + seconds)


async def scraped_twice(engine, target) -> TargetReport:
    await scrape(engine, target)
    await engine.assessor.postures.settled()
    return await scrape(engine, target)


def series(report, family):
    return set(report.lines.get(family, "").splitlines())


def found(report):
    return {found.finding.id for assessment in report.assessments for found in assessment.findings}


async def test_the_first_scrape_has_no_posture_and_the_second_has_all_of_it(tmp_path):
    with weak_server(tmp_path) as port:
        async with watching(Module("m", posture=POSTURE), f"localhost:{port}") as (engine, [target]):
            first = await scrape(engine, target)
            assert not series(first, "tls_version_accepted")
            await engine.assessor.postures.settled()
            second = await scrape(engine, target)
    assert len(series(second, "tls_version_accepted")) == 6
    assert len(series(second, "tls_cipher_class_accepted")) == 9
    assert len(series(second, "tls_posture_timestamp_seconds")) == 1
    assert not series(second, "tls_posture_undetermined_info")
    assert {"cipher_null", "cipher_anonymous", "tls10_accepted", "tls11_accepted"} <= found(second)


async def test_an_outage_changes_nothing_that_is_known(tmp_path):
    """The server stops: probes fail, scans fail, and every posture series and finding stays what it was."""
    with weak_server(tmp_path) as port:
        module = Module("m", timeout=1.0, posture=PostureConfig(refresh=0.0, pace=0.0))
        async with watching(module, f"localhost:{port}") as (engine, [target]):
            known = await scraped_twice(engine, target)
    async with watching(module, f"localhost:{port}") as (other, _):
        other.assessor.postures = engine.assessor.postures
        down = await scraped_twice(other, target)
        cut = await scrape(other, target, seconds=-1.0)
    assert down.failure is not None
    postures = [name for name in known.lines if name.startswith(("tls_version_a", "tls_cipher_class", "tls_group_a"))]
    assert len(postures) == 3
    for report in (down, cut):
        for family in (*postures, "tls_feature_accepted", "tls_posture_timestamp_seconds"):
            assert series(report, family) == series(known, family)
        assert found(report) >= {"cipher_null", "cipher_anonymous", "tls10_accepted"}


async def test_modules_without_posture_and_quic_are_never_scanned(tmp_path):
    with weak_server(tmp_path) as port:
        for module in (Module("m"), Module("m", posture=POSTURE, transport=Transport.QUIC, timeout=0.2)):
            async with watching(module, f"localhost:{port}") as (engine, [target]):
                report = await scraped_twice(engine, target)
                assert len(engine.assessor.postures) == 0
            assert not series(report, "tls_version_accepted")


async def test_through_starttls(tmp_path):
    with dovecot(tmp_path, make_credential(tmp_path)) as ports:
        module = Module("imap", starttls="imap", posture=POSTURE)
        async with watching(module, f"localhost:{ports['imap']}") as (engine, [target]):
            report = await scraped_twice(engine, target)
    assert len(series(report, "tls_version_accepted")) == 6
    assert not series(report, "tls_posture_undetermined_info")


async def tunnel(reader, writer, opened):
    """Serve CONNECT, and nothing else."""
    opened.append(await reader.readuntil(b"\r\n\r\n"))
    host, _, port = opened[-1].split()[1].decode().rpartition(":")
    up_reader, up_writer = await asyncio.open_connection(host, int(port))
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")

    async def pump(source, sink):
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                sink.write(data)
        sink.close()

    await asyncio.gather(pump(reader, up_writer), pump(up_reader, writer))


async def test_through_a_proxy(tmp_path):
    opened, tasks = [], set()

    async def handle(reader, writer):
        tasks.add(asyncio.current_task())
        await tunnel(reader, writer, opened)

    proxy = await asyncio.start_server(handle, "127.0.0.1", 0)
    proxy_port = proxy.sockets[0].getsockname()[1]
    with weak_server(tmp_path) as port:
        module = Module("m", proxy=ProxyConfig("http", "127.0.0.1", proxy_port), posture=POSTURE)
        async with watching(module, f"localhost:{port}") as (engine, [target]):
            report = await scraped_twice(engine, target)
    proxy.close()
    await asyncio.gather(*tasks)
    await asyncio.sleep(0.01)
    assert len(series(report, "tls_version_accepted")) == 6
    assert len(opened) > 15, "every hello went through the proxy"


async def test_the_server_name_goes_with_every_hello(tmp_path):
    """A server that refuses everybody who names another host answers all of a scan or nothing."""
    options = (*WEAK, "-servername", "right.example", "-servername_fatal")
    second = make_credential(tmp_path)
    options += ("-cert2", str(second.certificate), "-key2", str(second.key))
    seen = {}
    with weak_server(tmp_path, *options) as port:
        for name in ("right.example", "wrong.example"):
            module = Module("m", tls_config=TLSConfig(server_name=name), posture=POSTURE)
            async with watching(module, f"127.0.0.1:{port}") as (engine, [target]):
                seen[name] = await scraped_twice(engine, target)
    assert len(series(seen["right.example"], "tls_version_accepted")) == 6
    wrong = seen["wrong.example"]
    assert not series(wrong, "tls_version_accepted"), "a refusal for the name says nothing of versions"
    assert 'check="tls12",reason="no_baseline"' in wrong.lines["tls_posture_undetermined_info"]


async def test_one_slot_of_an_address_is_enough(tmp_path):
    """With one connection at a time, probes and scans take turns and none waits for ever."""
    with weak_server(tmp_path) as port:
        config_module = Module("m", posture=POSTURE)
        async with watching(config_module, f"localhost:{port}") as (engine, [target]):
            limits = replace(engine.config.global_, per_address_concurrency=1)
            engine.apply(replace(engine.config, global_=limits))
            await scrape(engine, target)
            reports = await asyncio.gather(*(scrape(engine, target) for _ in range(3)))
            await engine.assessor.postures.settled()
            async with asyncio.timeout(10):
                while len(engine.prober.slots):  # a connection that is being left holds its slot
                    await asyncio.sleep(0.01)
            last = await scrape(engine, target)
    assert all(report.failure is None for report in reports)
    assert len(series(last, "tls_version_accepted")) == 6


@pytest.mark.parametrize("active", [False, True])
async def test_active_checks_run_only_where_asked_for(active, tmp_path):
    with weak_server(tmp_path) as port:
        module = Module("m", posture=PostureConfig(active_checks=active, pace=0.0))
        async with watching(module, f"localhost:{port}") as (engine, [target]):
            report = await scraped_twice(engine, target)
    assert len(series(report, "tls_vulnerable")) == (3 if active else 0)
