"""Every file of tests/configs/bad gives exactly the messages that stand beside it, in a .txt of its name.

To accept new messages: pytest tests/config/test_bad_configs.py --accept
"""

from pathlib import Path

import pytest

from exporter.config.problems import ConfigError
from exporter.config.reader import load
from exporter.metrics.vocabulary import VOCABULARY

CONFIGS = Path(__file__).parents[1] / "configs"
BAD = sorted(path.name for path in (CONFIGS / "bad").iterdir() if path.is_dir() or path.suffix == ".yaml")


@pytest.mark.parametrize("name", BAD)
def test_message(name, monkeypatch, request):
    monkeypatch.chdir(CONFIGS / "bad")
    with pytest.raises(ConfigError) as error:
        load(name, VOCABULARY)
    messages = str(error.value).replace(str(CONFIGS), "CONFIGS") + "\n"
    wanted = Path(name).with_suffix(".txt")
    if request.config.getoption("--accept"):
        wanted.write_text(messages)
    assert messages == wanted.read_text()


def test_no_message_without_its_file():
    texts = {path.stem for path in (CONFIGS / "bad").glob("*.txt")}
    assert texts == {Path(name).stem for name in BAD}


def test_enough_of_them():
    assert len(BAD) >= 45


def test_no_message_shows_a_password():
    shown = "".join(path.read_text() for path in (CONFIGS / "bad").glob("*.txt"))
    assert "hunter2" not in shown
    assert "pass/word" not in shown
