"""Hosts of revocation that are hostile, all named by certificates that one exporter watches at once.

For each the right reason and no verdict; meanwhile no scrape waits for them, their targets and all others are seen as
they are, and memory and descriptors are back where they were.
"""

import contextlib
import socket
import threading
import time
from dataclasses import dataclass

import pytest
from hostile.responders import RESPONDERS, redirects
from hostile.revocable import Endpoints, Honest, leaf_naming
from support.exporter_process import ExporterProcess, running_exporter
from support.exposition import Exposition

from exporter.demo.gallery import Gallery
from exporter.demo.scenario import Scenario, Seen
from exporter.demo.scripts import Hold
from exporter.revocation.checker import CONCURRENCY
from tests.support.servers.namespace import also_here, own_network

HONEST = 10
SILENT_LISTS = 20  # more than are fetched at once
PATIENCE_SECONDS = 120
SCRAPE_SECONDS = 60  # far beyond any scrape, however busy the machine
FURTHER_SCRAPES = 10  # in which the responders with a short refresh are asked again and again
GROWTH_KIB = 32 * 1024  # two lists of the size that is allowed
PEAK_KIB = 512 * 1024


@dataclass(frozen=True)
class Siege:
    """One exporter, what its last scrape said, how many targets its deadlines cut, and what it was before and after."""

    exporter: ExporterProcess
    last: Exposition
    cut: float  # targets that were not finished when a scrape's deadline came
    resident_kib: tuple[int, int]
    descriptors: tuple[int, int]


def besieged(stack, folder):
    """Start all hosts and endpoints; return the configuration that watches them."""
    honest = {f"honest-{number}": Honest() for number in range(HONEST)}
    silent = [f"silent-{number}" for number in range(SILENT_LISTS)]
    scenarios = [Scenario(one.name, "Hostile.", one.script, Seen()) for one in RESPONDERS]
    scenarios += [Scenario(name, "Silent.", (Hold(),), Seen()) for name in silent]
    scenarios += [Scenario(name, "Honest.", host.script, Seen()) for name, host in honest.items()]
    ports = stack.enter_context(Gallery(scenarios)).ports
    hosts = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    endpoints = Endpoints(stack, folder)
    for name in silent:
        endpoints.serve(name, leaf_naming(crl=hosts[name]))
    for one in RESPONDERS:
        endpoints.serve(one.name, leaf_naming(hosts[one.name], None if one.drips else hosts[one.name]), refresh="1s")
    for name, host in honest.items():
        one = leaf_naming(hosts[name], hosts[name])
        host.speak_of(one)
        endpoints.serve(name, one, refresh="1s")
    return endpoints.write()


def failures(scraped):
    found = scraped.samples("tls_revocation_failure_info")
    return {(sample.labels["host"], sample.labels["source"]): sample.labels["reason"] for sample in found}


def expected_failures():
    for one in RESPONDERS:
        yield one.name, "responder"
        if not one.drips:
            yield one.name, "crl"


@pytest.fixture(scope="module")
def siege(tmp_path_factory):
    with contextlib.ExitStack() as stack:
        config_file = besieged(stack, tmp_path_factory.mktemp("siege"))
        exporter = stack.enter_context(running_exporter(config_file=config_file))

        def scrape_until(done):
            """Scrape until `done(scrapes, last)`; return the last one, the least memory, the fewest descriptors."""
            memory, descriptors = [], []
            ends = time.monotonic() + PATIENCE_SECONDS
            number = 0
            while True:
                number += 1
                scraped = exporter.scrape(timeout=SCRAPE_SECONDS)
                memory.append(exporter.resident_kib())
                descriptors.append(exporter.descriptors())
                if done(number, scraped):
                    return scraped, min(memory), min(descriptors)
                assert time.monotonic() < ends, "what was waited for never came"
                time.sleep(0.3)  # between two looks

        wanted = {*expected_failures()}
        scrape_until(lambda _, scraped: wanted <= failures(scraped).keys())
        _, *before = scrape_until(lambda number, _: number == FURTHER_SCRAPES)
        # Memory is compared at its quietest moment; neighbours that slow the process down only make it come later.
        last, *after = scrape_until(
            lambda number, _: number >= FURTHER_SCRAPES and exporter.resident_kib() - before[0] < GROWTH_KIB
        )
        cut = last.value("tls_exporter_scrape_targets_cut_total")
        yield Siege(exporter, last, cut, (before[0], after[0]), (before[1], after[1]))


def test_there_are_enough_ways_to_be_a_hostile_responder():
    assert len({one.name for one in RESPONDERS}) == len(RESPONDERS) >= 60


