"""DNS that lies, hangs, floods or breaks: each name has its reason in time, and nobody else waits for it."""

import asyncio
import contextlib
import socket
import threading
import time

import pytest
from hostile.revocable import Endpoints, Honest, leaf_naming
from support.exporter_process import ROOT, running_exporter

from exporter.config.model import Module
from exporter.demo.gallery import Gallery
from exporter.demo.scenario import Scenario, Seen
from exporter.demo.servers import Endpoint
from exporter.net.http_fetch import LOOKUP_THREADS
from exporter.net.limiter import KeyedLimiter, Limiter
from exporter.net.limits import MAX_ADDRESSES
from exporter.net.reason import Reason
from exporter.net.resolve import RESOLVER_THREADS, Resolver
from exporter.probe.prober import Prober
from exporter.probe.result import Phase
from exporter.probe.runner import probe
from exporter.target import Target, parse_endpoint

MODULE = Module("tls")
SECONDS = 1.5


@pytest.fixture(scope="module")
def port():
    with Gallery([Scenario("good", "Good.", Endpoint(), Seen())]) as gallery:
        yield gallery.ports["good"]


def target(host, port=443):
    name = f"{host}:{port}"
    return Target(name, parse_endpoint(name), "tls")


def ip4(address, port=443):
    return socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)


async def probe_with(lookup, *targets, seconds=SECONDS, threads=RESOLVER_THREADS):
    """Probe targets at once with names that a function resolves; return their results."""
    resolver = Resolver(lookup, threads)
    prober = Prober(KeyedLimiter(100), Limiter(1000), resolver)
    deadline = asyncio.get_running_loop().time() + seconds
    try:
        async with asyncio.timeout(seconds + 10):
            results = await asyncio.gather(*(probe(prober, one, MODULE, deadline) for one in targets))
    finally:
        resolver.close()
    return [result for (result,) in results]


def raising(error):
    def lookup(*_):
        raise error

    return lookup


@pytest.mark.parametrize(
    ("lookup", "reason"),
    [
        (raising(socket.gaierror(socket.EAI_NONAME, "Name or service not known")), Reason.NO_ADDRESS),
        (raising(socket.gaierror(socket.EAI_AGAIN, "Temporary failure")), Reason.NO_ADDRESS),
        (raising(socket.gaierror(socket.EAI_FAIL, "Non-recoverable failure")), Reason.NO_ADDRESS),
        (raising(OSError(24, "Too many open files")), Reason.NO_ADDRESS),
        (raising(UnicodeError("label too long")), Reason.NO_ADDRESS),
        (raising(MemoryError()), Reason.INTERNAL_ERROR),
        (lambda *_: [], Reason.NO_ADDRESS),
        (lambda *_: [(socket.AF_UNIX, 1, 0, "", "/run/x.sock")], Reason.NO_ADDRESS),
        (lambda *_: [(99, 1, 0, "", ("1.2.3.4", 443))], Reason.NO_ADDRESS),
        (lambda *_: [ip4("not an address")], None),
        (lambda *_: [(socket.AF_INET, 1, 6, "", ())], Reason.INTERNAL_ERROR),
        (lambda *_: "nonsense", Reason.INTERNAL_ERROR),
    ],
)
async def test_a_broken_answer_is_a_failure_of_that_target(lookup, reason, port):
    """Nothing is raised, whatever a resolver returns, and an address beside it is probed as ever."""
    broken, good = await probe_with(lookup, target("broken.example"), target("127.0.0.1", port))
    assert not broken.success
    assert broken.failure.phase in (Phase.RESOLVE, Phase.CONNECT)
    if reason is not None:
        assert broken.failure.reason is reason
    assert broken.failure.detail.isprintable()
    assert good.success


async def test_five_hundred_addresses_are_cut(port):
    """A name with 500 addresses where nobody listens: some are tried, and the deadline holds."""
    seen = []

    def lookup(*_):
        answers = [ip4(f"127.1.{number // 250}.{number % 250 + 1}", 1) for number in range(500)]
        seen.append(len(answers))
        return answers

    (result,) = await probe_with(lookup, target("many.example"))
    assert seen == [500]
    assert result.failure.phase is Phase.CONNECT
    assert result.failure.reason is Reason.REFUSED
    resolver = Resolver(lookup)
    addresses = await resolver.resolve("many.example", 1, MODULE.ip_protocol, asyncio.get_running_loop().time() + 5)
    resolver.close()
    assert len(addresses) == MAX_ADDRESSES


