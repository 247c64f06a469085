"""Outgoing HTTP as its users see it: what a request may cost, why it can fail, and `fetch`.

The client (`http_fetch`, on aiohttp) is imported at the first request: a daemon that asks for no revocation, and one
probe from the command line, do without its 10 MB and its third of a second.
"""

from dataclasses import dataclass
from enum import StrEnum

from exporter.config.model import ProxyConfig


class FetchReason(StrEnum):
    """Why there is no document: a closed list, so that a label made of it is bounded."""

    BAD_URL = "bad_url"
    FORBIDDEN_ADDRESS = "forbidden_address"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    HTTP_STATUS = "http_status"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    PROXY_FAILED = "proxy_failed"


class FetchError(Exception):
    """No document: the reason, and a sentence about it."""

    def __init__(self, reason: FetchReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may cost. `loopback` allows this machine to be asked: by endpoints that are on it.

    `silence` is how many of the seconds may pass without a byte.
    """

    max_bytes: int
    seconds: float = 10.0
    silence: float = 10.0
    redirects: int = 3
    loopback: bool = False


async def fetch(
    url: str, limits: Limits, body: bytes | None = None, content_type: str = "", proxy: ProxyConfig | None = None
) -> bytes:
    """Get a document, or post a body and get the answer, through a proxy if there is one. Raises FetchError only."""
    from exporter.net import http_fetch  # noqa: PLC0415 - see above

    return await http_fetch.fetch(url, limits, body, content_type, proxy)
