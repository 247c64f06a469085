"""Log lines: whatever a peer says, it stays text on one line."""

import logging

import pytest
import structlog

from exporter import log

HOSTILE = "peer \x1b[31m said\nlevel=error \u202e \x9b"


def refuse():
    """Raise with a peer's words."""
    raise ValueError(HOSTILE)


@pytest.fixture
def lines(capsys):
    """Log as the command does; return what was written so far."""
    root = logging.getLogger()
    before = root.handlers[:], root.level

    def configured(form):
        log.configure("debug", form)
        return lambda: capsys.readouterr().err

    yield configured
    root.handlers[:], level = before
    root.setLevel(level)


@pytest.mark.parametrize("form", log.FORMATS)
def test_a_traceback_is_escaped_like_every_value(lines, form):
    written = lines(form)
    try:
        refuse()
    except ValueError:
        structlog.get_logger("hostile").error("fault", said=HOSTILE, exc_info=True)
    text = written()
    assert "ValueError: " in text
    assert text.count("\n") == 1
    assert text.rstrip("\n").isprintable()