@pytest.mark.parametrize("responder", RESPONDERS, ids=lambda responder: responder.name)
def test_a_hostile_responder_gives_a_reason_and_no_verdict(siege, responder):
    """The endpoint itself is seen as ever."""
    about = {"host": responder.name}
    for source in ("responder",) if responder.drips else ("responder", "crl"):
        assert failures(siege.last).get((responder.name, source)) == responder.reason
    for name in ("tls_certificate_revoked", "tls_ocsp_status_info", "tls_ocsp_next_update_timestamp_seconds"):
        assert siege.last.samples(name, **about) == []
    assert siege.last.value("tls_probe_success", **about) == 1
    assert siege.last.value("tls_certificate_trusted", verifier="openssl", **about) == 1
    assert "certificate_revoked" not in siege.last.findings(**about)


def test_the_honest_are_heard_though_many_hosts_are_silent(siege):
    for number in range(HONEST):
        about = {"host": f"honest-{number}"}
        assert siege.last.samples("tls_revocation_failure_info", **about) == []
        assert siege.last.value("tls_certificate_revoked", source="responder", **about) == 0
        assert siege.last.value("tls_certificate_revoked", source="crl", **about) == 0


def test_no_scrape_waits_for_a_responder(siege):
    """The silent ones never answer: a scrape that waited for one would be cut by its deadline."""
    assert siege.cut == 0


def test_nothing_was_the_exporters_own_fault(siege):
    assert siege.last.value("tls_exporter_probe_faults_total") == 0
    assert "Traceback" not in siege.exporter.log
    assert "never retrieved" not in siege.exporter.log


def test_memory_and_descriptors_are_back_where_they_were(siege):
    """Except for what is in flight at any moment."""
    assert siege.resident_kib[1] - siege.resident_kib[0] < GROWTH_KIB, siege.resident_kib
    assert siege.descriptors[1] <= siege.descriptors[0] + 2 * CONCURRENCY, siege.descriptors
    assert siege.exporter.peak_kib() < PEAK_KIB


METADATA = "169.254.169.254"
FAR = "192.0.2.1"  # an address of this machine that is not loopback
INNER_PORT = 8000


class Trap:
    """A listener that nobody may connect to; it counts who does."""

    def __init__(self, stack, address, port):
        self.connections = 0
        self._listener = stack.enter_context(socket.create_server((address, port)))
        stack.callback(self._listener.shutdown, socket.SHUT_RDWR)
        threading.Thread(target=self._accept, daemon=True).start()
        with socket.create_connection((address, port)) as connection:
            assert connection.recv(1) == b""
        assert self.connections == 1

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                connection.close()


def test_neither_metadata_nor_the_inner_machine_is_connected_to(tmp_path):
    """In a network where both would answer. An endpoint that is not on loopback cannot have loopback asked."""
    inner = ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "0.0.0.0")
    metadata = (METADATA, "2852039166", f"[::ffff:{METADATA}]")
    hosts = {f"inner-{n}": f"{host}:{INNER_PORT}" for n, host in enumerate(inner)}
    hosts |= {f"metadata-{n}": host for n, host in enumerate(metadata)}
    in_one_number = {"inner-2", "metadata-1"}  # no such name, as aiohttp has it
    in_one_number |= {f"redirects-to-{name}" for name in in_one_number}
    redirecting = [redirects(f"redirects-to-{name}", "", f"http://{host}/".encode()) for name, host in hosts.items()]
    with own_network(), contextlib.ExitStack() as stack:
        also_here(METADATA, FAR)
        traps = Trap(stack, METADATA, 80), Trap(stack, "127.0.0.1", INNER_PORT)
        scenarios = [Scenario(one.name, "Hostile.", one.script, Seen(), bind=FAR) for one in redirecting]
        ports = stack.enter_context(Gallery(scenarios)).ports
        hosts |= {name: f"{FAR}:{port}" for name, port in ports.items()}
        endpoints = Endpoints(stack, tmp_path)
        for name, host in hosts.items():
            endpoints.serve(name, leaf_naming(host, host), FAR)
        exporter = stack.enter_context(running_exporter(config_file=endpoints.write()))
        found = {}
        ends = time.monotonic() + PATIENCE_SECONDS
        while len(found) < 2 * len(hosts) and time.monotonic() < ends:
            found = failures(exporter.scrape(timeout=10))
        assert len(found) == 2 * len(hosts)
        assert set(found.values()) == {"forbidden_address", "unreachable"}
        assert {name for (name, _), reason in found.items() if reason == "unreachable"} == in_one_number
        assert [trap.connections for trap in traps] == [1, 1]
