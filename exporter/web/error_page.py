"""Errors as pages with a way back, for browsers; everybody else gets the text as it is.

A middleware turns refusals of every handler into pages, so that no handler needs to know who asks.
"""

from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler

from exporter.web.pages import page, render, shell_of

_UNAUTHORIZED = 401  # browsers show a dialogue first, and no page is rendered for a client that is not logged in
_KEPT = ("Retry-After", "Allow", "WWW-Authenticate")


@web.middleware
async def errors_as_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a browser's request that fails with a page."""
    try:
        response = await handler(request)
    except web.HTTPException as error:
        if not _wants_page(request, error):
            raise
        response = error
    if not _wants_page(request, response):
        return response
    text = response.text if isinstance(response, web.Response) else ""
    shown = error_page(request, response.status, text or "")
    for name in _KEPT:
        if name in response.headers:
            shown.headers[name] = response.headers[name]
    return shown


def error_page(request: web.Request, status: int, text: str) -> web.Response:
    """Return an error with what happened, as a page for a browser and as text for everybody else."""
    if not _asks_for_html(request):
        return web.Response(status=status, text=f"{text}\n", headers={"X-Content-Type-Options": "nosniff"})
    phrase = HTTPStatus(status).phrase
    default = f"{status}: {phrase}"  # what aiohttp says of itself
    shown = "" if text.strip() in ("", default) else text.strip()
    values = {"status": status, "phrase": phrase, "text": shown, "path": request.path}
    return page(render("error.html", shell_of(request), **values), status)


def _wants_page(request: web.Request, response: web.StreamResponse) -> bool:
    is_refusal = response.status >= web.HTTPBadRequest.status_code and response.status != _UNAUTHORIZED
    return is_refusal and response.content_type == "text/plain" and not response.prepared and _asks_for_html(request)


def _asks_for_html(request: web.Request) -> bool:
    """Return whether a browser asks for a page: it names HTML, which no scraper does."""
    return "text/html" in request.headers.get("Accept", "").lower()
