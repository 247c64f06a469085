"""Outgoing HTTP for revocation: one request, bounded in size, time, redirects and in where it may go.

Addresses come from certificates, so they are hostile: plain http only (RFC 5280 section 8 warns of the circle that
https would draw), no passwords, no proxy, no cookies, no decompression, and nothing on the machine's own link. What
comes back is verified by whoever asked. No answer is kept here.
"""

import asyncio
import errno
import ipaddress
import socket
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from exporter.net.dns_threads import AddressInfo, DNSThreadPool, NoThreadError

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OK = 200
_CHUNK = 64 * 1024
LOOKUP_THREADS = 16
MAX_OVERHEAD = 1024 * 1024  # bytes beside a document and a quarter of it: headers, chunks, and what waits to be read
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_THIS_NETWORK = ipaddress.IPv4Network("0.0.0.0/8")
# Where clouds keep credentials beside the link-local 169.254.169.254.
_METADATA = frozenset({ipaddress.ip_address("fd00:ec2::254"), ipaddress.ip_address("100.100.100.200")})


class FetchReason(StrEnum):
    """Why there is no document: a closed list, so that a label made of it is bounded."""

    BAD_URL = "bad_url"
    FORBIDDEN_ADDRESS = "forbidden_address"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    HTTP_STATUS = "http_status"
    TOO_MANY_REDIRECTS = "too_many_redirects"


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


NAMES = DNSThreadPool("fetch", LOOKUP_THREADS)


async def fetch(
    url: str, limits: Limits, body: bytes | None = None, content_type: str = "", names: DNSThreadPool = NAMES
) -> bytes:
    """Get a document, or post a body and get the answer. Raises FetchError only."""
    meter = _Meter()
    try:
        async with asyncio.timeout(limits.seconds), _session(limits, names, meter) as session:
            return await _follow(session, url, limits, meter, body, content_type)
    except TimeoutError:
        raise FetchError(FetchReason.TIMEOUT, f"no answer within {limits.seconds:g} s, or silence") from None
    except (aiohttp.ClientError, NoThreadError, OSError, ValueError) as error:
        if meter.is_exceeded:
            raise FetchError(FetchReason.TOO_LARGE, "too many bytes that belong to no document") from None
        raise FetchError(FetchReason.UNREACHABLE, f"{type(error).__name__}: {error}"[:200]) from None


@dataclass(slots=True)
class _Meter:
    """What one request has received so far: a peer can send for ever without sending a byte of a document."""

    received: int = 0
    read: int = 0  # of documents

    @property
    def is_exceeded(self) -> bool:
        """Tell whether too much came that belongs to no document."""
        return self.received > MAX_OVERHEAD + self.read + self.read // 4


class _MeteredSocket(socket.socket):
    """A socket that breaks when its meter says so."""

    meter: _Meter

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        """Receive, and count."""
        data = super().recv(bufsize, flags)
        self.meter.received += len(data)
        if self.meter.is_exceeded:
            raise ConnectionAbortedError(errno.ECONNABORTED, "too many bytes")
        return data


def _session(limits: Limits, names: DNSThreadPool, meter: _Meter) -> aiohttp.ClientSession:
    def metered(address: AddressInfo) -> socket.socket:
        family, kind, protocol, _, _ = address
        made = _MeteredSocket(family, kind, protocol)
        made.meter = meter
        return made

    resolver = _Resolver(names, loopback=limits.loopback)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            resolver=resolver, use_dns_cache=False, force_close=True, socket_factory=metered
        ),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=limits.silence, sock_read=limits.silence),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
    )


async def _follow(
    session: aiohttp.ClientSession, url: str, limits: Limits, meter: _Meter, body: bytes | None, content_type: str
) -> bytes:
    headers = {"Accept-Encoding": "identity"} | ({"Content-Type": content_type} if body is not None else {})
    method = "GET" if body is None else "POST"
    for _ in range(limits.redirects + 1):
        _check(url, limits)
        async with session.request(method, url, data=body, headers=headers, allow_redirects=False) as response:
            if response.status in _REDIRECTS and "Location" in response.headers:
                url = urljoin(url, response.headers["Location"])
                continue
            if response.status != _OK:
                raise FetchError(FetchReason.HTTP_STATUS, f"HTTP status {response.status}")
            return await _read(response, limits.max_bytes, meter)
    raise FetchError(FetchReason.TOO_MANY_REDIRECTS, f"more than {limits.redirects} redirects")


def _check(url: str, limits: Limits) -> None:
    """Refuse what is not plain http; names are checked once they are resolved, addresses here."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname or parts.username is not None:
        raise FetchError(FetchReason.BAD_URL, "not a plain http address")
    try:
        address = ipaddress.ip_address(parts.hostname)
    except ValueError:
        return
    if is_forbidden(address, loopback=limits.loopback):
        raise FetchError(FetchReason.FORBIDDEN_ADDRESS, f"{address} must not be asked")


async def _read(response: aiohttp.ClientResponse, max_bytes: int, meter: _Meter) -> bytes:
    received = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        received += chunk
        meter.read += len(chunk)
        if len(received) > max_bytes:
            raise FetchError(FetchReason.TOO_LARGE, f"more than {max_bytes} bytes")
    return bytes(received)


class _Resolver(AbstractResolver):
    """Resolves names, and leaves out the addresses that must not be asked: what is checked is what is used."""

    def __init__(self, names: DNSThreadPool, *, loopback: bool) -> None:
        self._names = names
        self._loopback = loopback

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
            if not is_forbidden(ipaddress.ip_address(address[0]), loopback=self._loopback)
        ]
        if not allowed:
            raise FetchError(FetchReason.FORBIDDEN_ADDRESS, f"no address of {host} may be asked")
        return allowed

    async def close(self) -> None:
        """Nothing to close: the threads are shared."""


def is_forbidden(address: ipaddress.IPv4Address | ipaddress.IPv6Address, *, loopback: bool = False) -> bool:
    """Tell whether an address is this machine's, its link's, a cloud's metadata, or no host's at all.

    Private networks are allowed: the revocation lists of private authorities are there.
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_forbidden(inner, loopback=loopback)
    return (
        (address.is_loopback and not loopback)
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or address in _METADATA
        or (isinstance(address, ipaddress.IPv4Address) and (address.is_reserved or address in _THIS_NETWORK))
    )