async def test_the_living_address_is_found_among_dead_ones(port):
    def lookup(*_):
        return [*(ip4(f"127.1.1.{number}", port) for number in range(1, 20)), ip4("127.0.0.1", port)]

    (result,) = await probe_with(lookup, target("mixed.example", port), seconds=8)
    assert result.success
    assert result.address == "127.0.0.1"


async def test_names_that_hang_hold_up_nobody_but_themselves(port):
    """As many names hang as there are threads, and two more: addresses are probed all the while.

    When the resolver answers again, so does everything: the threads are free, and nothing is remembered.
    """
    answer = threading.Event()

    def lookup(host, wanted_port, *_):
        if host.startswith("hangs"):
            answer.wait(30)
        return [ip4("127.0.0.1", wanted_port)]

    threads = RESOLVER_THREADS
    resolver = Resolver(lookup)
    prober = Prober(KeyedLimiter(100), Limiter(1000), resolver)
    loop = asyncio.get_running_loop()

    async def results(*targets):
        deadline = loop.time() + SECONDS
        return [one for (one,) in await asyncio.gather(*(probe(prober, t, MODULE, deadline) for t in targets))]

    try:
        hanging = [target(f"hangs-{number}.example", port) for number in range(threads + 2)]
        *stuck, starved, literal = await results(*hanging, target("other.example", port), target("127.0.0.1", port))
        assert literal.success
        for result in (*stuck, starved):
            assert (result.failure.phase, result.failure.reason) == (Phase.RESOLVE, Reason.TIMEOUT)
        answer.set()
        for result in await results(*hanging, target("other.example", port)):
            assert result.success
    finally:
        answer.set()
        resolver.close()


# for a process of its own, which reads it when it starts
HANGING_NAMES = """
import pathlib, socket, time

look_up = socket.getaddrinfo


def hangs(host, *rest, **more):
    if str(host).endswith(".hangs.example"):
        while not pathlib.Path({answers!r}).exists():
            time.sleep(0.05)
        host = "127.0.0.1"
    return look_up(host, *rest, **more)


socket.getaddrinfo = hangs
"""


def test_a_reload_and_pages_do_not_wait_for_names_that_hang(tmp_path):
    """More names hang than there are threads, of targets and of responders; then they are known again, and used."""
    answers = tmp_path / "answers"
    (tmp_path / "sitecustomize.py").write_text(HANGING_NAMES.format(answers=str(answers)))
    hosts = {f"responder-{number}": Honest() for number in range(LOOKUP_THREADS + 4)}
    hanging = [f"target-{number}" for number in range(RESOLVER_THREADS + 4)]
    with contextlib.ExitStack() as stack:
        scenarios = [Scenario(name, "Honest.", host.script, Seen()) for name, host in hosts.items()]
        gallery = stack.enter_context(Gallery([*scenarios, Scenario("good", "Good.", Endpoint(), Seen())]))
        endpoints = Endpoints(stack, tmp_path)
        for name in hanging:
            endpoints.add(name, f"{name}.hangs.example:{gallery.ports['good']}")
        for name, host in hosts.items():
            one = leaf_naming(ocsp=f"{name}.hangs.example:{gallery.ports[name]}")
            host.speak_of(one)
            endpoints.serve(name, one, refresh="1s")
        environment = {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
        exporter = stack.enter_context(running_exporter(config_file=endpoints.write(), environment=environment))
        first = exporter.scrape(timeout=4)
        for name in hanging:
            assert first.failure(host=name) == ("resolve", "timeout")
        for name in hosts:
            assert first.value("tls_probe_success", host=name) == 1
        busy = exporter.scrape("?shard=0/100000").value("tls_exporter_resolver_busy_total")
        assert busy == len(hanging)
        assert exporter.log.count("all resolver threads are busy") == 1
        assert exporter.reload().status == 200
        assert exporter.request("/").status == 200
        answers.touch()
        ends = time.monotonic() + 20
        while len((last := exporter.scrape(timeout=4)).values("tls_certificate_revoked")) < len(hosts):
            assert time.monotonic() < ends
            time.sleep(0.2)
        assert last.values("tls_certificate_revoked") == [0] * len(hosts)
        assert last.values("tls_probe_success") == [1] * (len(hanging) + len(hosts))
        assert last.value("tls_exporter_resolver_busy_total") >= busy
        after = exporter.scrape(timeout=4).value("tls_exporter_resolver_busy_total")
        assert exporter.scrape(timeout=4).value("tls_exporter_resolver_busy_total") == after
        assert "Traceback" not in exporter.log
