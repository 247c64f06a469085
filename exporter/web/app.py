"""The routes, in one table, and the server's manners. What a route does stands in a file of its own."""

from aiohttp import web

from exporter.web import (
    config_page,
    discovery,
    health,
    metrics_page,
    probe_page,
    static_files,
    target_page,
    targets_page,
)
from exporter.web.context import SITE, WebContext
from exporter.web.log_filter import quieten
from exporter.web.request_limit import RequestLimit

MAX_REQUEST_BODY = 64 * 1024


def make_app(site: WebContext) -> web.Application:
    """Make the application that serves a site."""
    quieten()
    app = web.Application(client_max_size=MAX_REQUEST_BODY)
    app[SITE] = site
    app[target_page.LIMIT] = target_page.limit()
    limited = RequestLimit(site.options.max_requests).limited
    prefix = site.options.route_prefix
    app.add_routes(
        [
            web.get(f"{prefix}{site.options.telemetry_path}", limited(metrics_page.metrics)),
            web.get(f"{prefix}/probe", limited(probe_page.probe)),
            web.get(f"{prefix}/", targets_page.index),
            web.get(f"{prefix}/target", target_page.show),
            web.post(f"{prefix}/target", limited(target_page.probe_now)),
            web.get(f"{prefix}/static/{{name}}", static_files.static),
            web.get(f"{prefix}/sd", discovery.discovery),
            web.get(f"{prefix}/config", config_page.config),
            web.get(f"{prefix}/-/healthy", health.healthy),
            web.get(f"{prefix}/-/ready", health.ready),
            web.post(f"{prefix}/-/reload", health.reload),
            web.put(f"{prefix}/-/reload", health.reload),
        ]
    )
    if prefix:

        async def to_prefix(_: web.Request) -> web.Response:
            raise web.HTTPFound(f"{prefix}/")

        app.router.add_get("/", to_prefix)
    return app
