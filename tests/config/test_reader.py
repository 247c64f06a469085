"""Good configurations say what they mean; any bytes at all either load or give problems."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.config.build import Assembly
from exporter.config.model import (
    BUILT_IN_MODULES,
    Addresses,
    Config,
    IPProtocol,
    ProxyConfig,
    Secret,
    TargetFiles,
)
from exporter.config.problems import ConfigError, Problem
from exporter.config.reader import load
from exporter.config.schema import File
from exporter.config.source import read_source
from exporter.config.yaml_document import MAX_DEPTH

CONFIGS = Path(__file__).parents[1] / "configs"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def everything():
    return load(str(CONFIGS / "good" / "everything.yaml"))


def test_empty_files_are_the_default_configuration():
    for name in ("empty.yaml", "comment.yaml"):
        path = str(CONFIGS / "good" / name)
        assert load(path) == Config(files=(path,))


def test_keys_without_a_value_count_as_not_written(everything):
    https = everything.modules["https"]
    assert https.tls_config == BUILT_IN_MODULES["https"].tls_config
    assert (https.proxy, https.starttls, https.source_address, https.timeout) == (None, None, None, 5.0)
    assert everything.modules["nothing_written"] == dataclasses.replace(
        BUILT_IN_MODULES["tls"],
        name="nothing_written",
    )


def test_a_module_written_over_keeps_what_is_not_written(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("modules: {https: {timeout: 2s}}")
    modules = load(str(path)).modules
    assert modules["https"] == dataclasses.replace(BUILT_IN_MODULES["https"], timeout=2.0)
    assert modules["tls"] == BUILT_IN_MODULES["tls"]
    path.write_text("modules: {https: {alpn: []}}")
    assert load(str(path)).modules["https"].alpn == ()


def test_every_field(everything):
    module = everything.modules["every_field"]
    assert module.timeout == 90
    assert module.tls_config.ca_file == str((CONFIGS / "good" / "../client.pem").absolute())
    assert module.tls_config.key_password.reveal() == "hunter2"
    assert (module.tls_config.min_version, module.tls_config.max_version) == ("TLS10", "TLS13")
    assert (module.ip_protocol, module.addresses) == (IPProtocol.IP6, Addresses.ALL)
    assert module.server_names == ("a.example.com", "b.example.com", "192.0.2.1", "xn--bcher-kva.example")
    assert module.source_address == "2001:db8::1"
    assert module.proxy == ProxyConfig("socks5", "proxy.example.com", 1080, "some@body", Secret("hunter2"))
    assert module.no_proxy == (".internal.example", "10.0.0.0/8", "localhost")
    assert module.trust.spki_sha256_pins == ("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",)
    assert module.trust.max_lifetime == 47 * 86400
    assert module.trust.system_roots is True
    assert (module.revocation.refresh, module.revocation.crl) == (3600, True)
    assert (module.posture.refresh, module.posture.active_checks) == (600, True)
    assert everything.modules["password_in_url"].proxy == ProxyConfig(
        "http",
        "2001:db8::2",
        3128,
        "user",
        Secret("p@ss"),
    )


def test_modules_and_ports_of_targets(everything):
    seen = {(target.name, target.module): target.endpoint.port for target in everything.targets}
    assert seen == {
        ("example.com:443", "https"): 443,
        ("https://example.org/health", "https"): 443,
        ("[2001:db8::1]:8443", "https"): 8443,
        ("mail.example.com:25", "https"): 25,
        ("example.com", "https"): 443,
        ("https://example.org:8443/", "https"): 8443,
        ("tls://example.org", "tls"): 443,
        ("example.net:8443", "tls"): 8443,
        ("unix:/run/server.sock", "tls"): None,
        ("chat.example.com", "every_field"): 5269,
    }


def test_label_values_are_the_text_that_was_written(everything):
    """YAML's habit of reading `no`, `1:30` and dates as something else stays outside."""
    labels = dict(everything.targets[4].labels)
    assert labels == {"team": "42", "since": "2024-01-01", "on": "no", "at": "1:30"}


def test_a_label_without_a_value_counts_as_not_written(tmp_path):
    """As in Prometheus, and in our own files of targets."""
    config = tmp_path / "config.yaml"
    config.write_text(
        "targets:\n  - targets: [a.example]\n    labels: {team: , env: ~, site: '', tier: null, at: one}\n"
    )
    assert load(str(config)).targets[0].labels == (("at", "one"),)


def test_files_that_were_read_are_named(everything):
    names = [Path(name).name for name in everything.files]
    assert names == ["everything.yaml", "password", "client.pem", "client.key"]


