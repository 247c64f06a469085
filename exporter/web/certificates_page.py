"""GET /certificates: each distinct certificate once, where it is presented and when it ends. It causes no probe."""

import asyncio

from aiohttp import web

from exporter.web.certificate_list import ORDERS, SHOWN, distinct, listing, renewals
from exporter.web.context import SITE, WebContext
from exporter.web.list_query import ListQuery, read_query
from exporter.web.pages import Parameter, Shell, page, render, shell_of, url


async def certificates(request: web.Request) -> web.Response:
    """Answer with the page that is asked for."""
    query = read_query(request.query, SHOWN, ORDERS)
    return page(await asyncio.to_thread(_page, request.app[SITE], shell_of(request), query))


def _page(site: WebContext, shell: Shell, query: ListQuery) -> str:
    engine = site.engine
    targets, now = engine.config.targets, engine.clock()

    def link(**changed: Parameter) -> str:
        kept = query.parameters
        if "sort" in changed:
            kept.pop("order", None)
        return url("certificates", **kept | changed)

    def without(name: str, value: str) -> str:
        labels = tuple(one for one in query.labels if one != value)
        return link(**{name: labels if name == "label" else None}, page=None)

    return render(
        "certificates.html",
        shell,
        listing=listing(distinct(targets, engine.last, query, now), query, now),
        renewals=renewals(targets, engine.history.histories),
        query=query,
        parameters_of=site.parameters_of,
        link=link,
        without=without,
        columns=[(name, words) for name, (words, _) in ORDERS.items()],
        now=now,
    )
