"""A company's first day: 40 targets, configured from the documentation, and what is left once the known is accepted.

Six endpoints have a real problem. The list of targets, the API, `probe`, the metrics and the alerts must all leave
exactly these six, and call the other 34 healthy.
"""

import contextlib
import json
import re
import time
import urllib.request
from pathlib import Path

import pytest
from support.alerting import alertmanager, prometheus, receiving
from support.exporter_process import running_exporter

from exporter.cli.main import main
from exporter.demo.broken import SMTP
from exporter.demo.gallery import Gallery
from exporter.demo.pki import SELF, Leaf
from exporter.demo.scenario import Closed, Scenario, Seen
from exporter.demo.scripts import Await, Finish, Send
from exporter.demo.servers import Endpoint

MIXIN = Path(__file__).parents[2] / "mixin"
PATIENCE_SECONDS = 120.0
OLD = {"minimum": "TLSv1.0", "maximum": "TLSv1.2", "ciphers": "ALL:-aNULL:-eNULL", "security_level": 0}

KINDS = {  # how many there are of each, and what they are
    "shop": (10, Endpoint()),
    "intranet": (6, Endpoint(headers=())),  # without HSTS
    "mail": (5, Endpoint(preface=SMTP)),
    "ldap": (4, Endpoint(only_secp256r1=True)),  # no post-quantum group
    "printer": (4, Endpoint(Leaf(issuer=SELF), sends=())),
    "machine": (3, Endpoint(Leaf(key="rsa-2048"), **OLD)),  # TLS 1.0 until it is replaced
    "vpn": (2, Endpoint(Leaf(starts=-10, ends=3640))),  # ten years, from the internal CA
}
PROBLEMS = {
    "expired": (Endpoint(Leaf(starts=-43, ends=-3)), "expired", "TLSCertificateExpired"),
    "ending": (Endpoint(Leaf(starts=-45.2, ends=1.8)), "expiring", "TLSCertificateExpiryImminent"),
    "renamed": (
        Endpoint(Leaf(names=("old.example.com",), common_name="old.example.com")),
        "wrong_name",
        "TLSCertificateNameMismatch",
    ),
    "chainless": (Endpoint(sends=()), "untrusted", "TLSCertificateUntrusted"),
    "gone": (Closed(), "down", "TLSTargetUnreachable"),
    "plain": ((Await(), Send(b"HTTP/1.1 400 Bad Request\r\n\r\n"), Finish()), "no_handshake", "TLSHandshakeFailing"),
}
MODULES = {"shop": "website", "intranet": "intranet", "mail": "mail", "printer": "printer", "machine": "machine"}
ANY = Seen()
SCENARIOS = [
    *(
        Scenario(f"{kind}-{number}", kind, served, ANY)
        for kind, (count, served) in KINDS.items()
        for number in range(count)
    ),
    *(Scenario(name, name, served, ANY) for name, (served, _, _) in PROBLEMS.items()),
]


def configuration(gallery: Gallery) -> str:
    """Return what an administrator writes after reading docs/findings.md and docs/configuration.md."""
    root = gallery.config_file.with_name("root.pem")
    groups = "".join(
        f"  - {{targets: ['{target}'], module: {MODULES.get(name.partition('-')[0], 'internal')}, "
        f"labels: {{scenario: {name}}}}}\n"
        for name, target in gallery.targets.items()
    )
    return f"""\
global:
  timeout: 3s
  accept:
    - {{finding: no_post_quantum_key_exchange, reason: not before the new servers, until: 2099-12-31}}
modules:
  internal: &internal
    tls_config: {{ca_file: {root}}}
    posture: {{refresh: 1h}}
  website: {{<<: *internal, alpn: [http/1.1], http: true}}
  intranet:
    <<: *internal
    alpn: [http/1.1]
    http: true
    accept: [{{finding: hsts_missing, reason: reached from inside only}}]
  mail: {{<<: *internal, starttls: smtp}}
  printer:
    <<: *internal
    accept: [{{finding: certificate_self_signed, reason: printers make their own}}]
  machine:
    <<: *internal
    accept:
      - {{finding: tls10_accepted, reason: machine tools until their renewal, until: 2099-12-31}}
      - {{finding: tls11_accepted, reason: machine tools until their renewal, until: 2099-12-31}}
      - {{finding: rsa_key_exchange, reason: machine tools until their renewal, until: 2099-12-31}}
      - {{finding: sha1_handshake_signature, reason: machine tools until their renewal, until: 2099-12-31}}
      - {{finding: weak_dh, reason: machine tools until their renewal, until: 2099-12-31}}
targets:
{groups}"""


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """Everything at work; yields the gallery, the exporter, what alerts arrive, and the Prometheus."""
    folder = tmp_path_factory.mktemp("company")
    rules = []
    for name in ("rules.yaml", "alerts.yaml"):
        text = re.sub(r"^(\s+for): \w+$", r"\1: 3s", (MIXIN / name).read_text(), flags=re.MULTILINE)
        (folder / name).write_text(text)
        rules.append(folder / name)
    with contextlib.ExitStack() as running:
        gallery = running.enter_context(Gallery(SCENARIOS))
        assert len(gallery.scenarios) == 40
        gallery.config_file.write_text(configuration(gallery))
        receiver = running.enter_context(receiving())
        manager = running.enter_context(alertmanager(folder, receiver))
        exporter = running.enter_context(running_exporter(config_file=gallery.config_file))
        server = running.enter_context(prometheus(folder, exporter.address, manager, rules))
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(server.query("count by (target) (tls_posture_timestamp_seconds)")) < 38:
            assert time.monotonic() < deadline
            time.sleep(0.5)
        yield gallery, exporter, receiver, server


