"""Label values fit for the exposition format, whatever bytes they came from.

Values are made valid UTF-8 and cut at MAX_LABEL_LENGTH characters, then escaped as the text format demands.
"""

import re

from exporter import text

MAX_LABEL_LENGTH = 1024
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})
_LEGACY_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
QUOTED_NAME = re.compile("\0([^\0]*)\0")
"""A label's name beyond the old character set, in lines that are not written yet: how it is written depends on the
format. No value holds the mark, because `clean` frees values of control characters."""


def clean(value: str, limit: int = MAX_LABEL_LENGTH) -> str:
    """Return the value as valid UTF-8 text without control characters, at most `limit` characters long."""
    return text.clean(value, limit)


def user_label(name: str, value: str) -> str:
    """Return `label` for a name that a user chose, which may be any text (Prometheus 3)."""
    return label(name if _LEGACY_NAME.fullmatch(name) else f"\0{name}\0", value)


def label(name: str, value: str, limit: int = MAX_LABEL_LENGTH) -> str:
    """Return `name="value"`, cleaned and escaped."""
    value = clean(value, limit)
    if "\\" in value or '"' in value:
        value = value.translate(_ESCAPES)
    return f'{name}="{value}"'


def joined(values: tuple[str, ...], limit: int = MAX_LABEL_LENGTH) -> str:
    """Return `,a,b,`: whole values only, as many as fit, so that a regex can match `.*,a,.*`."""
    whole = ","
    for value in values:
        cleaned = clean(value.replace(",", "\\,"), limit)
        if len(whole) + len(cleaned) + 1 > limit:
            break
        whole += cleaned + ","
    return whole if values else ""
