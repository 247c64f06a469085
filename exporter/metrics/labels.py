"""Label values fit for the exposition format, whatever bytes they came from.

Values are made valid UTF-8 and cut at MAX_LABEL_LENGTH characters, then escaped as the text format demands.
"""

MAX_LABEL_LENGTH = 1024
MARK_OF_CUT = "..."

_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})


def clean(value: str, limit: int = MAX_LABEL_LENGTH) -> str:
    """Return the value as valid UTF-8 text without control characters, at most `limit` characters long."""
    if not value.isprintable():
        value = "".join(
            c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in value[: limit + 1]
        )
    if len(value) > limit:
        return value[: limit - len(MARK_OF_CUT)] + MARK_OF_CUT
    return value


def label(name: str, value: str, limit: int = MAX_LABEL_LENGTH) -> str:
    """Return `name="value"`, cleaned and escaped."""
    value = clean(value, limit)
    if "\\" in value or '"' in value:
        value = value.translate(_ESCAPES)
    return f'{name}="{value}"'


def joined(values: tuple[str, ...], limit: int = MAX_LABEL_LENGTH) -> str:
    """Return `,a,b,`: whole values only, as many as fit, so that a regex can match `.*,a,.*`."""
    text = ","
    for value in values:
        cleaned = clean(value.replace(",", "\\,"), limit)
        if len(text) + len(cleaned) + 1 > limit:
            break
        text += cleaned + ","
    return text if values else ""