def names_of(gallery):
    return {target: name for name, target in gallery.targets.items()}


def test_the_configuration_has_no_warning(company, capsys):
    gallery, *_ = company
    assert main(["--config.check", "--config.file", str(gallery.config_file)]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "40 targets" in captured.out


def test_probe_leaves_the_six(company, capsys):
    gallery, *_ = company
    status = main(["probe", "--config.file", str(gallery.config_file), "--all", "--format", "json"])
    states = {names_of(gallery)[one["target"]]: one for one in json.loads(capsys.readouterr().out)["targets"]}
    assert status == 1
    left = {name: one["state"] for name, one in states.items() if one["state"] != "healthy"}
    assert left == {name: state for name, (_, state, _) in PROBLEMS.items()}
    assert [one["severity"] for name, one in states.items() if name not in PROBLEMS] == [None] * 34


def test_metrics_leave_the_six(company):
    gallery, _, _, server = company
    names = names_of(gallery)
    found = {names[labels["target"]] for labels, _ in server.query("sum by (target) (tls_findings) > 0")}
    failed = {names[labels["target"]] for labels, _ in server.query("tls_probe_success == 0")}
    assert found | failed == set(PROBLEMS)
    accepted = server.query("count by (scenario) (tls_finding_accepted)")
    assert len(accepted) >= 6 + 4 + 4 + 3, "what is accepted is still known"


def test_alerts_leave_the_six(company):
    _, _, receiver, _ = company
    wanted = {(alert, name) for name, (_, _, alert) in PROBLEMS.items()}
    deadline = time.monotonic() + PATIENCE_SECONDS
    while wanted - set(receiver.firing):
        assert time.monotonic() < deadline, wanted - set(receiver.firing)
        time.sleep(0.3)
    assert set(receiver.firing) == wanted


def test_the_api_leaves_the_six(company):
    gallery, exporter, *_ = company
    with urllib.request.urlopen(f"{exporter.url}/api/v1/targets", timeout=30) as answer:
        document = json.load(answer)
    assert document["schema_version"] == 1
    states = {names_of(gallery)[one["target"]]: one["state"] for one in document["targets"]}
    assert {name: state for name, state in states.items() if state != "healthy"} == {
        name: state for name, (_, state, _) in PROBLEMS.items()
    }


def test_the_page_leaves_the_six(company):
    gallery, exporter, *_ = company
    with urllib.request.urlopen(f"{exporter.url}/?per_page=100", timeout=30) as answer:
        page = answer.read().decode()
    rows = re.findall(r"<tr\b.*?</tr>", page, re.DOTALL)
    seen = {}
    for name, target in gallery.targets.items():
        row = next(row for row in rows if target in row)
        seen[name] = re.search(r'class="badge[^"]*">([^<]+)<', row)[1].strip()
    assert {name for name, state in seen.items() if state != "Healthy"} == set(PROBLEMS)
    assert {seen[name].lower().replace(" ", "_") for name in PROBLEMS} == {state for _, state, _ in PROBLEMS.values()}
