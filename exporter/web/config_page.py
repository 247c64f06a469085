"""GET /config: the configuration in force as YAML, secrets as `<secret>`."""

import asyncio

from aiohttp import web

from exporter.config.dump import mask
from exporter.web.context import SITE


async def config(request: web.Request) -> web.Response:
    """Answer with the configuration; a large one is written on a thread."""
    text = await asyncio.to_thread(mask, request.app[SITE].engine.config)
    return web.Response(text=text, content_type="text/yaml", headers={"X-Content-Type-Options": "nosniff"})
