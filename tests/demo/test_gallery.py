"""The gallery is what it says, judged by the standard library's TLS client and not by the exporter."""

import asyncio
import re
import socket
import ssl
import threading

import pytest
from support.exposition import Exposition

from exporter.config.reader import load
from exporter.demo.at_rest import FILES, RENEWED
from exporter.demo.gallery import Gallery
from exporter.demo.scenario import Closed
from exporter.demo.scenarios import HOSTILE_NAME, SCENARIOS
from exporter.demo.servers import Endpoint
from exporter.findings.catalogue import CATALOGUE
from exporter.metrics.exposition import pages
from exporter.metrics.self_metrics import SelfMetrics
from exporter.net.reason import Reason
from exporter.probe.result import Phase
from exporter.scrape import scrape
from exporter.scrape.engine import Engine
from exporter.scrape.selection import Selection

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
TRUST_IS_OPENSSLS_CHOICE = "weak-key", "sha1-signature", "hostile-subject"


@pytest.fixture(scope="module")
def gallery():
    with Gallery() as running:
        yield running


def connect(gallery, name, *, verify=False):
    """Connect to a scenario as Python's own clients do, but with old versions and weak ciphers; return the socket."""
    scenario = BY_NAME[name]
    context = ssl.create_default_context(cafile=gallery.config_file.with_name("root.pem"))
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    host = scenario.host.strip("[]")
    raw = socket.create_connection((scenario.bind, gallery.ports[name]), 10)
    try:
        for line in getattr(scenario.served, "preface", ())[1:]:
            raw.recv(1000)
            raw.sendall(b"anything\r\n")
            assert line
        if getattr(scenario.served, "preface", ()):
            raw.recv(1000)
        return context.wrap_socket(raw, server_hostname=host)
    except BaseException:
        raw.close()
        raise


COMPLETING = [s.name for s in SCENARIOS if isinstance(s.served, Endpoint) and s.seen.success]


@pytest.mark.parametrize("name", COMPLETING)
def test_a_server_completes_a_handshake_in_its_version_and_answers_http(gallery, name):
    if name not in gallery.ports:
        pytest.skip("no IPv6 loopback here")
    with connect(gallery, name) as connection:
        number = {"TLSv1": 1.0, "TLSv1.1": 1.1, "TLSv1.2": 1.2, "TLSv1.3": 1.3}[connection.version()]
        assert BY_NAME[name].seen.version in (None, number)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("name", [name for name in COMPLETING if name not in TRUST_IS_OPENSSLS_CHOICE])
def test_an_ordinary_client_trusts_exactly_those_that_are_said_to_be_good(gallery, name):
    if name not in gallery.ports:
        pytest.skip("no IPv6 loopback here")
    seen = BY_NAME[name].seen
    if seen.trusted and seen.name_match:
        connect(gallery, name, verify=True).close()
    else:
        with pytest.raises(ssl.SSLCertVerificationError):
            connect(gallery, name, verify=True)


@pytest.mark.parametrize("name", ["demands-client-certificate", "demands-client-certificate-tls12"])
def test_who_has_no_client_certificate_is_refused_by_an_alert(gallery, name):
    with pytest.raises(ssl.SSLError, match=r"(?i)alert"), connect(gallery, name) as connection:
        connection.recv(1)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("closed-port", ConnectionRefusedError),
        ("resets", ConnectionResetError),
        ("accepts-and-closes", ssl.SSLEOFError),
        ("plain-http", ssl.SSLError),
        ("speaks-ssh", ssl.SSLError),
        ("garbage", ssl.SSLError),
        ("fatal-alert", ssl.SSLError),
        ("ssl3-only", ssl.SSLError),
    ],
)
def test_a_broken_peer_is_broken_in_its_own_way(gallery, name, error):
    with pytest.raises(error):
        connect(gallery, name)


@pytest.mark.parametrize("name", ["never-answers", "drip"])
def test_a_silent_peer_says_nothing_or_next_to_nothing(gallery, name):
    with socket.create_connection(("127.0.0.1", gallery.ports[name]), 10) as raw:
        raw.sendall(b"\x16\x03\x01\x00\x01\x01")
        raw.settimeout(0.2)
        with pytest.raises(TimeoutError):
            raw.recv(100)


