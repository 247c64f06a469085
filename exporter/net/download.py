"""Documents at URLs that the user has configured: one GET over http or https, bounded in size and time.

The address is the user's own choice, so it may be anywhere; what comes back is as untrusted as any other bytes.
"""

import asyncio
import ssl
from email.utils import parsedate_to_datetime

import aiohttp

from exporter.net.reason import Reason

_OK = 200
_STATUS_REASONS = {401: Reason.PERMISSION_DENIED, 403: Reason.PERMISSION_DENIED, 404: Reason.NOT_FOUND}
_REDIRECTS = 5
_CHUNK = 64 * 1024


class DownloadError(Exception):
    """No document: the reason, and a sentence about it."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


async def download(
    url: str, max_bytes: int, seconds: float, ca_file: str | None = None, proxy_url: str | None = None
) -> tuple[bytes, float | None]:
    """Return a document and when it was last modified (Unix seconds), if the server says so. Raises DownloadError."""
    try:
        context = await asyncio.to_thread(ssl.create_default_context, cafile=ca_file)
        async with (
            asyncio.timeout(seconds),
            aiohttp.ClientSession(auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.get(url, ssl=context, proxy=proxy_url, max_redirects=_REDIRECTS) as response,
        ):
            if response.status != _OK:
                reason = _STATUS_REASONS.get(response.status, Reason.READ_ERROR)
                raise DownloadError(reason, f"HTTP status {response.status}")
            return await _body(response, max_bytes), _modified(response.headers.get("Last-Modified", ""))
    except TimeoutError:
        raise DownloadError(Reason.TIMEOUT, f"no whole answer within {seconds:g} s") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        refused = isinstance(error, ConnectionRefusedError) or isinstance(error.__cause__, ConnectionRefusedError)
        reason = Reason.REFUSED if refused else Reason.UNREACHABLE
        raise DownloadError(reason, f"{type(error).__name__}: {error}"[:300]) from None


async def _body(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    received = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        received += chunk
        if len(received) > max_bytes:
            raise DownloadError(Reason.TOO_LARGE, f"larger than {max_bytes} bytes")
    return bytes(received)


def _modified(header: str) -> float | None:
    try:
        return parsedate_to_datetime(header).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
