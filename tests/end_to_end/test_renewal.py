"""The renewal that is not served: nginx, the exporter, Prometheus with the mixin's rules and Alertmanager, all real.

A certificate is renewed on disk, and nginx is not reloaded: the finding, and the alert. It is reloaded: both are gone.
"""

import re
import signal
import time
from pathlib import Path

import pytest
from support.alerting import alertmanager, prometheus, receiving
from support.exporter_process import running_exporter
from support.programs import need
from support.servers.process import free_port, serving

from tests.support.pki import DAY, NOW, dns, ec_key, intermediate, key_pem, leaf, root

MIXIN = Path(__file__).parents[2] / "mixin"
PATIENCE_SECONDS = 60.0
TOP = root()
MIDDLE = intermediate(TOP)
KEY = ec_key()
NAMES = (dns("localhost"),)
OLD = leaf(MIDDLE, key=KEY, names=NAMES, not_before=NOW - 60 * DAY, not_after=NOW + 30 * DAY)
NEW = leaf(MIDDLE, key=KEY, names=NAMES, not_before=NOW - DAY, not_after=NOW + 89 * DAY)
CONFIG = """\
daemon off; user root; pid {folder}/nginx.pid; error_log stderr warn; events {{}}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/live/fullchain.pem; ssl_certificate_key {folder}/live/privkey.pem;
  }}
}}
"""


def deploy(folder, certificate, number):
    """Write a certificate as certbot does: a new file in the archive, and a link that is renamed over the old one."""
    for name in ("archive", "live"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "live" / "privkey.pem").write_bytes(key_pem(KEY))
    (folder / "archive" / f"fullchain{number}.pem").write_bytes(certificate.pem + MIDDLE.pem)
    link = folder / "live" / "new"
    link.symlink_to(f"../archive/fullchain{number}.pem")
    link.replace(folder / "live" / "fullchain.pem")


def wait_for(what):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.fixture
def endpoint(tmp_path):
    """Run nginx with the old certificate; yield its process, its target and the exporter's configuration."""
    port = free_port()
    deploy(tmp_path, OLD, 1)
    (tmp_path / "nginx.conf").write_text(CONFIG.format(folder=tmp_path, port=port))
    (tmp_path / "root.pem").write_bytes(TOP.pem)
    config = tmp_path / "config.yaml"
    config.write_text(f"""\
modules:
  tls: {{tls_config: {{ca_file: root.pem, server_name: localhost}}}}
targets:
  - targets: ["127.0.0.1:{port}"]
files:
  - paths: [live/fullchain.pem]
    serves: ["127.0.0.1:{port}"]
""")
    command = [need("nginx"), "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)]
    with serving(command, tmp_path, port) as process:
        yield process, f"127.0.0.1:{port}", config


@pytest.mark.server("nginx")
def test_a_renewal_without_a_reload_is_a_finding_until_the_reload(endpoint, tmp_path):
    process, target, config = endpoint
    with running_exporter(config_file=config) as exporter:
        first = exporter.scrape()
        assert first.findings() == set()
        assert first.values("tls_probe_success") == [1, 1]
        deploy(tmp_path, NEW, 2)
        renewed = exporter.scrape()
        assert renewed.findings(target=target) == {"renewed_but_not_served"}
        assert renewed.findings() == {"renewed_but_not_served"}
        assert renewed.value("tls_findings", target=target, severity="high") == 1
        page = exporter.request(f"/target?target={target}").text
        assert re.search(r"since 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC", page)
        process.send_signal(signal.SIGHUP)
        wait_for(lambda: exporter.scrape().findings() == set())
        assert exporter.scrape().values("tls_probe_success") == [1, 1]


@pytest.mark.server("nginx")
def test_an_older_file_than_what_is_served_is_another_finding(endpoint, tmp_path):
    process, target, config = endpoint
    with running_exporter(config_file=config) as exporter:
        assert exporter.scrape().values("tls_probe_success") == [1, 1]
        deploy(tmp_path, NEW, 2)
        process.send_signal(signal.SIGHUP)
        ends = {"name": "tls_certificate_not_after_timestamp_seconds", "target": target, "position": "0"}
        wait_for(lambda: exporter.scrape().values(**ends) == [NOW + 89 * DAY])
        deploy(tmp_path, OLD, 3)
        wait_for(lambda: exporter.scrape().findings(target=target) == {"served_but_not_on_disk"})


@pytest.mark.server("nginx", "prometheus", "prometheus-alertmanager")
def test_the_alert_comes_and_is_resolved(endpoint, tmp_path):
    process, target, config = endpoint
    rules = []
    for name in ("rules.yaml", "alerts.yaml"):
        text = (MIXIN / name).read_text()
        (tmp_path / name).write_text(re.sub(r"^(\s+for): \w+$", r"\1: 3s", text, flags=re.MULTILINE))
        rules.append(tmp_path / name)
    address = f"127.0.0.1:{free_port()}"
    alert = ("TLSRenewedButNotServed", "")
    with (
        running_exporter(f"--web.listen-address={address}", config_file=config),
        receiving() as receiver,
        alertmanager(tmp_path, receiver) as manager,
        prometheus(tmp_path, address, manager, rules) as server,
    ):
        server.until("count(tls_probe_success == 1) == 2")
        assert receiver.firing == {}
        deploy(tmp_path, NEW, 2)
        wait_for(lambda: alert in receiver.firing)
        labels = receiver.firing[alert]["labels"]
        assert (labels["finding"], labels["target"]) == ("renewed_but_not_served", target)
        assert receiver.firing[alert]["annotations"]["runbook_url"].endswith("/TLSRenewedButNotServed")
        process.send_signal(signal.SIGHUP)
        wait_for(lambda: alert in receiver.resolved)
    assert set(receiver.firing) == {alert}
