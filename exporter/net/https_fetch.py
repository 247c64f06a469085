"""Outgoing HTTPS for documents that a domain or a CA publishes: one GET, bounded in size, time and in where it may go.

The server must present a certificate for its name that chains to the given roots. There are no redirects (RFC 8461
section 3.3 forbids them), no cookies, no proxy and no decompression. The address policy applies to the address that
the socket connects to, so a resolver cannot get around it.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import lru_cache
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from exporter.certificates.verdict import TrustStore
from exporter.net.address_policy import may_be_fetched_from
from exporter.net.dns_threads import AddressInfo, DNSThreadPool, NoThreadError
from exporter.net.http_fetch import NAMES

SECONDS = 20.0  # for one document, whatever the server does
MAX_CONTEXTS = 16
_OK = 200
_REDIRECTS = range(300, 400)
_CHUNK = 16 * 1024
_MAX_HEADER_BYTES = 8190

ResolveName = Callable[[str], Awaitable[list[str]]]
"""Returns the IP addresses of a name; raises HTTPSError if it has none."""


class HTTPSReason(StrEnum):
    """Why there is no document: a closed list, so that a label made of it is bounded."""

    BAD_URL = "bad_url"
    NO_ADDRESS = "no_address"
    FORBIDDEN_ADDRESS = "forbidden_address"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    CERTIFICATE = "certificate"
    TLS = "tls"
    REDIRECT = "redirect"
    HTTP_STATUS = "http_status"
    TOO_LARGE = "too_large"


class HTTPSError(Exception):
    """No document: the reason, a sentence about it, and the HTTP status if one came."""

    def __init__(self, reason: HTTPSReason, detail: str, status: int | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.status = status


@dataclass(frozen=True, slots=True)
class HTTPSDocument:
    """A document. `retry_after` is the header field as sent."""

    data: bytes
    content_type: str = ""
    retry_after: str = ""


async def fetch_https(
    url: str, max_bytes: int, roots: TrustStore | None, resolve: ResolveName | None = None, *, loopback: bool = False
) -> HTTPSDocument:
    """Get a document. `roots` None: the system's; `resolve` None: the system's resolver. Raises HTTPSError only."""
    host = _checked_host(url)
    try:
        async with asyncio.timeout(SECONDS), _session(roots, resolve, loopback=loopback) as session:
            return await _get(session, url, max_bytes)
    except HTTPSError:
        raise
    except TimeoutError:
        raise HTTPSError(HTTPSReason.TIMEOUT, f"no answer of {host} within {SECONDS:g} s") from None
    except (aiohttp.ClientError, NoThreadError, OSError, ValueError) as error:
        raise _explained(error, host) from None


def _checked_host(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme != "https" or parts.username is not None:
        raise HTTPSError(HTTPSReason.BAD_URL, "not an https URL")
    return host


def _explained(error: Exception, host: str) -> HTTPSError:
    """Return what a library's error means, with a sentence for people."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        inner = error.certificate_error
        why = getattr(inner, "verify_message", "") or str(inner)
        return HTTPSError(HTTPSReason.CERTIFICATE, f"the certificate of {host} is not accepted: {why}"[:300])
    causes = [error, error.__cause__, error.__context__]
    if any(isinstance(one, _ForbiddenAddressError) for one in causes):
        return HTTPSError(HTTPSReason.FORBIDDEN_ADDRESS, f"{host} has no address that may be connected to")
    reason = HTTPSReason.UNREACHABLE
    if isinstance(error, aiohttp.ClientConnectorDNSError | socket.gaierror):
        reason = HTTPSReason.NO_ADDRESS
    elif isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        reason = HTTPSReason.TLS
    elif any(isinstance(one, ConnectionRefusedError) for one in causes):
        reason = HTTPSReason.REFUSED
    return HTTPSError(reason, f"{host}: {type(error).__name__}: {error}"[:300])


class _ForbiddenAddressError(OSError):
    """No socket is made to an address that the policy forbids."""


def _session(roots: TrustStore | None, resolve: ResolveName | None, *, loopback: bool) -> aiohttp.ClientSession:
    def make_socket(address: AddressInfo) -> socket.socket:
        family, kind, protocol, _, (ip, *_) = address
        if not may_be_fetched_from(ip, loopback=loopback):
            raise _ForbiddenAddressError(f"{ip} must not be connected to")
        return socket.socket(family, kind, protocol)

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            resolver=_Resolver(NAMES, resolve),
            use_dns_cache=False,
            force_close=True,
            socket_factory=make_socket,
            ssl=_context(_Roots(roots)),
        ),
        timeout=aiohttp.ClientTimeout(total=None),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        max_line_size=_MAX_HEADER_BYTES,
        max_field_size=_MAX_HEADER_BYTES,
    )


class _Roots:
    """A trust store as the key of a cache: two with the same key are the same."""

    def __init__(self, store: TrustStore | None) -> None:
        self.store = store
        self._key = store.key if store is not None else ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Roots) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


@lru_cache(maxsize=MAX_CONTEXTS)
def _context(roots: _Roots) -> ssl.SSLContext:
    """Return a client's context. Loading a hundred roots takes milliseconds, so it is kept."""
    if roots.store is None:
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for root in roots.store.roots:
        try:
            context.load_verify_locations(cadata=root.der)
        except ssl.SSLError:
            continue  # a root that this OpenSSL cannot read vouches for nobody here
    return context


async def _get(session: aiohttp.ClientSession, url: str, max_bytes: int) -> HTTPSDocument:
    headers = {"Accept-Encoding": "identity"}
    async with session.get(url, headers=headers, allow_redirects=False) as response:
        if response.status in _REDIRECTS:
            raise HTTPSError(HTTPSReason.REDIRECT, f"a redirect (HTTP status {response.status})", response.status)
        if response.status != _OK:
            raise HTTPSError(HTTPSReason.HTTP_STATUS, f"HTTP status {response.status}", response.status)
        received = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            received += chunk
            if len(received) > max_bytes:
                raise HTTPSError(HTTPSReason.TOO_LARGE, f"more than {max_bytes} bytes", response.status)
        content_type = response.headers.get("Content-Type", "")
        return HTTPSDocument(bytes(received), content_type, response.headers.get("Retry-After", ""))


class _Resolver(AbstractResolver):
    """Resolves names by the given function, or by the system."""

    def __init__(self, names: DNSThreadPool, resolve: ResolveName | None) -> None:
        self._names = names
        self._resolve = resolve

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a name."""
        if self._resolve is not None:
            pairs = [(ip, socket.AF_INET6 if ":" in ip else socket.AF_INET) for ip in await self._resolve(host)]
        else:
            found = await self._names.look_up(host, port, family, 0, socket.AI_ADDRCONFIG)
            pairs = [(address[0], kind) for kind, _, _, _, address in found]
        return [
            ResolveResult(
                hostname=host, host=ip, port=port, family=kind, proto=socket.IPPROTO_TCP, flags=socket.AI_NUMERICHOST
            )
            for ip, kind in pairs
        ]

    async def close(self) -> None:
        """Nothing to close: the threads are shared."""


def retry_after_seconds(text: str, now: float) -> float | None:
    """Read a Retry-After header field: seconds, or a date (RFC 9110 section 10.2.3); None if it is neither."""
    if text.isascii() and text.isdigit() and len(text) <= 9:  # noqa: PLR2004 - thirty years
        return float(text)
    try:
        return max(parsedate_to_datetime(text).timestamp() - now, 0.0)
    except (ValueError, TypeError, OverflowError):
        return None
