"""Migration: what is migrated loads and means the same; what is not is said, each thing once."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.cli.migrate import migrate_paths
from exporter.config.model import IPProtocol, Module, Transport
from exporter.config.reader import load
from exporter.migrate.blackbox import names_of
from exporter.migrate.dialogue import protocol_of
from exporter.migrate.migration import Migration, migrate
from exporter.migrate.reading import MigrationError
from tests.support.programs import missing

CONFIGS = Path(__file__).parent / "configs"
DEBIAN = Path("/etc/prometheus/blackbox.yml")
NAMED = {"ca.pem": "CERTIFICATE", "client.pem": "CERTIFICATE", "client.key": "PRIVATE KEY"}


@pytest.fixture
def loaded(tmp_path):
    """Write a migrated configuration beside the files that it names, and load it."""

    def load_migrated(migration: Migration):
        for name, kind in NAMED.items():
            (tmp_path / name).write_text(f"-----BEGIN {kind}-----\nAAAA\n-----END {kind}-----\n")
        path = tmp_path / "config.yaml"
        path.write_text(migration.config_text)
        return load(str(path))

    return load_migrated


def of(name: str) -> Migration:
    return migrate((CONFIGS / f"{name}.blackbox.yml").read_text(), (CONFIGS / f"{name}.prometheus.yml").read_text())


def targets(config) -> set[tuple[str, str]]:
    return {(target.name, target.module) for target in config.targets}


def test_web(loaded):
    migration = of("web")
    config = loaded(migration)
    assert targets(config) == {
        ("https://www.example.com/", "http_2xx"),
        ("https://api.example.com:8443/health?full=1", "http_2xx"),
        ("https://example.org", "http_2xx"),
        ("https://quic.example.com/", "http3"),
    }
    assert config.targets[0].labels == (("original_module", "public"), ("team", "web"))
    module: Module = config.modules["http_2xx"]
    assert (module.timeout, module.ip_protocol, module.http.path) == (5.0, IPProtocol.IP4, "/")
    assert config.modules["http_vhost"].http.host == "shop.example.com"
    assert config.modules["http_vhost"].alpn == ("http/1.1",)
    assert config.modules["http3"].transport is Transport.QUIC
    assert "http_plain" not in config.modules


def test_web_notes():
    """Everything that a module or job did and that is not done any more has a sentence, secrets are not repeated."""
    notes = of("web").notes
    for words in (
        "http_2xx: valid_status_codes",
        "http_2xx: insecure_skip_verify is not needed",
        "http_vhost: the header field Accept-Language",
        "http_vhost: method",
        "http_vhost: fail_if_body_not_matches_regexp",
        "http_vhost: basic_auth",
        "http_plain: it wants an answer without TLS",
        "http3: HTTP/3 needs the extra",
        "example.org was asked on port 80 first",
        "http://legacy.example.com:8080/ is asked without TLS",
        "job web again: it was scraped every 10m",
        "job plain: http://intranet.example.com/ stay",
    ):
        assert [note for note in notes if words in note], words
    assert len(set(notes)) == len(notes)
    assert not [note for note in notes if "hunter2" in note]


def test_mail(loaded):
    """Dialogues become protocols by name, and target files stay files."""
    config = loaded(of("mail"))
    assert {name: module.starttls for name, module in config.modules.items() if module.starttls} == {
        "smtp_starttls": "smtp",
        "imap_starttls": "imap",
        "pop3_starttls": "pop3",
        "ftp_starttls": "ftp",
        "postgres": "postgres",
        "xmpp": "xmpp",
    }
    assert ("[2001:db8::25]:25", "smtp_starttls") in targets(config)
    assert [Path(entry.pattern).name for entry in config.target_files] == ["imap-*.yml"]
    assert config.target_files[0].module == "imap_starttls"
    notes = of("mail").notes
    for words in (
        "mystery: which protocol",
        "ping.json stays",
        "consul_sd_configs is not migrated",
        "icmp is not about TLS",
    ):
        assert [note for note in notes if words in note], words


def test_internal(loaded):
    """Client certificates, source address, proxies, gRPC, DNS over TLS and Unix sockets; text that looks like more."""
    migration = of("internal")
    config = loaded(migration)
    module = config.modules["internal_tls"]
    assert (module.source_address, module.timeout, module.tls_config.min_version) == ("192.0.2.7", 3.0, "TLS12")
    assert Path(module.tls_config.key_file).name == "client.key"
    assert config.modules["grpc_health"].alpn == ("h2",)
    assert config.modules["dot"].alpn == ("dot",)
    assert config.modules["proxied"].proxy.password.reveal() == "hunter2"
    assert config.modules["proxied"].no_proxy == (".internal.example", "10.0.0.0/8")
    assert config.modules["bad_proxy"].proxy is None
    assert ("unix:/run/agent.sock", "socket") in targets(config)
    (target,) = [target for target in config.targets if target.module == "internal_tls"]
    assert target.labels == (("env", "true"), ("zone", "1"))
    for words in (
        "grpc health: it is called grpc_health now",
        "hostname db.internal.example",
        "relabelling of site",
        "bad name:1 is not migrated",
        "as module never_defined does",
    ):
        assert [note for note in migration.notes if words in note], words
    assert not [note for note in migration.notes if "hunter2" in note or "192.0.2.1" in note]


def test_the_configuration_that_comes_with_blackbox_exporter(loaded, tmp_path):
    """Debian installs upstream's own file; each of its modules is either migrated or named in a note."""
    if not DEBIAN.exists():
        missing("the package prometheus-blackbox-exporter is not installed")
    empty = tmp_path / "prometheus.yml"
    empty.write_text("scrape_configs: []\n")
    migration = migrate_paths([str(empty), str(DEBIAN)])
    config, notes = loaded(migration), migration.notes
    for name in yaml.safe_load(DEBIAN.read_text())["modules"]:
        assert name in config.modules or [note for note in notes if note.startswith(f"module {name}:")]
    assert "http_2xx" in config.modules
    assert "pop3s_banner" in config.modules


