"""Text for people: peers' strings made safe to print, timestamps and durations in words."""

from datetime import UTC, datetime

MAX_DETAIL = 200  # characters of what a peer said that a log line or page repeats
MARK_OF_CUT = "..."
_ESCAPES = {n: chr(n).encode("unicode_escape").decode("ascii") for n in range(128) if not chr(n).isprintable()}
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
_SMALLEST_WHOLE = 2  # of the next larger unit: below, the smaller one says more


def escaped(text: str) -> str:
    """Return text with every character that does not print as an escape: on one line, and harmless to a terminal."""
    if text.isprintable():
        return text
    if text.isascii():
        return text.translate(_ESCAPES)  # a twentieth of the time: certificates may hold 90 KB of control characters
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def printable(text: str, limit: int = MAX_DETAIL) -> str:
    """Return text from a peer escaped, and cut behind `limit` characters."""
    shown = escaped(text[: limit + 1])
    return shown if len(text) <= limit else shown[:limit] + MARK_OF_CUT


def clean(text: str, limit: int) -> str:
    """Return text escaped and at most `limit` characters long, the mark of a cut among them."""
    if not text.isprintable():
        text = escaped(text[: limit + 1])
    return text if len(text) <= limit else text[: limit - len(MARK_OF_CUT)] + MARK_OF_CUT


def date(seconds: float | None) -> str:
    """Return Unix seconds as `2026-11-29 09:30:00` in UTC; years that the calendar does not know as the number."""
    if seconds is None:
        return "unknown"
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return str(seconds)


def rfc3339(seconds: float | None) -> str | None:
    """Return Unix seconds as `2026-11-29T09:30:00Z` (RFC 3339), for programs; None for what cannot be written so."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if seconds is not None else None
    except (OverflowError, ValueError, OSError):
        return None


def span(seconds: float) -> str:
    """Return a length of time in the one unit that says enough."""
    seconds = abs(seconds)
    for size, unit in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= _SMALLEST_WHOLE * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def milliseconds(seconds: float) -> str:
    """Return the duration of a probe or one of its phases."""
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"
