"""Every input is recognized by its content; ssl_exporter and the operator's resources come over; nothing is silent."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from exporter.cli.main import main
from exporter.config.reader import load
from exporter.demo.gallery import Gallery
from exporter.metrics.vocabulary import VOCABULARY
from exporter.migrate.inputs import Inputs
from exporter.migrate.migration import migrate_inputs
from exporter.migrate.reading import MigrationError

CONFIGS = Path(__file__).parent / "configs"
BLACKBOX = "modules: {tls: {prober: tcp, tcp: {tls: true}}}\n"
JOB = """\
scrape_configs:
  - job_name: a
    metrics_path: /probe
    params: {module: [tls]}
    static_configs: [{targets: ['a.example:443']}]
    relabel_configs: [{source_labels: [__address__], target_label: __param_target}]
"""


@pytest.fixture
def migrated(tmp_path, capsys):
    """Run the command on some texts; return exit status, the configuration loaded, and what was said."""

    def run(*texts):
        for name, kind in (("ca.pem", "CERTIFICATE"), ("client.pem", "CERTIFICATE"), ("client.key", "PRIVATE KEY")):
            (tmp_path / name).write_text(f"-----BEGIN {kind}-----\nAAAA\n-----END {kind}-----\n")
        paths = []
        for number, text in enumerate(texts):
            paths.append(tmp_path / f"input{number}.yml")
            paths[-1].write_text(text)
        status = main(["migrate", *map(str, paths)])
        captured = capsys.readouterr()
        config = None
        if status != 2:
            (tmp_path / "config.yaml").write_text(captured.out)
            config = load(str(tmp_path / "config.yaml"), VOCABULARY)
        return status, config, captured.err

    return run


def of(name):
    return (CONFIGS / name).read_text()


def test_ssl_exporter_as_a_whole(migrated):
    status, config, said = migrated(of("all.ssl_exporter.yml"), of("all.prometheus.yml"))
    assert status == 0, said
    assert said.splitlines()[-1] == (
        "migrated: 8 modules, 4 targets, 1 file of targets, 4 paths of certificates; nothing is left out"
    )
    assert {(target.name, target.module): dict(target.labels) for target in config.targets} == {
        ("https://example.com", "https"): {"team": "web"},
        ("https://example.org/health", "https"): {"team": "web"},
        ("https://example.net:8443", "https"): {"team": "web"},
        ("db.example.com:5433", "tcp"): {},
    }
    assert config.modules["mail"].starttls == "smtp"
    assert config.modules["tcp_named"].tls_config.server_name == "example.com"
    assert config.modules["https_proxied"].proxy.scheme == "socks5"
    assert config.modules["https_proxied"].timeout == 3.0
    assert [(Path(one.pattern).name, one.module) for one in config.target_files] == [("*.yml", "mail")]
    written = {path for group in config.file_groups for path in group.paths}
    assert {
        "/etc/nginx/tls/*.pem",
        "/etc/ssl/private/**/*.pem",
        "/etc/ssl/certs/ca-certificates.crt",
        "/root/.kube/config",
    } <= set(map(str, written))


def test_resources_of_the_operator(migrated):
    modules = "modules: {https: {prober: https}, tcp: {prober: tcp}}\n"
    status, config, said = migrated(of("resources.yml"), modules)
    assert status == 0, said
    assert {(target.name, target.module): dict(target.labels) for target in config.targets} == {
        ("https://shop.example.com", "https"): {"team": "shop"},
        ("db.example.com:5433", "tcp"): {"team": "db"},
    }
    assert [one.module for one in config.target_files] == ["tcp"]
    assert "it was scraped every 60s" in said


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        (
            "default_module: t\nmodules: {k: {prober: gopher}, t: {prober: tcp, target: 'a.example:443'}}",
            "prober gopher opens",
        ),
        (
            "default_module: t\nmodules: {t: {prober: tcp, target: 'a.example:443', tcp: {starttls: gopher}}}",
            "starttls is not migrated",
        ),
        (
            "default_module: t\nmodules: {t: {prober: tcp, target: 'a.example:443', tls_config: {ca: x}}}",
            "tls_config.ca is not migrated",
        ),
    ],
)
def test_what_is_lost_is_said_and_is_the_exit_status(migrated, text, lost):
    status, config, said = migrated(text)
    assert status == 4
    assert lost in said
    assert said.splitlines()[-1].endswith("not, named above")
    assert [target.name for target in config.targets] == ["a.example:443"]


def test_the_order_of_inputs_does_not_matter(migrated):
    first = migrated(BLACKBOX, JOB)
    assert (first[0], [target.name for target in first[1].targets]) == (0, ["a.example:443"])
    assert migrated(JOB, BLACKBOX)[:1] == first[:1]


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (["services: {web: {image: nginx}}\n"], "no configuration of blackbox_exporter"),
        (["targets: [{targets: [a.example]}]\nmodules: {a: {}}\n"], "of this exporter already"),
        (["apiVersion: v1\nkind: Service\n"], "kind Service"),
        (["apiVersion: example.com/v1\nkind: Probe\n"], "kind Probe"),
        ([""], "is empty"),
        (["# nothing\n"], "is empty"),
        (["- a\n"], "is not a mapping"),
        (["modules: {a: {timeout: 5s}}\n"], "without a prober"),
        ([BLACKBOX, "modules: {a: {prober: https}}\n"], "two configurations with modules"),
        (["[\n"], "is not YAML"),
    ],
)
def test_foreign_inputs_are_refused(migrated, texts, why):
    status, _, said = migrated(*texts)
    assert status == 2
    assert why in said


def test_no_such_input(capsys):
    assert main(["migrate", "/no/such/file"]) == 2
    assert "/no/such/file" in capsys.readouterr().err


def test_a_configmap_holds_what_it_holds():
    inputs = Inputs()
    inputs.take("map", yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", "data": {"blackbox.yml": BLACKBOX}}))
    inputs.take("job", JOB)
    migration = migrate_inputs(inputs)
    assert migration.is_whole
    with pytest.raises(MigrationError, match="is empty"):
        Inputs().take("map", yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": ""}}))


def test_the_same_servers_have_the_same_verdicts(tmp_path, capsys):
    """ssl_exporter's configuration for the gallery, migrated: each server gets what its scenario deserves."""
    wanted = {"valid": "healthy", "expired": "expired", "self-signed": "untrusted", "closed-port": "down"}
    with Gallery([scenario for scenario in Gallery()._all if scenario.name in {*wanted, "smtp-starttls"}]) as gallery:
        root = tmp_path / "root.pem"
        shutil.copy(gallery.config_file.with_name("root.pem"), root)
        tls = {"ca_file": str(root)}
        modules = {
            "tcp": {"prober": "tcp", "tls_config": tls},
            "mail": {"prober": "tcp", "tcp": {"starttls": "smtp"}, "tls_config": tls},
        }
        (tmp_path / "ssl.yml").write_text(json.dumps({"default_module": "tcp", "modules": modules}))
        pattern = [{"source_labels": ["__address__"], "target_label": "__param_target"}]
        jobs = [
            {
                "job_name": module,
                "metrics_path": "/probe",
                "params": {"module": [module]},
                "static_configs": [{"targets": [target for name, target in gallery.targets.items() if name in names]}],
                "relabel_configs": pattern,
            }
            for module, names in (("tcp", set(wanted)), ("mail", {"smtp-starttls"}))
        ]
        (tmp_path / "prometheus.yml").write_text(json.dumps({"scrape_configs": jobs}))
        assert main(["migrate", str(tmp_path / "ssl.yml"), str(tmp_path / "prometheus.yml")]) == 0
        config = tmp_path / "config.yaml"
        config.write_text(capsys.readouterr().out)
        assert main(["--config.check", "--config.file", str(config)]) == 0
        capsys.readouterr()
        main(["probe", "--config.file", str(config), "--all", "--format", "json"])
        states = {one["target"]: one["state"] for one in json.loads(capsys.readouterr().out)["targets"]}
        names = {target: name for name, target in gallery.targets.items()}
    assert {names[target]: state for target, state in states.items()} == {**wanted, "smtp-starttls": "healthy"}
