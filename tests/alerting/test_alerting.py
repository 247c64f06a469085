"""From a broken endpoint to a message and back: gallery, exporter, Prometheus, Alertmanager, all of them real.

The rules are those of the mixin; only their waiting times are shortened, which promtool's tests prove as they are.
"""

import contextlib
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.alerting import alertmanager, prometheus, receiving
from support.exporter_process import ExporterProcess, running_exporter
from support.servers.process import free_port

from exporter.demo.gallery import Gallery
from exporter.demo.scenarios import SCENARIOS
from tests.mixin.test_dashboards import MODELS, concrete, panels

MIXIN = Path(__file__).parents[2] / "mixin"
PATIENCE_SECONDS = 120.0

EXPECTED = {  # alert and scenario: what its texts must say
    ("TLSCertificateExpired", "expired"): r"has expired \(subject CN=localhost, .*Certificate 0 of the chain ends at",
    ("TLSCertificateExpiryImminent", "almost-expired"): r"is about to end .*After that clients refuse",
    ("TLSCertificateUntrusted", "self-signed"): r"The certificate is self-signed and not trusted",
    ("TLSCertificateUntrusted", "missing-intermediate"): r"An intermediate certificate is missing",
    ("TLSCertificateNameMismatch", "wrong-name"): r"Its names: ,other\.example\.com,",
    ("TLSCertificateRevoked", "revoked-by-staple"): r"Its issuer has revoked the certificate",
    ("TLSStapleStale", "stale-staple"): r"staples an OCSP response that has ended",
    ("TLSCertificatePinMismatch", "pin-mismatch"): r"No key in the chain .* is among the configured pins",
    ("TLSTargetUnreachable", "closed-port"): r"The connection was refused \(phase connect\)",
    ("TLSHandshakeFailing", "plain-http"): r"The peer does not speak TLS here \(phase handshake\)",
    ("TLSOldProtocolAccepted", "old-versions"): r"TLS 1.0 is accepted, TLS 1.1 is accepted",
    ("TLSCriticalFinding", "null-cipher"): r"Ciphers without encryption are accepted",
    ("TLSHighFinding", "must-staple"): r"The certificate demands a staple and none is sent",
}
REPAIRED = [key for key in EXPECTED if key[1] != "pin-mismatch"]
SHOWN = {scenario for _, scenario in EXPECTED} | {"valid", "https", "hsts-missing", "good-staple", "post-quantum"}


@pytest.fixture(scope="module")
def gallery():
    with Gallery([scenario for scenario in SCENARIOS if scenario.name in SHOWN]) as gallery:
        config = gallery.config_file.read_text()
        gallery.config_file.write_text(config.replace('"refresh": "10m"', '"refresh": "1s"'))
        yield gallery


@pytest.fixture(scope="module")
def rules(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rules")
    for name in ("rules.yaml", "alerts.yaml"):
        text = (MIXIN / name).read_text()
        (folder / name).write_text(re.sub(r"^(\s+for): \w+$", r"\1: 3s", text, flags=re.MULTILINE))
    return [folder / "rules.yaml", folder / "alerts.yaml"]


@pytest.fixture(scope="module")
def watched(gallery, rules, tmp_path_factory):
    """Everything at work; yields what arrives, and the Prometheus."""
    folder = tmp_path_factory.mktemp("watched")
    with (
        receiving() as receiver,
        alertmanager(folder, receiver) as manager,
        restartable(gallery.config_file) as (address, restart),
        prometheus(folder, address, manager, rules) as server,
    ):
        yield receiver, server, restart


@contextlib.contextmanager
def restartable(config_file: Path):
    """Run an exporter at an address that stays; yields it, and how to kill the process and start another there."""
    address = f"127.0.0.1:{free_port()}"
    with contextlib.ExitStack() as running:

        def start() -> None:
            listen = f"--web.listen-address={address}"
            processes.append(running.enter_context(running_exporter(listen, config_file=config_file)))

        def restart(pause_seconds: float) -> None:
            processes[-1].process.kill()
            processes[-1].process.wait()
            time.sleep(pause_seconds)
            start()

        processes: list[ExporterProcess] = []
        start()
        yield address, restart


def wait_for(what: Callable[[], set]) -> None:
    """Wait until nothing is missing any more."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while missing := what():
        assert time.monotonic() < deadline, f"still missing: {missing}"
        time.sleep(0.3)


def test_alerts_arrive_with_their_texts(watched):
    receiver, _, _ = watched
    wait_for(lambda: set(EXPECTED) - set(receiver.firing))
    for key, words in EXPECTED.items():
        alert = receiver.firing[key]
        annotations = alert["annotations"]
        assert re.search(words, f"{annotations['summary']} {annotations['description']}"), annotations
        assert annotations["runbook_url"].endswith(f"/runbooks/{key[0]}")
        assert alert["labels"]["severity"] in ("critical", "warning")


def test_nothing_is_said_of_what_is_good(watched):
    """No alert on a good endpoint, and none on the exporter itself."""
    receiver, _, _ = watched
    wait_for(lambda: set(EXPECTED) - set(receiver.firing))
    known = {"valid", "https", "good-staple", "post-quantum", ""}
    assert {key for key in receiver.firing if key[1] in known} == set()


@pytest.mark.parametrize("name", MODELS)
def test_every_query_of_the_dashboards_has_an_answer(watched, name):
    receiver, server, _ = watched
    wait_for(lambda: set(EXPECTED) - set(receiver.firing))
    queries = {target["expr"] for panel in panels(MODELS[name]) for target in panel["targets"]}
    wait_for(lambda: {text for text in queries if not server.query(concrete(text).replace("[5m]", "[1m]"))})


def test_a_restart_of_the_exporter_resolves_nothing(watched):
    """Killed, away for two scrapes, and back without any of its caches: no alert is resolved and sent again."""
    receiver, server, restart = watched
    wait_for(lambda: set(EXPECTED) - set(receiver.firing))
    receiver.resolved.clear()
    began = {key: alert["startsAt"] for key, alert in receiver.firing.items()}
    restart(pause_seconds=4)
    server.until("count(tls_posture_timestamp_seconds) > 5")
    server.until("count_over_time(tls_exporter_build_info[8s]) >= 4")  # whatever would resolve has done so
    assert {key for key in receiver.resolved if key in EXPECTED} == set()
    assert {key: receiver.firing[key]["startsAt"] for key in EXPECTED} == {key: began[key] for key in EXPECTED}


def test_alerts_resolve_when_the_endpoint_is_repaired(watched, gallery):
    """Repaired while everything runs: each alert is resolved, and the pin mismatch, which stays, is not."""
    receiver, _, _ = watched
    wait_for(lambda: set(EXPECTED) - set(receiver.firing))
    for _, scenario in REPAIRED:
        gallery.repair(scenario)
    wait_for(lambda: set(REPAIRED) - set(receiver.resolved))
    assert ("TLSCertificatePinMismatch", "pin-mismatch") not in receiver.resolved
