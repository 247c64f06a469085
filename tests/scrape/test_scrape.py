"""Which targets a scrape is about, and that none is left out of its answer."""

import asyncio

import pytest

from exporter.config.model import Config, GlobalConfig, Module
from exporter.metrics.self_metrics import SelfMetrics
from exporter.net.reason import Reason
from exporter.scrape import reports_of
from exporter.scrape.engine import Engine
from exporter.scrape.selection import Selection, SelectionError, in_shard, parse_shard, selected
from exporter.target import Target, parse_endpoint


def target(name, module="tls", **labels):
    return Target(name, parse_endpoint(name), module, tuple(labels.items()))


def configuration(*targets, **settings):
    modules = {"tls": Module("tls", timeout=2), "https": Module("https", timeout=2)}
    return Config(global_=GlobalConfig(**settings), modules=modules, targets=targets)


CONFIG = configuration(target("a.example:1"), target("b.example:2", "https"), target("a.example:1", team="x"))


def test_everything_is_selected_by_default():
    assert selected(CONFIG, Selection()) == list(CONFIG.targets)


def test_modules_and_names_narrow_the_selection():
    assert selected(CONFIG, Selection(modules=("https",))) == [CONFIG.targets[1]]
    assert selected(CONFIG, Selection(targets=("a.example:1",))) == [CONFIG.targets[0], CONFIG.targets[2]]
    assert selected(CONFIG, Selection(modules=("https",), targets=("a.example:1",))) == []


def test_what_is_not_configured_is_an_error():
    with pytest.raises(SelectionError, match="unknown module 'nope'"):
        selected(CONFIG, Selection(modules=("nope",)))
    with pytest.raises(SelectionError, match=r"'c\.example' is not configured"):
        selected(CONFIG, Selection(targets=("c.example",)))


@pytest.mark.parametrize("count", [1, 2, 3, 7])
@pytest.mark.parametrize("first", [0, 1])
def test_every_target_is_in_exactly_one_shard(count, first):
    targets = [target(f"host{number}.example:443") for number in range(200)]
    for one in targets:
        assert sum(in_shard(one, index, count) for index in range(first, first + count)) == 1


def test_a_shard_does_not_depend_on_the_other_targets():
    """So a reload that adds targets moves none of the others to another exporter."""
    assert in_shard(target("a.example:1"), 0, 2) == in_shard(target("a.example:1", "https", team="x"), 0, 2)


@pytest.mark.parametrize("text", ["", "1", "1/", "/2", "a/2", "3/2", "1/0", "-1/2", "1/2/3", "٣/4", "1/" + "9" * 40])
def test_a_bad_shard_is_refused(text):
    with pytest.raises(SelectionError):
        parse_shard(text)


async def test_every_target_is_in_the_answer_even_when_the_deadline_has_passed():
    config = configuration(*(target(f"127.0.0.1:{port}") for port in range(1, 9)))
    engine = Engine(config, SelfMetrics())
    reports = await reports_of(engine, config, config.targets, asyncio.get_running_loop().time() - 1)
    assert [report.target for report in reports] == list(config.targets)
    assert {report.failure.reason for report in reports} == {Reason.TIMEOUT}
    engine.close()


async def test_silent_targets_do_not_hold_up_the_others_or_the_deadline():
    async def silent(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    silent_ones = [target(f"127.0.0.1:{port}", number=str(number)) for number in range(20)]
    closed = [target(f"127.0.0.1:{number}") for number in range(1, 30)]
    config = configuration(*silent_ones, *closed, concurrency=30, per_address_concurrency=30)
    engine = Engine(config, SelfMetrics())
    loop = asyncio.get_running_loop()
    deadline = loop.time() + 6
    reports = await reports_of(engine, config, config.targets, deadline)
    assert loop.time() < deadline
    reasons = [report.failure.reason for report in reports]
    assert reasons == [Reason.TIMEOUT] * 20 + [Reason.REFUSED] * 29
    assert reports[0].failure.phase == "handshake"
    server.close()
    engine.close()


async def test_an_internal_error_costs_one_target_and_is_counted():
    def broken(*_, **__):
        raise ZeroDivisionError("a bug")

    config = configuration(target("127.0.0.1:1"), target("127.0.0.2:1"))
    metrics = SelfMetrics()
    engine = Engine(config, metrics)
    assess = engine.assessor.assess
    engine.assessor.assess = lambda prober, one, *rest, **options: (broken if one.name == "127.0.0.1:1" else assess)(
        prober, one, *rest, **options
    )
    reports = await reports_of(engine, config, config.targets, asyncio.get_running_loop().time() + 5)
    assert [report.failure.reason for report in reports] == [Reason.INTERNAL_ERROR, Reason.REFUSED]
    assert metrics.registry.get_sample_value("tls_exporter_probe_faults_total") == 1
    engine.close()


async def test_many_names_on_one_address_wait_for_their_turn_beyond_the_module_timeout():
    """A polite client asks one address few times at once; to wait for the others must not count as a timeout."""

    async def slow(reader, writer):
        await reader.read(1)
        await asyncio.sleep(0.3)
        writer.close()

    server = await asyncio.start_server(slow, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    targets = [target(f"127.0.0.1:{port}", number=str(number)) for number in range(24)]
    config = configuration(*targets, per_address_concurrency=2)  # 24 probes of 0.3 s take 3.6 s, the timeout is 2 s
    engine = Engine(config, SelfMetrics())
    reports = await reports_of(engine, config, targets, asyncio.get_running_loop().time() + 20)
    assert {report.failure.reason for report in reports} == {Reason.CLOSED}
    server.close()
    engine.close()


async def test_a_scrape_with_little_time_does_not_end_the_probe_of_another():
    """An untrusted client that announces a tiny timeout must not make the targets of everybody else time out."""
    serving = set()

    async def slow(reader, writer):
        serving.add(asyncio.current_task())
        await reader.read(1)
        await asyncio.sleep(0.8)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(slow, "127.0.0.1", 0)
    one = target(f"127.0.0.1:{server.sockets[0].getsockname()[1]}")
    config = configuration(one)
    engine = Engine(config, SelfMetrics())
    now = asyncio.get_running_loop().time()
    short, long = (reports_of(engine, config, [one], now + seconds) for seconds in (0.2, 10))
    superseded, patient = await asyncio.gather(short, long)
    assert [report.failure.reason for report in (*superseded, *patient)] == [Reason.TIMEOUT, Reason.CLOSED]
    assert len(engine.single_flight) == 0
    server.close()
    await asyncio.gather(*serving, return_exceptions=True)
    engine.close()
