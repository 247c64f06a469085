"""GET /sd: the configured targets in the format of Prometheus' http_sd_configs. It probes nothing.

One group for each target: `__param_module` makes Prometheus ask /probe for the right module, the user's labels
become labels of the scrape. Where one endpoint is listed with several sets of labels, `__param_labels` lets each group
ask for its own. docs/web.md has the relabelling.
"""

import asyncio
from collections import Counter
from typing import Any

from aiohttp import web

from exporter.scrape.selection import SelectionError, selected
from exporter.target import Target
from exporter.web.context import SITE, label_set
from exporter.web.metrics_page import selection

LOOK_SECONDS = 5.0  # how long a list waits for files to be found


async def discovery(request: web.Request) -> web.Response:
    """Answer with a group for each target; `?module=`, `?target=` and `?shard=I/N` narrow it as on /metrics."""
    engine = request.app[SITE].engine
    await engine.look_at_files(asyncio.get_running_loop().time() + LOOK_SECONDS)
    config = engine.config
    try:
        targets = selected(config, selection(request))
    except SelectionError as error:
        return web.Response(status=400, text=f"{error}\n")
    listed = Counter((target.name, target.module) for target in config.targets)
    groups = [group(target, is_shared=listed[target.name, target.module] > 1) for target in targets]
    return web.json_response(groups)


def group(target: Target, *, is_shared: bool = False) -> dict[str, Any]:
    """Return the group of one target; `is_shared`: with other labels it is listed again."""
    asks_for = {"__param_labels": label_set(target)} if is_shared else {}
    return {"targets": [target.name], "labels": {"__param_module": target.module, **asks_for, **dict(target.labels)}}
