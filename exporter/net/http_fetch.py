"""Outgoing HTTP for revocation: one request, bounded in size, time, redirects and in where it may go.

URLs come from certificates, so they are hostile: plain http only (RFC 5280 section 8 warns that https could need the
very check that it is fetched for), no passwords, no cookies, no decompression, and no link-local addresses. The
caller verifies the answer. Nothing is cached here.

A proxy is the operator's choice and may be anywhere. It resolves names itself, so with a proxy the address policy can
only check IP literals.
"""

import asyncio
import errno
import socket
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from exporter.config.model import ProxyConfig
from exporter.net.address_policy import may_be_fetched_from
from exporter.net.dns_threads import AddressInfo, DNSThreadPool, NoThreadError
from exporter.net.fetch import FetchError, FetchReason, Limits
from exporter.net.socks_connector import SocksConnector, SocksError
from exporter.target import is_ip_literal

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OK = 200
_PROXY_AUTHENTICATION_REQUIRED = 407
_CHUNK = 64 * 1024
LOOKUP_THREADS = 16
MAX_OVERHEAD = 1024 * 1024  # bytes beside a document and a quarter of it: headers, chunks, and what waits to be read


NAMES = DNSThreadPool("fetch", LOOKUP_THREADS)


async def fetch(
    url: str,
    limits: Limits,
    body: bytes | None = None,
    content_type: str = "",
    proxy: ProxyConfig | None = None,
    names: DNSThreadPool = NAMES,
) -> bytes:
    """Get a document, or post a body and get the answer, through a proxy if there is one. Raises FetchError only."""
    meter = _Meter()
    try:
        async with asyncio.timeout(limits.seconds), _session(limits, names, meter, proxy) as session:
            return await _follow(session, url, limits, meter, proxy, body, content_type)
    except TimeoutError:
        raise FetchError(FetchReason.TIMEOUT, f"no answer within {limits.seconds:g} s, or silence") from None
    except (aiohttp.ClientProxyConnectionError, aiohttp.ClientHttpProxyError, SocksError) as error:
        raise FetchError(FetchReason.PROXY_FAILED, f"{error}"[:200]) from None
    except (aiohttp.ClientError, NoThreadError, OSError, ValueError) as error:
        if meter.forbidden:
            raise FetchError(FetchReason.FORBIDDEN_ADDRESS, f"{meter.forbidden} must not be asked") from None
        if meter.is_exceeded:
            raise FetchError(FetchReason.TOO_LARGE, "too many bytes that belong to no document") from None
        raise FetchError(FetchReason.UNREACHABLE, f"{type(error).__name__}: {error}"[:200]) from None


@dataclass(slots=True)
class _Meter:
    """What one request has received so far: a peer can send for ever without sending a byte of a document."""

    received: int = 0
    read: int = 0  # of documents
    forbidden: str = ""  # an address that was not connected to

    @property
    def is_exceeded(self) -> bool:
        """Return whether too much came that belongs to no document."""
        return self.received > MAX_OVERHEAD + self.read + self.read // 4


class _GuardedSocket(socket.socket):
    """A socket that connects only to where it may, and breaks when its meter says so.

    The address is judged here and nowhere before: what is written in a URL, what the HTTP library makes of it (it maps
    look-alikes of digits, and passes over the resolver for what it takes for an address) and what a resolver answers
    are three things, and this is the one that counts.
    """

    meter: _Meter
    loopback: bool
    to_proxy: bool

    def connect(self, address: Any, /) -> None:
        """Connect, or raise PermissionError where the address is not for a peer to choose."""
        if not self.to_proxy and not may_be_fetched_from(str(address[0]), loopback=self.loopback):
            self.meter.forbidden = str(address[0])
            raise PermissionError(errno.EACCES, "the address must not be asked")
        super().connect(address)

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """Receive, and count."""
        data = super().recv(bufsize, flags)
        self.meter.received += len(data)
        if self.meter.is_exceeded:
            raise ConnectionAbortedError(errno.ECONNABORTED, "too many bytes")
        return data


def _session(limits: Limits, names: DNSThreadPool, meter: _Meter, proxy: ProxyConfig | None) -> aiohttp.ClientSession:
    def guarded(address: AddressInfo) -> socket.socket:
        family, kind, protocol, _, _ = address
        made = _GuardedSocket(family, kind, protocol)
        made.meter, made.loopback, made.to_proxy = meter, limits.loopback, proxy is not None
        return made

    connector: aiohttp.BaseConnector
    if proxy is not None and proxy.scheme == "socks5":
        connector = SocksConnector(proxy, names)
    else:
        resolver = _Resolver(names, loopback=limits.loopback, to_proxy=proxy is not None)
        connector = aiohttp.TCPConnector(
            resolver=resolver, use_dns_cache=False, force_close=True, socket_factory=guarded
        )
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=limits.silence, sock_read=limits.silence),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
    )


