"""GET /: every configured target with its last reading. It shows what the last scrape saw and causes no probe."""

from html import escape

from aiohttp import web

from exporter.reading import Reading
from exporter.target import Target
from exporter.web.site import SITE

_SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}


async def index(request: web.Request) -> web.Response:
    """List the targets and the links."""
    site = request.app[SITE]
    rows = "".join(_row(target, site.watch.last.get(target)) for target in site.watch.config.targets)
    prefix = site.options.route_prefix
    body = (
        "<!doctype html><html lang=en><meta charset=utf-8><title>tls-exporter</title><h1>tls-exporter</h1>"
        f'<p><a href="{prefix}{site.options.telemetry_path}">metrics</a> <a href="{prefix}/-/healthy">healthy</a> '
        f'<a href="{prefix}/-/ready">ready</a>'
        "<table><tr><th>target<th>module<th>state<th>protocol<th>findings</tr>"
        f"{rows}</table></html>"
    )
    return web.Response(text=body, content_type="text/html", headers=_SECURITY)


def _row(target: Target, reading: Reading | None) -> str:
    state, protocol, findings = "not yet probed", "", ""
    if reading is not None:
        failure = reading.failure
        state = f"{failure.phase}: {failure.reason}" if failure else "up"
        sessions = [judgement.observation.result.session for judgement in reading.judgements]
        protocol = ", ".join(sorted({session.protocol for session in sessions if session}))
        findings = ", ".join(found.finding.id for judgement in reading.judgements for found in judgement.findings)
    cells = (target.name, target.module, state, protocol, findings)
    return "<tr>" + "".join(f"<td>{escape(cell)}" for cell in cells) + "</tr>"
