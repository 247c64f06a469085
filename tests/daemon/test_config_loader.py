"""The configuration from all its files, again and again: what was in force stays where a file has lost what it held."""

import pytest

from exporter.config.problems import ConfigError
from exporter.daemon.config_loader import EMPTIED, ConfigLoader

TEXT = "targets:\n  - targets: ['127.0.0.1:1']\n"
NOTHING = ["", " \n", "# nothing\n", "---\n", "targets:\n", "\ufeff", "targets:\nmodules:\n", "targets: null\n"]


@pytest.mark.parametrize("text", NOTHING)
def test_a_file_that_has_lost_all_is_refused(tmp_path, text):
    """As a full disk leaves it, or a program that is about to write it."""
    file = tmp_path / "config.yaml"
    file.write_text(TEXT)
    loader = ConfigLoader(str(file))
    loader.load()
    file.write_text(text)
    for _ in range(2):
        with pytest.raises(ConfigError) as caught:
            loader.load()
        assert [problem.message for problem in caught.value.problems] == [EMPTIED]
        assert caught.value.problems[0].file == str(file)
    file.write_text("targets: []\n")
    assert loader.load().targets == ()
    file.write_text(text)
    with pytest.raises(ConfigError):
        loader.load()


@pytest.mark.parametrize("text", NOTHING)
def test_to_begin_with_a_file_may_be_empty(tmp_path, text):
    file = tmp_path / "config.yaml"
    file.write_text(text)
    loader = ConfigLoader(str(file))
    assert loader.load().targets == loader.load().targets == ()
    file.write_text(TEXT)
    assert len(loader.load().targets) == 1


def test_each_file_of_a_directory_is_held_to_it(tmp_path):
    (tmp_path / "a.yaml").write_text(TEXT)
    (tmp_path / "b.yaml").write_text("targets:\n  - targets: ['127.0.0.1:2']\n")
    loader = ConfigLoader(str(tmp_path))
    assert len(loader.load().targets) == 2
    (tmp_path / "c.yaml").write_text("")
    assert len(loader.load().targets) == 2, "a file that is new has lost nothing"
    (tmp_path / "b.yaml").write_text("")
    with pytest.raises(ConfigError) as caught:
        loader.load()
    assert [problem.file for problem in caught.value.problems] == [str(tmp_path / "b.yaml")]
    (tmp_path / "b.yaml").unlink()
    assert len(loader.load().targets) == 1, "a file that is gone was taken away by somebody"


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_a_file_of_targets_that_has_lost_all_keeps_them(tmp_path, text):
    file, listed = tmp_path / "config.yaml", tmp_path / "targets.yml"
    file.write_text(f"target_files: ['{listed}']\n")
    listed.write_text("- targets: ['127.0.0.1:1']\n")
    loader = ConfigLoader(str(file))
    loader.load()
    listed.write_text(text)
    assert len(loader.rediscovered().targets) == 1
    (broken,) = loader.broken_target_files()
    assert "empty" in broken.error
    assert len(loader.load().targets) == 1, "nor does a reload drop them"
    listed.write_text("[]\n")
    assert loader.rediscovered().targets == ()
    assert loader.broken_target_files() == ()
    listed.write_text(text)
    loader.rediscovered()
    assert loader.broken_target_files() == (), "there was nothing to lose"
