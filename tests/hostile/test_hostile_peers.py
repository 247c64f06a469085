"""Three hundred ways for a peer to be broken, slow or malicious, all watched by one exporter at once.

For each the right phase and reason, within the deadline; meanwhile the other targets are seen as they are, and
memory, descriptors and caches are back where they were.
"""

import contextlib
import datetime as dt
import json
from dataclasses import dataclass

import pytest
from hostile.after_handshake import AFTER_HANDSHAKE, TLSPeer
from hostile.attack import COMPLETED
from hostile.certificates import CERTIFICATES
from hostile.connections import CONNECTIONS
from hostile.conversations import EVERY_PROTOCOL, PROXIES, SMTP_PEERS
from hostile.messages import MESSAGES
from hostile.messages_after_handshake import KEY_UPDATES, TLS12_MESSAGES, TLS13_MESSAGES, peers
from hostile.records import FATAL_ALERTS, RECORDS
from support.exporter_process import ExporterProcess, running_exporter
from support.exposition import Exposition

from exporter.demo.gallery import Gallery
from exporter.demo.pki import PKI, Leaf
from exporter.demo.scenario import Scenario, Seen
from exporter.demo.servers import Endpoint

ATTACKS = (
    *CONNECTIONS,
    *RECORDS,
    *FATAL_ALERTS,
    *MESSAGES,
    *CERTIFICATES,
    *SMTP_PEERS,
    *EVERY_PROTOCOL,
    *PROXIES,
)
ALL_AFTER_HANDSHAKE = (*AFTER_HANDSHAKE, *TLS12_MESSAGES, *TLS13_MESSAGES, *KEY_UPDATES)
BY_NAME = {attack.name: attack for attack in (*ATTACKS, *ALL_AFTER_HANDSHAKE)}
INNOCENT = 20
TIMEOUT_SECONDS = 3
ANNOUNCED_SECONDS = 10
WARM_UP_SCRAPES = 2
FURTHER_SCRAPES = 3
GROWTH_KIB = 8 * 1024
PEAK_KIB = 160 * 1024  # twice of what an idle one takes


@dataclass(frozen=True)
class Siege:
    """One exporter among hostile peers, what its first scrape said, and what it was afterwards."""

    exporter: ExporterProcess
    first: Exposition
    last: Exposition
    resident_kib: tuple[int, int]
    descriptors: tuple[int, int]


def proxied(attack, port):
    scheme = attack.through_proxy
    return {"proxy_url": f"{scheme}://127.0.0.1:{port}"} if scheme else {}


def configuration(gallery, tls_peers):
    """Give each peer a module of its own; the target of a proxy is a host that only the proxy could reach."""
    modules, targets = {"innocent": {"timeout": "5s"}}, []
    for attack in ATTACKS:
        port = gallery.ports[attack.name]
        name = "behind.example:443" if attack.through_proxy else f"127.0.0.1:{port}"
        modules[attack.name] = {"timeout": f"{TIMEOUT_SECONDS}s", **attack.settings, **proxied(attack, port)}
        targets.append({"targets": [name], "module": attack.name, "labels": {"attack": attack.name}})
    for attack in ALL_AFTER_HANDSHAKE:
        modules[attack.name] = {"timeout": f"{TIMEOUT_SECONDS}s", "alpn": ["http/1.1"], "http": {"path": "/"}}
        name = f"127.0.0.1:{tls_peers[attack.name].port}"
        targets.append({"targets": [name], "module": attack.name, "labels": {"attack": attack.name}})
    for number in range(INNOCENT):
        labels = {"attack": f"innocent-{number}"}
        targets.insert(
            number * len(targets) // INNOCENT,
            {"targets": [gallery.targets[f"innocent-{number}"]], "module": "innocent", "labels": labels},
        )
    return {"global": {"concurrency": 1000}, "modules": modules, "targets": targets}