@pytest.mark.parametrize(
    ("steps", "protocol"),
    [
        ([{"send": "LHLO prober"}], "lmtp"),
        ([{"send": "HELO prober"}], "smtp"),
        ([{"expect": "IMPLEMENTATION"}, {"send": "STARTTLS"}], "sieve"),
        ([{"expect": "^200.*NNTP"}, {"send": "STARTTLS"}], "nntp"),
        ([{"send": "CAP LS 302"}, {"send": "STARTTLS"}, {"expect": " 670 "}], "irc"),
        ([{"send": "<stream:stream xmlns='jabber:server'>"}], "xmpp-server"),
        ([{"send": "1.3.6.1.4.1.1466.20037"}], "ldap"),
        ([{"send": "a1 STARTTLS"}], "imap"),
        ([{"send": "PLEASE"}], None),
        ("no list", None),
    ],
)
def test_dialogues_are_recognised(steps, protocol):
    assert protocol_of(steps) == protocol


def test_names_that_our_configuration_refuses_are_changed_and_stay_different():
    assert names_of(["a b", "a_b", "é", "...", "x" * 80]) == {
        "a b": "a_b",
        "a_b": "a_b_",
        "é": "_",
        "...": "module",
        "x" * 80: "x" * 60,
    }


@pytest.mark.parametrize("text", ["[", "- a", "a: b: c", "just text", "{" * 3000])
def test_what_is_no_mapping_is_refused(text):
    with pytest.raises(MigrationError):
        migrate(text, "")
    with pytest.raises(MigrationError):
        migrate("", text)


def test_files_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "latin.yml").write_bytes(b"a: \xff")
    for path in (tmp_path / "none.yml", tmp_path / "latin.yml"):
        with pytest.raises(MigrationError, match=re.escape(str(path))):
            migrate_paths([str(path)])


WORDS = st.sampled_from(
    ["http", "tcp", "grpc", "dns", "true", "false", "5s", "x", "", "https://a.example/", "a.example:443", "STLS", "ip4"]
)
KEYS = st.sampled_from(
    [
        *("modules", "prober", "http", "tcp", "tls", "tls_config", "timeout", "query_response", "starttls", "send"),
        *("scrape_configs", "static_configs", "targets", "labels", "relabel_configs", "target_label", "metrics_path"),
        *("params", "module", "file_sd_configs", "files", "proxy_url", "headers", "Host", "no_proxy", "job_name"),
    ]
)
TREES = st.recursive(WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4))


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(KEYS, TREES, max_size=4), st.dictionaries(KEYS, TREES, max_size=4))
def test_any_shape_is_read_without_an_accident(blackbox, prometheus):
    """Configurations of other versions or with mistakes end in notes, or in the one exception."""
    migration = migrate(yaml.safe_dump(blackbox), yaml.safe_dump(prometheus))
    assert isinstance(yaml.safe_load(migration.config_text) or {}, dict)
