"""Health, readiness and reload, as in Prometheus."""

from aiohttp import web

from exporter.web.context import SITE
from exporter.web.request_origin import ELSEWHERE, is_from_elsewhere


async def healthy(_: web.Request) -> web.Response:
    """Answer that the process is alive."""
    return web.Response(text="tls-exporter is healthy.\n")


async def ready(request: web.Request) -> web.Response:
    """Answer whether scrapes are served: not before the start is complete, not while draining."""
    if request.app[SITE].ready:
        return web.Response(text="tls-exporter is ready.\n")
    return web.Response(status=503, text="tls-exporter is not ready.\n")


async def reload(request: web.Request) -> web.Response:
    """Reload the configuration; 500 with every problem if it is invalid, and the previous one is kept.

    A page of another site can make a browser send this, from within the network that the page itself cannot reach.
    """
    if is_from_elsewhere(request):
        return web.Response(status=403, text=ELSEWHERE)
    problems = await request.app[SITE].reload()
    if problems:
        return web.Response(status=500, text=f"failed to reload the configuration:\n{problems}\n")
    return web.Response(text="configuration reloaded.\n")