@pytest.fixture(scope="module")
def siege(tmp_path_factory):
    folder = tmp_path_factory.mktemp("siege")
    scenarios = [Scenario(attack.name, "Hostile.", attack.served, Seen()) for attack in ATTACKS]
    scenarios += [Scenario(f"innocent-{number}", "Innocent.", Endpoint(), Seen()) for number in range(INNOCENT)]
    leaf = PKI(dt.datetime.now(dt.UTC)).leaf(Leaf(addresses=("127.0.0.1",)))
    (folder / "leaf.pem").write_bytes(leaf.pem + leaf.key_pem)
    config_file = folder / "config.yaml"
    with contextlib.ExitStack() as stack:
        gallery = stack.enter_context(Gallery(scenarios))
        tls_peers = {attack.name: TLSPeer(attack, folder / "leaf.pem") for attack in AFTER_HANDSHAKE}
        tls_peers |= peers(folder / "leaf.pem")
        for peer in tls_peers.values():
            stack.callback(peer.close)
        config_file.write_text(json.dumps(configuration(gallery, tls_peers)), encoding="utf-8")
        exporter = stack.enter_context(running_exporter(config_file=config_file))
        first = exporter.scrape(timeout=ANNOUNCED_SECONDS)
        for _ in range(WARM_UP_SCRAPES):
            exporter.scrape(timeout=ANNOUNCED_SECONDS)
        before = exporter.resident_kib(), exporter.descriptors()
        for _ in range(FURTHER_SCRAPES):
            last = exporter.scrape(timeout=ANNOUNCED_SECONDS)
        after = exporter.resident_kib(), exporter.descriptors()
        yield Siege(exporter, first, last, (before[0], after[0]), (before[1], after[1]))


def test_there_are_enough_ways_to_be_hostile():
    assert len(BY_NAME) == len(ATTACKS) + len(ALL_AFTER_HANDSHAKE) >= 250


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_is_named_with_its_phase_and_reason(siege, attack):
    """The same in the first scrape and in the last."""
    for scraped in (siege.first, siege.last):
        assert (scraped.failure(attack=attack.name) or COMPLETED) in attack.expected
        assert scraped.value("tls_probe_success", attack=attack.name) == 0
        if attack.certificates is not None:
            assert len(scraped.values("tls_certificate_info", attack=attack.name)) == attack.certificates


@pytest.mark.parametrize("attack", ALL_AFTER_HANDSHAKE, ids=lambda attack: attack.name)
def test_an_attack_after_the_handshake_leaves_the_handshake_a_success(siege, attack):
    for scraped in (siege.first, siege.last):
        assert scraped.failure(attack=attack.name) is None
        assert scraped.value("tls_probe_success", attack=attack.name) == 1
        assert scraped.values("tls_http_status_code", attack=attack.name) == ([attack.status] if attack.status else [])


def test_no_probe_lasts_longer_than_its_deadline(siege):
    """A second of grace is for this machine, not for the peer: a drip would have lasted for minutes."""
    for sample in siege.first.samples("tls_probe_duration_seconds", phase="total"):
        assert sample.value <= TIMEOUT_SECONDS + 1, sample.labels


def test_the_innocent_are_seen_as_they_are(siege):
    for scraped in (siege.first, siege.last):
        for number in range(INNOCENT):
            assert scraped.value("tls_probe_success", attack=f"innocent-{number}") == 1
            assert scraped.value("tls_protocol_version", attack=f"innocent-{number}") == 1.3


def test_nothing_was_the_exporters_own_fault(siege):
    assert siege.last.value("tls_exporter_probe_faults_total") == 0
    assert "Traceback" not in siege.exporter.log
    assert "never retrieved" not in siege.exporter.log


def test_memory_and_descriptors_are_back_where_they_were(siege):
    """Three more scrapes, a thousand more attacks: caches are warm, so nothing may be added."""
    assert siege.resident_kib[1] - siege.resident_kib[0] < GROWTH_KIB, siege.resident_kib
    assert siege.descriptors[1] <= siege.descriptors[0] + 2, siege.descriptors
    assert siege.exporter.peak_kib() < PEAK_KIB
    assert siege.last.value("tls_exporter_probes_in_flight") == 0


def test_labels_of_peers_are_printable_and_cut(siege):
    for name in ("tls_certificate_info", "tls_certificate_names_info"):
        for sample in siege.first.samples(name):
            for label, value in sample.labels.items():
                assert value.isprintable(), (label, value)
                assert len(value) <= 2100, label
