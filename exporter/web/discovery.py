"""GET /sd: the configured targets in the format of Prometheus' http_sd_configs. It probes nothing.

One group for each target: `__param_module` makes Prometheus ask /probe for the right module, the user's labels
become labels of the scrape. docs/web.md has the relabelling.
"""

from typing import Any

from aiohttp import web

from exporter.scrape.selection import SelectionError, selected
from exporter.target import Target
from exporter.web.context import SITE
from exporter.web.metrics_page import selection


async def discovery(request: web.Request) -> web.Response:
    """Answer with a group for each target; `?module=`, `?target=` and `?shard=I/N` narrow it as on /metrics."""
    config = request.app[SITE].engine.config
    try:
        targets = selected(config, selection(request))
    except SelectionError as error:
        return web.Response(status=400, text=f"{error}\n")
    return web.json_response([group(target) for target in targets])


def group(target: Target) -> dict[str, Any]:
    """Return the group of one target."""
    return {"targets": [target.name], "labels": {"__param_module": target.module, **dict(target.labels)}}
