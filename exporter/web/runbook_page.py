"""GET /runbooks/ID: the runbook of a finding or alert, so that the links in alerts and pages need no other site.

The pages are those of docs/runbooks, which the wheel has next to this file. They are read when one is asked for.
"""

import re
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import pairwise
from pathlib import Path

from aiohttp import web
from markupsafe import Markup

from exporter.web.error_page import error_page
from exporter.web.pages import page, render, shell_of

_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_LINK_TO_PAGE = re.compile(r"(?<=\]\()([A-Za-z0-9_]+)\.md(?=[)#])")
_LINK_OUTSIDE = re.compile(r"\[([^\]]*)\]\(\.\./[^)]*\)")
_SEPARATORS = re.compile(r"[^a-z0-9]+")
_MAX_RUNBOOKS = 256


async def runbook(request: web.Request) -> web.StreamResponse:
    """Answer with one runbook; `/runbooks/` has the list of all."""
    name = request.match_info.get("name", "index").removesuffix(".md")
    body = html_of(name)
    if body is None:
        return error_page(request, 404, f"There is no runbook {name!r}.")
    if request.path.endswith("/") and name != "index":
        raise web.HTTPPermanentRedirect(f"../{name}")  # links between runbooks are relative
    title = name if name != "index" else "Runbooks"
    return page(render("runbook.html", shell_of(request), title=title, body=body, is_index=name == "index"))


def folder() -> Traversable:
    """Return where the runbooks are: in the installed package, or in the docs of a checkout."""
    packaged = resources.files("exporter.web").joinpath("runbooks")
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "docs" / "runbooks"


@lru_cache(maxsize=1)
def names() -> frozenset[str]:
    """Return the names of all runbooks. No other name is ever made into a path."""
    return frozenset(one.name.removesuffix(".md") for one in folder().iterdir() if one.name.endswith(".md"))


@lru_cache(maxsize=_MAX_RUNBOOKS)
def html_of(name: str) -> Markup | None:
    """Return a runbook as HTML, or None if there is none of that name."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 - few open a runbook, and importing takes 20 ms

    if name not in names():
        return None
    text = folder().joinpath(f"{name}.md").read_text(encoding="utf-8")
    text = _LINK_OUTSIDE.sub(r"\1", _LINK_TO_PAGE.sub(r"\1", _COMMENT.sub("", text)))
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(text)
    for opening, content in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", _SEPARATORS.sub("-", content.content.lower()).strip("-"))
    return Markup(markdown.renderer.render(tokens, markdown.options, {}))  # noqa: S704 - our own text, HTML escaped