def test_anchors_and_merge_keys():
    config = load(str(CONFIGS / "good" / "anchors.yaml"))
    assert config.modules["b"].timeout == 5
    assert config.modules["b"].tls_config.min_version == "TLS12"
    assert config.modules["b"].tls_config.max_version == "TLS13"
    assert len(config.targets) == 4


def test_a_directory_is_one_configuration():
    config = load(str(CONFIGS / "good" / "several"))
    assert (config.global_.timeout, config.global_.concurrency) == (3, 9)
    assert [target.name for target in config.targets] == ["example.com", "mx.example.com"]
    assert config.targets[1].endpoint.port == 25
    assert config.probe_endpoint.allow == ("b.example.com:443", "a.example.com:443")
    assert [Path(name).name for name in config.files] == ["10-global.yaml", "15-targets.yaml", "20-targets.yml"]
    assert config.target_files == (TargetFiles(str(CONFIGS / "good" / "several" / "more.yml")),)


def test_the_example_loads():
    config = load(str(ROOT / "config.example.yaml"))
    assert config.targets


def test_a_file_that_is_not_there():
    with pytest.raises(ConfigError) as error:
        load("/nonexistent/config.yaml")
    assert error.value.problems == (
        Problem("/nonexistent/config.yaml", 1, 1, "", "there is no file /nonexistent/config.yaml"),
    )


def test_a_name_that_no_file_can_have():
    with pytest.raises(ConfigError):
        load("a\0b")


def test_a_missing_file_next_to_other_mistakes_is_reported_with_them(tmp_path):
    (tmp_path / "a.yaml").symlink_to(tmp_path / "gone")
    (tmp_path / "b.yaml").write_text("targets: [{targets: [a b]}]")
    with pytest.raises(ConfigError) as error:
        load(str(tmp_path))
    assert len(error.value.problems) == 2


def test_many_problems_are_cut_in_the_message_only(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("".join(f"key{number}: 1\n" for number in range(150)))
    with pytest.raises(ConfigError) as error:
        load(str(path))
    assert len(error.value.problems) == 150
    assert str(error.value).endswith("... and 50 more")


def test_a_byte_order_mark_is_not_text(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_bytes(b"\xef\xbb\xbfglobal: {timeout: 2s}\n")
    assert load(str(path)).global_.timeout == 2


def _check(data):
    source = read_source("config.yaml", data, File())
    assembly = Assembly()
    config = assembly.build([source])
    assert isinstance(config, Config)
    for problem in source.problems + assembly.problems:
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.message
        assert "\n" not in str(problem)


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace"))))
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_a_configuration_or_problems(data):
    _check(data)


_WORDS = st.sampled_from(
    [
        "global",
        "modules",
        "targets",
        "module",
        "labels",
        "https",
        "timeout",
        "tls_config",
        "example.com:443",
        "5s",
        "target_files",
        "probe_endpoint",
        "allow",
        "*",
        "&a",
        "*a",
        "<<",
        "!!str",
        "- ",
        ": ",
        "\n",
        "\n  ",
        "\n    ",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "'",
        '"',
        "#",
        "|",
        ">",
        "?",
        "~",
        "%",
        "@",
        "`",
        "---",
        "...",
    ],
)


@given(st.lists(_WORDS, max_size=40).map("".join))
@settings(max_examples=500, deadline=None)
def test_any_soup_of_words_gives_a_configuration_or_problems(text):
    _check(text.encode())


_KEYS = st.sampled_from(
    [
        "global",
        "modules",
        "targets",
        "target_files",
        "probe_endpoint",
        "https",
        "web",
        "timeout",
        "tls_config",
        "http",
        "module",
        "labels",
        "allow",
        "starttls",
        "alpn",
        "trust",
        "posture",
        "refresh",
        "proxy_url",
        "x",
    ],
)
_LEAVES = st.sampled_from(["5s", "10", "true", "x", "https", "example.com", "", None, "smtp", "/", "a b", "h2"])
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=25,
)


@given(st.dictionaries(_KEYS, _TREES, max_size=5))
@settings(max_examples=500, deadline=None)
def test_any_tree_of_known_words_gives_a_configuration_or_problems(tree):
    """Whatever is left out because it is wrong, the rest goes on to be checked."""
    import json

    _check(json.dumps(tree).encode())


def test_nesting_beyond_the_limit_is_refused_without_recursion():
    source = read_source("config.yaml", b"[" * 100_000, File())
    assert [problem.column for problem in source.problems] == [MAX_DEPTH + 1]
