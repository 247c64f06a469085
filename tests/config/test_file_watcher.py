import os
from pathlib import Path

import pytest

from exporter.config.file_watcher import Checksums, FileWatcher
from exporter.config.problems import ConfigError
from exporter.config.reader import load


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("global: {timeout: 5s}\n")
    return path


def test_nothing_changed(config):
    watch = FileWatcher(str(config))
    assert not watch.changed()
    assert not watch.changed()


def test_other_bytes_are_one_change(config):
    watch = FileWatcher(str(config))
    config.write_text("global: {timeout: 6s}\n")
    assert watch.changed()
    assert not watch.changed()


def test_touching_and_writing_the_same_are_no_change(config):
    watch = FileWatcher(str(config))
    os.utime(config, ns=(1, 1))
    assert not watch.changed()
    config.write_text(config.read_text())
    assert not watch.changed()


def test_a_file_that_goes_and_comes_back(config):
    watch = FileWatcher(str(config))
    text = config.read_text()
    config.unlink()
    assert watch.changed()
    config.write_text(text)
    assert watch.changed()


def test_the_swap_of_a_symbolic_link(tmp_path):
    """Kubernetes mounts a ConfigMap as links into a directory that is itself swapped by a link."""
    for name, seconds in (("first", 5), ("second", 6)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.yaml").write_text(f"global: {{timeout: {seconds}s}}\n")
    (tmp_path / "..data").symlink_to("first")
    (tmp_path / "config.yaml").symlink_to("..data/config.yaml")
    watch = FileWatcher(str(tmp_path / "config.yaml"))
    (tmp_path / "new").symlink_to("second")
    (tmp_path / "new").rename(tmp_path / "..data")
    assert watch.changed()


def test_files_of_a_directory_come_and_go(tmp_path, config):
    watch = FileWatcher(str(tmp_path))
    (tmp_path / "more.yml").write_text("")
    assert watch.changed()
    (tmp_path / "note.txt").write_text("")
    assert not watch.changed()
    (tmp_path / "more.yml").unlink()
    assert watch.changed()


def test_an_empty_directory_that_gets_its_first_file(tmp_path):
    watch = FileWatcher(str(tmp_path))
    assert not watch.changed()
    (tmp_path / "config.yaml").write_text("")
    assert watch.changed()


def test_named_files_are_followed_even_when_they_are_missing(tmp_path, config):
    """A configuration that was refused because a file was missing becomes valid when the file appears."""
    config.write_text("modules: {web: {tls_config: {ca_file: ca.pem}}}\n")
    watch = FileWatcher(str(config))
    with pytest.raises(ConfigError) as error:
        load(str(config))
    watch.follow(error.value.files)
    assert not watch.changed()
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    assert watch.changed()
    watch.follow(load(str(config)).files)
    assert not watch.changed()
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\nx\n")
    assert watch.changed()


def test_what_changes_while_loading_is_seen_at_the_next_poll(tmp_path, config):
    watch = FileWatcher(str(config))
    files = load(str(config)).files
    config.write_text("global: {timeout: 7s}\n")
    watch.follow(files)
    assert watch.changed()


def test_files_no_longer_named_are_forgotten(tmp_path, config):
    watch = FileWatcher(str(config))
    other = tmp_path / "ca.pem"
    watch.follow([str(other)])
    watch.follow([])
    other.write_text("x")
    assert not watch.changed()


def test_checksums_tell_unreadable_files_apart(tmp_path):
    checksums = Checksums()
    assert checksums.of(str(tmp_path)).startswith("unreadable")
    assert checksums.of(str(tmp_path / "gone")).startswith("unreadable")
    assert checksums.of("a\0b").startswith("unreadable")


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert Checksums().of(str(tmp_path / "pipe")) == "unreadable: OSError"


def test_what_is_not_kept_is_read_again(tmp_path):
    checksums, files = Checksums(), [str(tmp_path / name) for name in "ab"]
    for file in files:
        Path(file).write_text(file)
        checksums.of(file)
    checksums.keep(files[:1])
    assert set(checksums._known) == {files[0]}
