"""The same servers under a real blackbox_exporter and under its migrated configuration: the same alerts come of it."""

import json
import sys
import time
import urllib.parse
import urllib.request

import pytest
from support.alerting import started
from support.exporter_process import running_exporter
from support.programs import need, run
from support.servers.process import free_port

from exporter.demo.gallery import Gallery
from exporter.demo.scenarios import SCENARIOS
from exporter.migrate.migration import migrate

BAD = {"expired", "self-signed", "wrong-name", "missing-intermediate", "closed-port", "plain-http", "resets"}
GOOD = {"valid", "valid-rsa", "tls12-only", "tls13-only", "almost-expired", "smtp-starttls"}
SOON_SECONDS = 14 * 86400.0


def configurations(gallery: Gallery) -> tuple[str, str]:
    """Return blackbox_exporter's and Prometheus' configuration for the gallery, as one would have them."""
    tls = {"ca_file": str(gallery.config_file.with_name("root.pem"))}
    dialogue = [
        {"expect": "^220"},
        {"send": "EHLO prober\r"},
        {"expect": "STARTTLS"},
        {"send": "STARTTLS\r"},
        {"expect": "^220"},
        {"starttls": True},
    ]
    modules = {
        "tls_connect": {"prober": "tcp", "timeout": "2s", "tcp": {"tls": True, "tls_config": tls}},
        "smtp": {"prober": "tcp", "timeout": "2s", "tcp": {"query_response": dialogue, "tls_config": tls}},
    }
    jobs = []
    for module in modules:
        names = [name for name in gallery.targets if (name == "smtp-starttls") == (module == "smtp")]
        groups = [{"targets": [gallery.targets[name]], "labels": {"scenario": name}} for name in names]
        jobs.append(
            {
                "job_name": module,
                "metrics_path": "/probe",
                "params": {"module": [module]},
                "static_configs": groups,
                "relabel_configs": [{"source_labels": ["__address__"], "target_label": "__param_target"}],
            }
        )
    return json.dumps({"modules": modules}), json.dumps({"scrape_configs": jobs})


def by_blackbox(url: str, prometheus_yaml: str) -> tuple[set[str], dict[str, float]]:
    """Return which scenarios blackbox_exporter calls failed, and the expiry of those where it knows one."""
    failed, expiry = set(), {}
    for job in json.loads(prometheus_yaml)["scrape_configs"]:
        for group in job["static_configs"]:
            query = urllib.parse.urlencode({"target": group["targets"][0], "module": job["job_name"]})
            with urllib.request.urlopen(f"{url}/probe?{query}", timeout=20) as answer:
                lines = dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines() if line[0] != "#")
            scenario = group["labels"]["scenario"]
            if float(lines["probe_success"]) == 0:
                failed.add(scenario)
            if "probe_ssl_earliest_cert_expiry" in lines:
                expiry[scenario] = float(lines["probe_ssl_earliest_cert_expiry"])
    return failed, expiry


@pytest.fixture(scope="module")
def gallery():
    with Gallery([scenario for scenario in SCENARIOS if scenario.name in BAD | GOOD]) as gallery:
        yield gallery


def test_same_verdicts_and_the_same_expiry(gallery, tmp_path):
    """What was alerted on before is alerted on now; and expiry is there even where blackbox_exporter loses it."""
    blackbox_yaml, prometheus_yaml = configurations(gallery)
    (tmp_path / "blackbox.yml").write_text(blackbox_yaml)
    address = f"127.0.0.1:{free_port()}"
    command = [
        need("prometheus-blackbox-exporter", "blackbox_exporter"),
        f"--config.file={tmp_path / 'blackbox.yml'}",
        f"--web.listen-address={address}",
    ]
    with started(command, tmp_path / "blackbox.log", f"http://{address}/-/healthy"):
        failed, expiry = by_blackbox(f"http://{address}", prometheus_yaml)
    assert failed == BAD

    config_file = tmp_path / "config.yaml"
    config_file.write_text(migrate(blackbox_yaml, prometheus_yaml).config_text)
    with running_exporter(config_file=config_file) as exporter:
        text = exporter.request("/metrics").text
    ours = {name: _samples(text, name) for name in ("tls_probe_success", "tls_certificate_name_match")}
    trusted = _samples(text, "tls_certificate_trusted", 'verifier="openssl"')
    chains = _samples(text, "tls_chain_not_after_timestamp_seconds", 'chain="presented"')
    good = {
        name
        for name, success in ours["tls_probe_success"].items()
        if success == 1 and trusted.get(name) == 1 and ours["tls_certificate_name_match"].get(name) == 1
    }
    assert set(ours["tls_probe_success"]) - good == failed
    soon = {name for name, end in expiry.items() if end - time.time() < SOON_SECONDS}
    assert soon == {"almost-expired"}
    assert {name: chains[name] for name in expiry} == expiry
    assert "expired" in chains
    assert "expired" not in expiry


def test_the_migrated_configuration_passes_the_check(gallery, tmp_path):
    config_file = tmp_path / "config.yaml"
    config_file.write_text(migrate(*configurations(gallery)).config_text)
    run(sys.executable, "-m", "exporter", "--config.check", f"--config.file={config_file}")


def _samples(text: str, name: str, having: str = "") -> dict[str, float]:
    """Return the value of a metric for each scenario."""
    found = {}
    for line in text.splitlines():
        if line.startswith(f"{name}{{") and having in line:
            labels, value = line.rsplit(" ", 1)
            found[labels.partition('scenario="')[2].partition('"')[0]] = float(value)
    return found
