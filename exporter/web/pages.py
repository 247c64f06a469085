"""Pages as answers: how a template becomes one, and the header fields that keep a page to itself. It probes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from exporter.web.context import SITE

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


@dataclass(frozen=True, slots=True)
class Shell:
    """What every page has around it, taken from the request before a thread renders the page.

    `root` leads from the request's path to the exporter's, wherever a proxy has put us; `refused` says what is wrong
    with the configuration on disk, if the one in force is another.
    """

    root: str
    telemetry: str
    refused: tuple[str, ...] = ()

    @property
    def home(self) -> str:
        """The relative reference to the list of targets."""
        return self.root or "./"


def render(template: str, shell: Shell, **values: Any) -> str:
    """Return a page as text. The first one takes long: call it from a thread."""
    from exporter.web.templating import environment  # noqa: PLC0415 - a tenth of the start, and few open a page

    return environment().get_template(template).render(shell=shell, **values)


def page(text: str, status: int = 200) -> web.Response:
    """Return a page as an answer."""
    return web.Response(text=text, status=status, content_type="text/html", headers=SECURITY)


def shell_of(request: web.Request) -> Shell:
    """Return what a page has around it."""
    site = request.app[SITE]
    depth = request.path.count("/") - site.options.route_prefix.count("/") - 1
    return Shell("../" * depth, site.options.telemetry_path.lstrip("/"), site.refused)


Parameter = str | int | Sequence[str] | None
Parameters = dict[str, Parameter]


def url(path: str, **parameters: Parameter) -> str:
    """Return a relative reference with the parameters that are not None or empty; several values are repeated."""
    query = urlencode({name: value for name, value in parameters.items() if value not in (None, "", ())}, doseq=True)
    return f"{path}?{query}" if query else path
