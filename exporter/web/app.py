"""The routes, in one table, and the server's manners. What a route does stands in a file of its own."""

from aiohttp import web

from exporter.web import (
    config_page,
    discovery,
    lifecycle,
    metrics_page,
    probe_page,
    static_files,
    status,
    target_page,
)
from exporter.web.bad_requests import quieten
from exporter.web.crowd import Crowd
from exporter.web.site import SITE, Site

MAX_REQUEST_BODY = 64 * 1024


def make_app(site: Site) -> web.Application:
    """Make the application that serves a site."""
    quieten()
    app = web.Application(client_max_size=MAX_REQUEST_BODY)
    app[SITE] = site
    app[target_page.LIMIT] = target_page.limit()
    limited = Crowd(site.options.max_requests).limited
    prefix = site.options.route_prefix
    app.add_routes(
        [
            web.get(f"{prefix}{site.options.telemetry_path}", limited(metrics_page.metrics)),
            web.get(f"{prefix}/probe", limited(probe_page.probe)),
            web.get(f"{prefix}/", status.index),
            web.get(f"{prefix}/target", target_page.show),
            web.post(f"{prefix}/target", limited(target_page.probe_now)),
            web.get(f"{prefix}/static/{{name}}", static_files.static),
            web.get(f"{prefix}/sd", discovery.discovery),
            web.get(f"{prefix}/config", config_page.config),
            web.get(f"{prefix}/-/healthy", lifecycle.healthy),
            web.get(f"{prefix}/-/ready", lifecycle.ready),
            web.post(f"{prefix}/-/reload", lifecycle.reload),
            web.put(f"{prefix}/-/reload", lifecycle.reload),
        ]
    )
    if prefix:

        async def to_prefix(_: web.Request) -> web.Response:
            raise web.HTTPFound(f"{prefix}/")

        app.router.add_get("/", to_prefix)
    return app
