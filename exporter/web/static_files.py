"""GET /static/...: the few files of the pages, read once and known by name: no path can be asked for."""

import hashlib
from dataclasses import dataclass
from importlib import resources

from aiohttp import web

_TYPES = {"style.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}
_LONG = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file with its type; `version` changes with what is in it."""

    body: bytes
    content_type: str
    version: str


def _read(name: str, content_type: str) -> StaticFile:
    body = resources.files("exporter.web").joinpath("static", name).read_bytes()
    return StaticFile(body, content_type, hashlib.sha256(body).hexdigest()[:12])


FILES = {name: _read(name, content_type) for name, content_type in _TYPES.items()}


async def static(request: web.Request) -> web.Response:
    """Answer with one of the files; for ever when its version was asked for."""
    file = FILES.get(request.match_info["name"])
    if file is None:
        return web.Response(status=404, text="there is no such file\n")
    cached = _LONG if request.query.get("v") == file.version else "no-cache"
    headers = {"Cache-Control": cached, "X-Content-Type-Options": "nosniff"}
    return web.Response(body=file.body, content_type=file.content_type, charset="utf-8", headers=headers)
