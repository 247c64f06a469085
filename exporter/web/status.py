"""GET /: every configured target with its last reading. It shows what the last scrape saw and causes no probe."""

import asyncio

from aiohttp import web

from exporter.web.listing import ORDERS, SHOWN, Wish, listing
from exporter.web.pages import Shell, page, render, shell_of, url
from exporter.web.site import SITE, Site

MAX_FILTER = 200
_COLUMNS = tuple((name, words) for name, (words, _) in ORDERS.items() if name != "urgency")


async def index(request: web.Request) -> web.Response:
    """Answer with the page that is asked for. A parameter that makes no sense counts as not given."""
    wish = wish_of(request)
    return page(await asyncio.to_thread(_page, request.app[SITE], shell_of(request), wish))


def wish_of(request: web.Request) -> Wish:
    """Read what of the list is asked for."""
    query = request.query
    number = query.get("page", "1")
    return Wish(
        text=query.get("q", "")[:MAX_FILTER],
        show=query.get("show", "") if query.get("show") in SHOWN else "",
        module=query.get("module", ""),
        sort=query.get("sort", "") if query.get("sort") in ORDERS else "urgency",
        descending=query.get("order") == "desc",
        page=max(1, int(number)) if number.isascii() and number.isdigit() and len(number) < 7 else 1,  # noqa: PLR2004
    )


def _page(site: Site, shell: Shell, wish: Wish) -> str:
    watch = site.watch
    config, now = watch.config, watch.clock()

    def link(**changed: str | int | None) -> str:
        parameters: dict[str, str | int | None] = {
            "q": wish.text,
            "show": wish.show,
            "module": wish.module,
            "sort": wish.sort if wish.sort != "urgency" else None,
            "order": "desc" if wish.descending and "sort" not in changed else None,
            "page": wish.page if wish.page > 1 else None,
        }
        return url("./", **parameters | changed)

    return render(
        "status.html",
        shell,
        listing=listing(config.targets, watch.history.pasts, wish, now),
        wish=wish,
        link=link,
        columns=_COLUMNS,
        modules=sorted({target.module for target in config.targets}),
        now=now,
    )
