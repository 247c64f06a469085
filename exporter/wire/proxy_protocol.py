"""The PROXY protocol, versions 1 and 2 (haproxy.org/download/3.0/doc/proxy-protocol.txt): who connects to whom.

A server behind a load balancer may demand this header before anything else on a connection. A probe says the truth:
its own address and the one that it connects to. Where there is none, as on a Unix socket, it says that.
"""

import ipaddress
import struct
from typing import Final

SocketName = tuple[str, int]
"""An IP address without its zone, and a port."""

_SIGNATURE: Final = b"\r\n\r\n\0\r\nQUIT\n"
# section 2.2:  signature 12 | version 2 and command | family and transport | length 2 | addresses
_HEADER = struct.Struct("!12sBBH")
_LOCAL, _PROXY = 0x20, 0x21
_UNSPEC, _TCP_OVER_IPV4, _TCP_OVER_IPV6 = 0x00, 0x11, 0x21


def proxy_header(version: str, source: SocketName | None, destination: SocketName | None) -> bytes:
    """Return the header of `version` ("v1" or "v2") for a connection; None where an end has no IP address."""
    ends = None if source is None or destination is None else _ends(source, destination)
    return _version_1(ends) if version == "v1" else _version_2(ends)


_Ends = tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int, ipaddress.IPv4Address | ipaddress.IPv6Address, int]


def _ends(source: SocketName, destination: SocketName) -> _Ends | None:
    """Return both ends of a connection, if they are of one family."""
    first, second = (ipaddress.ip_address(host.partition("%")[0]) for host, _ in (source, destination))
    return (first, source[1], second, destination[1]) if first.version == second.version else None


def _version_1(ends: _Ends | None) -> bytes:
    """Section 2.1: "PROXY" SP "TCP4" | "TCP6" SP source SP destination SP port SP port CRLF, or UNKNOWN."""
    if ends is None:
        return b"PROXY UNKNOWN\r\n"
    source, source_port, destination, port = ends
    return f"PROXY TCP{source.version} {source} {destination} {source_port} {port}\r\n".encode("ascii")


def _version_2(ends: _Ends | None) -> bytes:
    if ends is None:
        return _HEADER.pack(_SIGNATURE, _LOCAL, _UNSPEC, 0)
    source, source_port, destination, port = ends
    family = _TCP_OVER_IPV4 if source.version == 4 else _TCP_OVER_IPV6  # noqa: PLR2004 - IPv4
    addresses = source.packed + destination.packed + struct.pack("!HH", source_port, port)
    return _HEADER.pack(_SIGNATURE, _PROXY, family, len(addresses)) + addresses
