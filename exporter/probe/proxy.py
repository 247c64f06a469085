"""Through a proxy: HTTP CONNECT or SOCKS5, and which hosts go without (`no_proxy`). It resolves no name.

`no_proxy` is read as Go's and Prometheus' is: `name` is the name and all below it, `.name` only what is below it,
an address or network is compared with IP literals only, `*` is every host, and `:port` narrows any of them.
"""

import ipaddress
from collections.abc import Callable, Sequence

from exporter.config.model import ProxyConfig
from exporter.net.stream import Stream
from exporter.probe.dialogue import converse
from exporter.wire.http_connect import http_connect
from exporter.wire.socks5 import socks5

_DIALOGUES = {"http": http_connect, "socks5": socks5}


class Tunnel:
    """A Stream that begins with bytes which came together with the proxy's answer."""

    def __init__(self, stream: Stream, arrived: bytes) -> None:
        self._stream = stream
        self._arrived = arrived

    async def read(self) -> bytes:
        """Return what has arrived; b"" at the end. Raises NetworkError."""
        arrived, self._arrived = self._arrived, b""
        return arrived or await self._stream.read()

    def write(self, data: bytes) -> None:
        """Send data."""
        self._stream.write(data)

    def finish(self, then: Callable[[], None] | None = None) -> None:
        """End in order."""
        self._stream.finish(then)

    def close(self) -> None:
        """Close at once."""
        self._stream.close()


async def connect_through(stream: Stream, proxy: ProxyConfig, host: str, port: int) -> Stream:
    """Have a proxy connect to a host, and return the stream to it. Raises NetworkError.

    A peer that speaks first may have spoken already: what it said is the beginning of the stream.
    """
    password = proxy.password.reveal() if proxy.password is not None else ""
    dialogue = _DIALOGUES[proxy.scheme](host, port, proxy.username, password)
    leftover = await converse(stream, dialogue)
    return Tunnel(stream, leftover) if leftover else stream


def is_excepted(host: str, port: int, no_proxy: Sequence[str]) -> bool:
    """Return whether a host goes without the proxy."""
    address = _address(host)
    return any(_matches(entry.strip().lower(), host.lower().rstrip("."), address, port) for entry in no_proxy)


def _matches(entry: str, host: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None, port: int) -> bool:
    if entry == "*":
        return True
    if address is not None and "/" in entry:
        return address in ipaddress.ip_network(entry, strict=False)
    pattern, wanted_port = _split_port(entry)
    if wanted_port not in (None, str(port)):
        return False
    if address is not None:
        return address == _address(pattern)
    suffix = pattern.removeprefix("*")
    if suffix.startswith("."):
        return host.endswith(suffix)
    return bool(suffix) and (host == suffix or host.endswith("." + suffix))


def _split_port(entry: str) -> tuple[str, str | None]:
    if entry.startswith("["):
        host, _, rest = entry[1:].partition("]")
        return host, rest.removeprefix(":") or None
    host, colon, port = entry.partition(":")
    if not colon or ":" in port:  # a bare IPv6 address
        return entry, None
    return host, port


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