async def _follow(
    session: aiohttp.ClientSession,
    url: str,
    limits: Limits,
    meter: _Meter,
    proxy: ProxyConfig | None,
    body: bytes | None,
    content_type: str,
) -> bytes:
    headers = {"Accept-Encoding": "identity"} | ({"Content-Type": content_type} if body is not None else {})
    method = "GET" if body is None else "POST"
    through: str | None = None
    if proxy is not None and proxy.scheme == "http":
        through, headers = _proxy_url(proxy), headers | _proxy_authorization(proxy)
    for _ in range(limits.redirects + 1):
        _check(url)
        if proxy is not None:
            _check_literal(url, limits)
        async with session.request(
            method, url, data=body, headers=headers, allow_redirects=False, proxy=through
        ) as response:
            if response.status in _REDIRECTS and "Location" in response.headers:
                url = urljoin(url, response.headers["Location"])
                continue
            if response.status == _PROXY_AUTHENTICATION_REQUIRED and proxy is not None:
                raise FetchError(FetchReason.PROXY_FAILED, "the proxy wants another user or password")
            if response.status != _OK:
                raise FetchError(FetchReason.HTTP_STATUS, f"HTTP status {response.status}")
            return await _read(response, limits.max_bytes, meter)
    raise FetchError(FetchReason.TOO_MANY_REDIRECTS, f"more than {limits.redirects} redirects")


def _check(url: str) -> None:
    """Refuse URLs that are not plain http. Their addresses are checked when they are connected to."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname or parts.username is not None:
        raise FetchError(FetchReason.BAD_URL, "not a plain http address")


def _check_literal(url: str, limits: Limits) -> None:
    """Refuse an address that must not be asked through a proxy either; a name is left to the proxy.

    It is judged as the proxy gets it, and as a system library reads it there: `127。0。0。1` has become an address by
    then, and `2130706433` is one for inet_aton(3).
    """
    host = (URL(url).host or "").rstrip(".")
    address = host
    with suppress(OSError):
        address = socket.inet_ntoa(socket.inet_aton(host))
    is_local = host == "localhost" or host.endswith(".localhost")
    is_address = is_ip_literal(address) or is_local or "%" in host
    if is_address and not may_be_fetched_from("127.0.0.1" if is_local else address, loopback=limits.loopback):
        raise FetchError(FetchReason.FORBIDDEN_ADDRESS, f"{host} must not be asked")


def _proxy_url(proxy: ProxyConfig) -> str:
    return f"http://[{proxy.host}]:{proxy.port}" if ":" in proxy.host else f"http://{proxy.host}:{proxy.port}"


def _proxy_authorization(proxy: ProxyConfig) -> dict[str, str]:
    """Return the header field that a plain request carries to its proxy (RFC 7617 section 2)."""
    if proxy.username is None:
        return {}
    password = proxy.password.reveal() if proxy.password is not None else ""
    credentials = b64encode(f"{proxy.username}:{password}".encode()).decode("ascii")
    return {"Proxy-Authorization": f"Basic {credentials}"}


async def _read(response: aiohttp.ClientResponse, max_bytes: int, meter: _Meter) -> bytes:
    received = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        received += chunk
        meter.read += len(chunk)
        if len(received) > max_bytes:
            raise FetchError(FetchReason.TOO_LARGE, f"more than {max_bytes} bytes")
    return bytes(received)


class _Resolver(AbstractResolver):
    """Resolves names, and leaves out the addresses that must not be asked, so that others of the name are."""

    def __init__(self, names: DNSThreadPool, *, loopback: bool, to_proxy: bool) -> None:
        self._names = names
        self._loopback = loopback
        self._to_proxy = to_proxy

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a name that may be asked."""
        found = await self._names.look_up(host, port, family, 0, socket.AI_ADDRCONFIG)
        allowed = [
            ResolveResult(
                hostname=host, host=address[0], port=port, family=kind, proto=protocol, flags=socket.AI_NUMERICHOST
            )
            for kind, _, protocol, _, address in found
            if self._to_proxy or may_be_fetched_from(address[0], loopback=self._loopback)
        ]
        if not allowed:
            raise FetchError(FetchReason.FORBIDDEN_ADDRESS, f"no address of {host} may be asked")
        return allowed

    async def close(self) -> None:
        """Nothing to close: the threads are shared."""
