"""Text made safe to print: on a terminal, in a log, on a page."""

MAX_DETAIL = 200  # characters of what a peer said that a log line or page repeats


def printable(text: str, limit: int = MAX_DETAIL) -> str:
    """Return text from a peer fit for a terminal or a log: escaped, on one line, cut."""
    escaped = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[: limit + 1])
    return escaped if len(text) <= limit else escaped[:limit] + "..."
