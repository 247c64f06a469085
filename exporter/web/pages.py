"""Pages as answers: how a template becomes one, and the header fields that keep a page to itself. It probes nothing."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

SECURITY: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


def render(template: str, **values: Any) -> str:
    """Return a page as text. The first one takes long: call it from a thread."""
    from exporter.web.templating import environment  # noqa: PLC0415 - a tenth of the start, and few open a page

    return environment().get_template(template).render(**values)


def page(text: str, status: int = 200) -> web.Response:
    """Return a page as an answer."""
    return web.Response(text=text, status=status, content_type="text/html", headers=SECURITY)


def url(path: str, **parameters: str | int | None) -> str:
    """Return a relative reference with the parameters that are not None or empty."""
    query = urlencode({name: value for name, value in parameters.items() if value not in (None, "")})
    return f"{path}?{query}" if query else path
