"""Log lines: whatever a peer says, it stays text on one line."""

import errno
import io
import logging

import pytest
import structlog

from exporter import log

HOSTILE = "peer \x1b[31m said\nlevel=error \u202e \x9b"


class Disk(io.StringIO):
    """A file on a disk that has room, or none."""

    full = False

    def write(self, text):
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)


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


def test_what_cannot_be_written_is_counted_and_logged_when_it_can_be(lines):
    lines("logfmt")
    disk, before, logger = Disk(), log.Lines.errors, structlog.get_logger("any")
    logging.getLogger().handlers[0].setStream(disk)
    disk.full = True
    for _ in range(3):
        logger.warning("lost")
    assert log.Lines.errors == before + 3
    disk.full = False
    logger.warning("found")
    logger.warning("last")
    found, notice, last = disk.getvalue().splitlines()
    assert "msg=found" in found
    assert "lines of the log could not be written" in notice
    assert notice.endswith("lines=3")
    assert "msg=last" in last


def test_trouble_of_a_kind_is_logged_seldom_and_each_kind_by_itself():
    now = 0.0
    throttle = log.Throttle(lambda: now)
    logged = [(kind, throttle(kind)) for kind in ("memory", "memory", "resolver")]
    assert logged == [("memory", True), ("memory", False), ("resolver", True)]
    now = log.SELDOM_SECONDS
    assert throttle("memory")
