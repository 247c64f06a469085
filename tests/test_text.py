"""Text made safe to print, and moments and lengths of time in words."""

import pytest

from exporter.text import clean, date, escaped, milliseconds, printable, rfc3339, span


def test_what_does_not_print_is_an_escape():
    assert escaped("a\x1b[31m\u202eb\ud800\n") == r"a\x1b[31m\u202eb\ud800\n"
    assert escaped("é") == "é"


@pytest.mark.parametrize("text", ["a" * 300, "\x00" * 300, "a" * 199 + "\x00\x00"])
def test_text_is_cut(text):
    assert len(clean(text, 200)) <= 200
    assert clean(text, 200).endswith("...")
    assert printable(text).endswith("...")
    assert len(printable(text)) <= 203


@pytest.mark.parametrize(
    ("seconds", "shown", "for_programs"),
    [
        (0, "1970-01-01 00:00:00", "1970-01-01T00:00:00Z"),
        (1_795_000_000.9, "2026-11-18 11:06:40", "2026-11-18T11:06:40Z"),
        (None, "unknown", None),
        (10**15, "1000000000000000", None),
    ],
)
def test_dates(seconds, shown, for_programs):
    assert date(seconds) == shown
    assert rfc3339(seconds) == for_programs


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"), (7200, "2 h"), (-172_800, "2 d"), (4e8, "4630 d")],
)
def test_lengths_of_time(seconds, words):
    assert span(seconds) == words


def test_durations_of_probes():
    assert (milliseconds(0.0042), milliseconds(1.5)) == ("4.2 ms", "1.50 s")
