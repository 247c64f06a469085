"""Durations as Prometheus writes them: 500ms, 10s, 1h30m, 1d. Fractions and bare numbers are refused."""

import re

_MILLISECONDS = {
    "y": 365 * 86_400_000,
    "w": 7 * 86_400_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1000,
    "ms": 1,
}
_DURATION = re.compile("".join(rf"(?:(?P<{unit}>[0-9]{{1,15}}){unit}(?![a-z]))?" for unit in _MILLISECONDS))
_NUMBER = re.compile(r"[0-9]{1,9}\Z")
_LONGEST_MILLISECONDS = 292 * _MILLISECONDS["y"]  # what Prometheus' 64-bit nanoseconds hold


def parse_duration(text: str) -> float:
    """Return the seconds of a duration such as `1h30m`; raise ValueError with the reason."""
    if text == "0":
        return 0.0
    match = _DURATION.fullmatch(text)
    if match is None or not text:
        hint = f", did you mean '{text}s'?" if _NUMBER.match(text) else ""
        raise ValueError(f"bad duration {text[:40]!r}: write it like 500ms, 10s, 1h30m or 1d{hint}")
    milliseconds = sum(_MILLISECONDS[unit] * int(count) for unit, count in match.groupdict("0").items())
    if milliseconds > _LONGEST_MILLISECONDS:
        raise ValueError(f"the duration {text[:40]!r} is too long: at most 292y")
    return milliseconds / 1000


def format_duration(seconds: float) -> str:
    """Write seconds as `parse_duration` reads them, with the largest units that are exact."""
    rest = round(seconds * 1000)
    if rest == 0:
        return "0s"
    parts = []
    for unit in ("d", "h", "m", "s", "ms"):
        count, rest = divmod(rest, _MILLISECONDS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)
