"""What templates are made with, and what they may call.

Every word that a template prints is escaped for HTML and freed of control characters, wherever it comes from.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from exporter import __version__
from exporter.text import clean, date, milliseconds, span
from exporter.web import runbook_page
from exporter.web.pages import url
from exporter.web.static_files import FILES

LONGEST_TEXT = 600


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the one environment of all templates."""
    made = Environment(
        loader=PackageLoader("exporter.web"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "date": date,
        "span": span,
        "milliseconds": milliseconds,
        "short_name": short_name,
        "with_code": with_code,
        "groupby_kept": _in_groups,
    }
    made.globals |= {
        "url": url,
        "version": __version__,
        "runbooks": runbook_page.names(),
        "static": {name: f"static/{name}?v={file.version}" for name, file in FILES.items()},
    }
    return made


def _printable(value: Any) -> Any:
    """Remove control and direction characters from a text and cut it; the exporter's own markup passes unchanged."""
    return clean(value, LONGEST_TEXT) if isinstance(value, str) and not isinstance(value, Markup) else value


def _in_groups(rows: Iterable[Any]) -> list[tuple[str, list[Any]]]:
    """Return rows that stand in the order of their groups, group by group."""
    return [(group, list(found)) for group, found in groupby(rows, key=lambda row: row.group)]


def short_name(name: str) -> str:
    """Return the common name out of a distinguished name (RFC 4514), else the whole of it."""
    part, escaped = "", False
    parts = []
    for character in name:
        if character == "," and not escaped:
            parts.append(part)
            part = ""
            continue
        escaped = character == "\\" and not escaped
        part += character
    parts.append(part)
    common = next((one.removeprefix("CN=") for one in parts if one.startswith("CN=")), "")
    return clean(common or name or "(empty subject)", 200)


def with_code(text: str) -> Markup:
    """Return a text of the catalogue with what stands between backticks as code."""
    parts = [escape(part) for part in text.split("`")]
    marked = (Markup("<code>{}</code>").format(part) if index % 2 else part for index, part in enumerate(parts))
    return Markup("").join(marked)
