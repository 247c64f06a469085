"""Files of targets: Prometheus' format, what changes, and what happens to targets when a file breaks."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.config.dump import mask
from exporter.config.file_sd import FileTargets, TargetFileError, read_targets
from exporter.config.model import BUILT_IN_MODULES, Config, Module, TargetFiles
from exporter.config.reader import load
from exporter.config.targets import make_target
from exporter.metrics.vocabulary import VOCABULARY

MODULES = {**BUILT_IN_MODULES, "mail": Module("mail", starttls="smtp")}
CONFIG = Config(modules=MODULES, vocabulary=VOCABULARY)
GROUPS = [
    {"targets": ["example.com", "example.org:8443"], "labels": {"team": "web", "__meta_dc": "x", "empty": ""}},
    {"targets": ["mx.example.com"], "labels": {"__param_module": "mail", "__address__": "y"}},
    {"targets": []},
]
WANTED = (
    make_target("example.com", "https", MODULES, (("team", "web"),)),
    make_target("example.org:8443", "tls", MODULES, (("team", "web"),)),
    make_target("mx.example.com", "mail", MODULES),
)
YAML = """
- targets: [example.com, "example.org:8443"]
  labels: {team: web, __meta_dc: x, empty: }
- targets:
    - mx.example.com
  labels:
    __param_module: mail
    __address__: y
