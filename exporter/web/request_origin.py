"""Whether a request comes from this machine, and from one of the exporter's own pages. In doubt, the answer is no.

A name that an attacker resolves to 127.0.0.1 lets the attacker's page send requests from a browser on this machine
(DNS rebinding), and any page can post a form anywhere; so the connection's address alone proves nothing.
"""

import ipaddress
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

ELSEWHERE = "this request comes from another site\n"
FORM = "application/x-www-form-urlencoded"
_MAX_FIELDS = 16
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
_OWN_NAMES = ("localhost", "127.0.0.1", "::1")


def is_on_this_machine(request: web.Request, external_host: str | None) -> bool:
    """Return whether the client is on loopback, names a loopback host, and is no proxy for another client."""
    peer = request.transport.get_extra_info("peername") if request.transport is not None else None
    if not isinstance(peer, tuple) or not _is_loopback(str(peer[0])):
        return False
    if any(name in request.headers for name in _FORWARDED):
        return False
    return _host(f"//{request.host}") in (*_OWN_NAMES, *([external_host] if external_host else []))


def is_from_elsewhere(request: web.Request) -> bool:
    """Return whether a browser says that another site's page made this request (Fetch Metadata, RFC 6454)."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        return True
    origin = request.headers.get("Origin")
    if origin is None:
        return False
    return _authority(origin) != request.host.lower()


async def read_form(request: web.Request) -> dict[str, str]:
    """Return the fields of a form as the exporter's pages send it; {} for any other body, which is not read.

    aiohttp's own reader takes multipart as well, with files that it writes to disk.
    """
    if request.content_type != FORM:
        return {}
    try:
        fields = parse_qsl((await request.read()).decode(), max_num_fields=_MAX_FIELDS)
    except ValueError:
        return {}
    return dict(fields)


def _authority(url: str) -> str | None:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return None


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _is_loopback(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return bool((mapped or parsed).is_loopback)
