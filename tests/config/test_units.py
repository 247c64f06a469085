import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.config.units import format_duration, parse_duration

ROUND_TRIPS = [
    ("500ms", 0.5),
    ("10s", 10),
    ("90s", 90),
    ("1h30m", 5400),
    ("1d", 86400),
    ("1w", 604_800),
    ("1y", 31_536_000),
    ("1y2w3d4h5m6s7ms", 33_019_506.007),
    ("0", 0),
    ("0s", 0),
]


@pytest.mark.parametrize(("text", "seconds"), ROUND_TRIPS)
def test_reads(text, seconds):
    assert parse_duration(text) == seconds
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize(
    "text",
    ["", " ", "10", "-1s", "+1s", "1.5s", "1 s", "s", "1m1h", "1s1s", "1S", "1µs", "\u0661s", "293y", "1s\n"],
)
def test_refuses(text):
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@given(st.integers(min_value=0, max_value=292 * 365 * 86_400_000))
def test_what_is_written_is_read_back(milliseconds):
    assert parse_duration(format_duration(milliseconds / 1000)) == milliseconds / 1000


def test_a_bare_number_is_answered_with_its_seconds():
    with pytest.raises(ValueError, match="did you mean '15s'"):
        parse_duration("15")
