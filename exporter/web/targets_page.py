"""GET /: every configured target with its last reading. It shows what the last scrape saw and causes no probe."""

import asyncio

from aiohttp import web

from exporter.web.context import SITE, WebContext
from exporter.web.pages import Shell, page, render, shell_of, url
from exporter.web.target_list import ORDERS, SHOWN, ListQuery, listing

MAX_FILTER = 200
_COLUMNS = tuple((name, words) for name, (words, _) in ORDERS.items() if name != "urgency")


async def index(request: web.Request) -> web.Response:
    """Answer with the page that is asked for. A parameter that makes no sense counts as not given."""
    query = wish_of(request)
    return page(await asyncio.to_thread(_page, request.app[SITE], shell_of(request), query))


def wish_of(request: web.Request) -> ListQuery:
    """Read what of the list is asked for."""
    query = request.query
    number = query.get("page", "1")
    return ListQuery(
        text=query.get("q", "")[:MAX_FILTER],
        show=query.get("show", "") if query.get("show") in SHOWN else "",
        module=query.get("module", ""),
        sort=query.get("sort", "") if query.get("sort") in ORDERS else "urgency",
        descending=query.get("order") == "desc",
        page=max(1, int(number)) if number.isascii() and number.isdigit() and len(number) < 7 else 1,  # noqa: PLR2004
    )


def _page(site: WebContext, shell: Shell, query: ListQuery) -> str:
    engine = site.engine
    config, now = engine.config, engine.clock()

    def link(**changed: str | int | None) -> str:
        parameters: dict[str, str | int | None] = {
            "q": query.text,
            "show": query.show,
            "module": query.module,
            "sort": query.sort if query.sort != "urgency" else None,
            "order": "desc" if query.descending and "sort" not in changed else None,
            "page": query.page if query.page > 1 else None,
        }
        return url("./", **parameters | changed)

    return render(
        "status.html",
        shell,
        listing=listing(config.targets, engine.history.histories, query, now),
        query=query,
        link=link,
        columns=_COLUMNS,
        modules=sorted({target.module for target in config.targets}),
        now=now,
    )
