"""The routes, in one table, and the application that serves them. Each handler has its own file."""

from aiohttp import web

from exporter.web import (
    api_page,
    certificates_page,
    config_page,
    discovery,
    health,
    metrics_page,
    probe_page,
    runbook_page,
    static_files,
    target_page,
    targets_page,
)
from exporter.web.context import SITE, WebContext
from exporter.web.error_page import errors_as_pages
from exporter.web.log_filter import quieten
from exporter.web.request_limit import Handler, RequestLimit

MAX_REQUEST_BODY = 64 * 1024

ROUTES: tuple[tuple[str, str, Handler, bool], ...] = (
    ("GET", "/probe", probe_page.probe, True),
    ("GET", "/", targets_page.index, False),
    ("GET", "/target", target_page.show, False),
    ("POST", "/target", target_page.probe_now, True),
    ("GET", "/target/chain.pem", target_page.chain, False),
    ("GET", "/static/{name}", static_files.static, False),
    ("GET", "/api/v1/openapi.json", api_page.openapi, False),
    ("GET", "/api/v1/{kind}", api_page.answer, False),
    ("GET", "/certificates", certificates_page.certificates, False),
    ("GET", "/runbooks/", runbook_page.runbook, False),
    ("GET", "/runbooks/{name}", runbook_page.runbook, False),
    ("GET", "/runbooks/{name}/", runbook_page.runbook, False),
    ("GET", "/sd", discovery.discovery, False),
    ("GET", "/config", config_page.config, False),
    ("GET", "/-/healthy", health.healthy, False),
    ("GET", "/-/ready", health.ready, False),
    ("POST", "/-/reload", health.reload, False),
    ("PUT", "/-/reload", health.reload, False),
)
"""Every route but that of the metrics: method, path, handler, and whether --web.max-requests counts it."""

OWN_PATHS = tuple(dict.fromkeys(path for _, path, _, _ in ROUTES if path != "/" and "{" not in path))
"""Where the metrics cannot be, because something else is there."""


def make_app(site: WebContext) -> web.Application:
    """Make the application that serves a site."""
    quieten()
    app = web.Application(client_max_size=MAX_REQUEST_BODY, middlewares=[errors_as_pages])
    app[SITE] = site
    app[target_page.LIMIT] = target_page.limit()
    limited = RequestLimit(site.options.max_requests).limited
    prefix, telemetry = site.options.route_prefix, site.options.telemetry_path
    for method, path, handler, is_limited in (
        ("GET", telemetry, metrics_page.metrics, True),
        ("GET", f"{telemetry}/exporter", metrics_page.own_metrics, False),
        *ROUTES,
    ):
        answer = limited(handler) if is_limited else handler
        if method == "GET":
            app.router.add_get(f"{prefix}{path}", answer)  # answers HEAD as well
        else:
            app.router.add_route(method, f"{prefix}{path}", answer)
    if prefix:

        async def to_prefix(_: web.Request) -> web.Response:
            raise web.HTTPFound(f"{prefix}/")

        app.router.add_get("/", to_prefix)
    return app
