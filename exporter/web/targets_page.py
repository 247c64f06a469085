"""GET /: every configured target with its last report. It shows what the last scrape saw and causes no probe."""

import asyncio

from aiohttp import web

from exporter.config.model import Config
from exporter.web.context import SITE, WebContext
from exporter.web.list_query import LABEL_GROUP, ListQuery, read_query
from exporter.web.pages import Parameter, Shell, page, render, shell_of, url
from exporter.web.target_list import ORDERS, SHOWN, listing

_COLUMNS = tuple((name, words) for name, (words, _) in ORDERS.items() if name != "urgency")


async def index(request: web.Request) -> web.Response:
    """Answer with the page that is asked for."""
    query = read_query(request.query, SHOWN, ORDERS)
    return page(await asyncio.to_thread(_page, request.app[SITE], shell_of(request), query))


def _page(site: WebContext, shell: Shell, query: ListQuery) -> str:
    engine = site.engine
    config, now = engine.config, engine.clock()

    def link(**changed: Parameter) -> str:
        kept = query.parameters
        if "sort" in changed:
            kept.pop("order", None)
        return url("./", **kept | changed)

    def without(name: str, value: str) -> str:
        labels = tuple(one for one in query.labels if one != value)
        return link(**{name: labels if name == "label" else None}, page=None)

    return render(
        "status.html",
        shell,
        listing=listing(config.targets, engine.history.histories, engine.last, query, now),
        query=query,
        parameters_of=site.parameters_of,
        link=link,
        without=without,
        with_label=lambda name, value: link(label=(*query.labels, f"{name}={value}"), page=None),
        columns=_COLUMNS,
        modules=sorted({target.module for target in config.targets}),
        groups=groups_of(config),
        now=now,
    )


def groups_of(config: Config) -> list[tuple[str, str]]:
    """Return what the list can be grouped by: the value of the parameter, and the words on the page."""
    names = sorted({name for target in config.targets for name, _ in target.labels})
    return [("module", "Module"), ("issuer", "Issuer"), *((f"{LABEL_GROUP}{name}", name) for name in names)]