def test_the_hostile_subject_arrives_whole(gallery):
    """No library on the way made it harmless: that is the exporter's part."""
    with connect(gallery, "hostile-subject") as connection:
        der = connection.getpeercert(binary_form=True)
    assert HOSTILE_NAME.encode() in der


def test_a_repaired_scenario_is_good_on_the_same_port():
    broken = [BY_NAME[name] for name in ("expired", "never-answers", "closed-port", "wrong-name")]
    with Gallery(broken) as gallery:
        for scenario in broken:
            gallery.repair(scenario.name)
            connect(gallery, scenario.name, verify=True).close()


def test_what_a_client_sends_ends_its_own_connection_only(gallery):
    for gc_tuning in (
        b"\x00" * 70000,
        b"GET / HTTP/1.0\r\n\r\n",
        b"\x16\x03\x01\xff\xff" + b"\x01" * 70000,
        b"\x80\x2e\x01",
    ):
        with socket.create_connection(("127.0.0.1", gallery.ports["valid"]), 10) as raw:
            raw.sendall(gc_tuning)
    connect(gallery, "valid", verify=True).close()


def test_connections_are_counted(gallery):
    before = gallery.connections["long-lived"]
    connect(gallery, "long-lived").close()
    assert gallery.connections["long-lived"] == before + 1


def test_nothing_is_left_behind():
    """Sockets, the thread and the directory are gone, though a client still holds a connection. Twice is safe."""
    before = set(threading.enumerate())
    gallery = Gallery([BY_NAME["never-answers"], BY_NAME["valid"]])
    config_file = gallery.start()
    assert config_file.exists()
    clients = [socket.create_connection(("127.0.0.1", port), 10) for port in gallery.ports.values()]
    gallery.stop()
    gallery.stop()
    assert not config_file.parent.exists()
    assert set(threading.enumerate()) == before
    for client in clients:
        with client:
            assert client.recv(1) == b""
    for port in gallery.ports.values():
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 10)


def test_the_list_of_scenarios_is_sound():
    """Names are unique and in kebab-case, stories are sentences, findings exist, and failures go with no success."""
    assert len(BY_NAME) == len(SCENARIOS) >= 28
    for scenario in SCENARIOS:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", scenario.name)
        assert scenario.story.endswith(".")
        assert {*scenario.seen.findings, *scenario.seen.posture_findings} <= CATALOGUE.keys()
        assert scenario.seen.success == (scenario.seen.failure is None)
        if isinstance(scenario.served, Closed) and scenario.seen.failure.phase is Phase.CONNECT:
            assert scenario.seen.failure.reason is Reason.REFUSED
            assert not scenario.seen.reachable


def test_the_demos_targets_have_names():
    """Their certificates are for localhost, so that is the name to match; what is about an address keeps it."""
    names = ("expired", "ip-address", "closed-port")
    with Gallery([scenario for scenario in SCENARIOS if scenario.name in names], named=True) as gallery:
        config = load(str(gallery.config_file))
        assert gallery.targets["expired"] == f"expired.localhost:{gallery.ports['expired']}"
        assert gallery.targets["ip-address"] == f"127.0.0.1:{gallery.ports['ip-address']}"
        by_name = {target.name: config.modules[target.module].tls_config.server_name for target in config.targets}
        assert by_name[gallery.targets["expired"]] == "localhost"
        assert by_name[gallery.targets["ip-address"]] is None


async def test_the_demo_shows_certificates_on_disk():
    """One is newer than what its endpoint presents, one is locked, one is cut short."""
    scenarios = [scenario for scenario in SCENARIOS if scenario.name == RENEWED]
    with Gallery(scenarios, named=True) as gallery:
        engine = Engine(load(str(gallery.config_file)), SelfMetrics())
        lines = await scrape(engine, Selection(), asyncio.get_running_loop().time() + 30)
        engine.close()
        exposition = Exposition(b"".join(pages("", lines, [])).decode())
        assert "renewed_but_not_served" in exposition.findings(target=gallery.targets[RENEWED])
        folder = gallery.config_file.with_name("at-rest")
        failures = {name: exposition.failure(target=f"file:{folder / name}") for name in FILES}
    assert failures == {
        "renewed.pem": None,
        "locked.p12": ("read", "password_required"),
        "half-written.pem": ("read", "truncated"),
    }