- targets: []
"""


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def configuration(*patterns, targets=()):
    return Config(
        modules=MODULES, target_files=tuple(TargetFiles(str(pattern)) for pattern in patterns), targets=targets
    )


def names(files):
    return [target.name for target in files.targets]


def test_json_and_yaml_say_the_same():
    assert read_targets("a.json", json.dumps(GROUPS, indent="\t").encode(), CONFIG) == WANTED
    assert read_targets("a.yml", YAML.encode(), CONFIG) == WANTED


def test_the_folder_of_the_configuration_is_no_pattern(tmp_path):
    folder = tmp_path / "web[1]*"
    folder.mkdir()
    (folder / "config.yaml").write_text("target_files: ['*.yml', b.json]\n")
    (folder / "a.yml").write_text("- targets: [a.example]\n")
    (folder / "b.json").write_text('[{"targets": ["b.example"]}]')
    files = FileTargets(load(str(folder / "config.yaml")), Clock())
    assert names(files) == ["a.example", "b.example"]


def test_values_are_text_in_yaml():
    (target,) = read_targets("a.yml", b"- {targets: [a.example], labels: {rack: 07, spare: no}}", CONFIG)
    assert target.labels == (("rack", "07"), ("spare", "no"))
    assert {type(text) for text in (target.name, *target.labels[0], *target.labels[1])} == {str}
    assert "rack: '07'" in mask(Config(targets=(target,)))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.json", "", "a.json:1:1: not JSON"),
        ("a.json", '[{"targets": ["a"],}]', "a.json:1:20: not JSON"),
        ("a.json", "\x00", "not JSON"),
        ("a.json", "[" * 100_000, "nested too deep"),
        ("a.json", "[" + "9" * 5000 + "]", "a number too long"),
        ("a.json", '{"targets": []}', "a list of {targets, labels} is wanted"),
        ("a.json", '["example.com"]', r"\[0\]: a mapping with 'targets' is wanted"),
        ("a.json", '[{"labels": {}}]', r"\[0\].targets: a list of texts"),
        ("a.json", '[{"targets": [1]}]', "a list of texts"),
        ("a.json", '[{"targets": [], "label": {}}]', "unknown key 'label', did you mean 'labels'"),
        ("a.json", '[{"targets": [], "labels": []}]', "a mapping of names to texts"),
        ("a.json", '[{"targets": [], "labels": {"a": 1}}]', "a mapping of names to texts"),
        ("a.json", '[{"targets": [], "labels": {"a\\nb": "1"}}]', "bad label name"),
        ("a.json", '[{"targets": [], "labels": {"target": "1"}}]', "is reserved"),
        (
            "a.json",
            '[{"targets": [], "labels": {"__param_module": "mial"}}]',
            "unknown module 'mial', did you mean 'mail'",
        ),
        ("a.json", '[{"targets": ["ok", "a b"]}]', r"a.json:1:21: \[0\].targets\[1\]: a target must not contain"),
        ("a.yml", "- targets: [a\n", "a.yml:2:1: not YAML"),
        ("a.yml", "- targets: [a]\n  targets: [b]\n", r"a.yml:2:3: \[0\]: the key 'targets' is written twice"),
        ("a.yml", "targets: [a]\n", "a list of"),
    ],
)
def test_one_mistake_spoils_the_whole_file(name, text, message):
    with pytest.raises(TargetFileError, match=message):
        read_targets(name, text.encode(), CONFIG)


def test_bytes_that_are_no_text():
    for name in ("a.json", "a.yml"):
        with pytest.raises(TargetFileError, match="not UTF-8"):
            read_targets(name, b"[\xff]", CONFIG)


@given(st.sampled_from(["a.json", "a.yml"]), st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_targets_or_one_error(name, data):
    with contextlib.suppress(TargetFileError):
        assert isinstance(read_targets(name, data, CONFIG), tuple)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["example.com", "mail"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["targets", "labels", "team", "__param_module", "x"]), inner, max_size=3)
    ),
    max_leaves=15,
)


@given(_JSON)
@settings(max_examples=300, deadline=None)
def test_any_json_gives_targets_or_one_error(value):
    with contextlib.suppress(TargetFileError):
        assert isinstance(read_targets("a.json", json.dumps(value).encode(), CONFIG), tuple)


def test_files_come_change_and_go(tmp_path, clock):
    files = FileTargets(configuration(tmp_path / "*.json"), clock)
    assert names(files) == []
    (tmp_path / "a.json").write_text('[{"targets": ["a.example"]}]')
    (tmp_path / "b.json").write_text('[{"targets": ["b.example"]}]')
    assert files.refresh()
    assert names(files) == ["a.example", "b.example"]
    assert not files.refresh()
    (tmp_path / "a.json").write_text('[{"targets": ["c.example"]}]')
    clock.now = 2000.0
    assert files.refresh()
    assert names(files) == ["c.example", "b.example"]
    assert [file.loaded_at for file in files.files] == [2000.0, 1000.0]
    (tmp_path / "b.json").unlink()
    assert files.refresh()
    assert names(files) == ["c.example"]
    assert not files.refresh()


def test_a_broken_file_keeps_its_targets_until_it_is_mended(tmp_path, clock):
    path = tmp_path / "a.json"
    path.write_text('[{"targets": ["a.example"]}]')
    files = FileTargets(configuration(path), clock)
    path.write_text('[{"targets": ["b.exam')
    assert files.refresh()
    (file,) = files.files
    assert names(files) == ["a.example"]
    assert "not JSON" in file.error
    assert file.loaded_at == 1000.0
    assert not files.refresh()
    path.write_text('[{"targets": ["b.example"]}]')
    assert files.refresh()
    assert names(files) == ["b.example"]
    assert files.files[0].error == ""


def test_a_file_that_becomes_a_directory_keeps_its_targets(tmp_path, clock):
    path = tmp_path / "a.json"
    path.write_text('[{"targets": ["a.example"]}]')
    files = FileTargets(configuration(path), clock)
    path.unlink()
    path.mkdir()
    assert files.refresh()
    assert names(files) == ["a.example"]
    assert "not a regular file" in files.files[0].error


def test_a_file_named_without_wildcards_is_missed_and_loses_its_targets(tmp_path, clock):
    path = tmp_path / "a.json"
    files = FileTargets(configuration(path), clock)
    assert "there is no file" in files.files[0].error
    path.write_text('[{"targets": ["a.example"]}]')
    assert files.refresh()
    assert names(files) == ["a.example"]
    path.unlink()
    assert files.refresh()
    assert names(files) == []
    assert "there is no file" in files.files[0].error


def test_no_target_twice(tmp_path, clock):
    """Neither one that the configuration has, nor one of another file; other labels make another target."""
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text('[{"targets": ["a.example", "b.example"]}, {"targets": ["b.example"]}]')
    (tmp_path / "c.json").write_text('[{"targets": ["b.example"], "labels": {"team": "web"}}]')
    configured = (make_target("a.example", None, MODULES),)
    files = FileTargets(configuration(tmp_path / "*.json", targets=configured), clock)
    assert [(target.name, target.labels) for target in files.targets] == [
        ("b.example", ()),
        ("b.example", (("team", "web"),)),
    ]


def test_a_reload_keeps_what_a_broken_file_last_held(tmp_path, clock):
    path = tmp_path / "a.json"
    path.write_text('[{"targets": ["a.example"], "labels": {"__param_module": "mail"}}]')
    first = FileTargets(configuration(path), clock)
    path.write_text("[")
    first.refresh()
    second = FileTargets(configuration(path), clock, first)
    assert second.targets == first.targets
    assert second.files[0].error
    without_module = Config(target_files=(TargetFiles(str(path)),))
    third = FileTargets(without_module, clock, second)
    assert third.targets == ()


def test_a_reload_reads_good_files_with_the_new_modules(tmp_path, clock):
    path = tmp_path / "a.json"
    path.write_text('[{"targets": ["a.example"], "labels": {"__param_module": "mail"}}]')
    first = FileTargets(configuration(path), clock)
    second = FileTargets(Config(target_files=(TargetFiles(str(path)),)), clock, first)
    assert "unknown module 'mail'" in second.files[0].error
    assert second.targets == ()


def test_names_of_labels_are_those_of_prometheus_3():
    """UTF-8 names are taken; two that older scrapers could not tell apart are refused with their file."""
    written = b"- targets: [a.example]\n  labels: {team: web, Team-Name: x, 'service.name': y}\n"
    (target,) = read_targets("a.yml", written, CONFIG)
    assert dict(target.labels) == {"team": "web", "Team-Name": "x", "service.name": "y"}
    with pytest.raises(TargetFileError, match="are one to older scrapers"):
        read_targets("a.yml", b"- targets: [a.example]\n  labels: {Team.Name: web, Team-Name: x}\n", CONFIG)


def test_an_entry_gives_module_and_labels_where_the_file_says_nothing_else(tmp_path, clock):
    """What stands in the file goes before what stands in the entry; one file may serve two entries."""
    path = tmp_path / "a.yml"
    path.write_text("- targets: [a.example]\n- targets: [b.example]\n  labels: {__param_module: tls, team: own}\n")
    (tmp_path / "config.yaml").write_text(
        "modules: {mail: {starttls: smtp}}\n"
        "target_files:\n"
        "  - {files: ['*.yml'], module: mail, labels: {team: mail, site: one}}\n"
        "  - a.yml\n"
    )
    files = FileTargets(load(str(tmp_path / "config.yaml"), VOCABULARY), clock)
    seen = {(target.name, target.module, target.endpoint.port): dict(target.labels) for target in files.targets}
    assert seen == {
        ("a.example", "mail", 25): {"team": "mail", "site": "one"},
        ("b.example", "tls", 443): {"team": "own"},
        ("a.example", "https", 443): {},
    }
    assert [dict(target.labels) for target in files.targets if target.name == "b.example"] == [
        {"site": "one", "team": "own"},
        {"team": "own"},
    ]
