"""Who may be probed by /probe besides the configured targets: `probe_endpoint.allow`, judged before and after DNS.

Pure: nothing is resolved here. An IP address needs a network that holds it. A name needs a pattern for names, and then
each address it resolves to must be public, or be held by a network of the list: so a name that an outsider makes point
inside (DNS rebinding) leads nowhere. `localhost` is no outsider's (RFC 6761 section 6.3): written as such, it opens the
loopback to itself. Addresses that carry an IPv4 address within them are judged by that one as well.
"""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from exporter.config.patterns import IPAddress, IPNetwork, Pattern, parse_pattern
from exporter.target import Endpoint


def _networks(*texts: str) -> tuple[IPNetwork, ...]:
    return tuple(map(ipaddress.ip_network, texts))


# "This network" (0.0.0.0 connects to the host itself), multicast, reserved and broadcast: no pattern opens these.
_NEVER = _networks("0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "::/128", "ff00::/8")
# Loopback, link-local, and where clouds answer with their machines' credentials: opened only by a network that lies
# within, so that 0.0.0.0/0 or fd00::/8 does not open them by the way.
_EXPLICIT = _networks(
    "127.0.0.0/8",
    "169.254.0.0/16",
    "169.254.169.254/32",
    "100.100.100.200/32",
    "168.63.129.16/32",
    "192.0.0.192/32",
    "::1/128",
    "fe80::/10",
    "fec0::/10",
    "fd00:ec2::254/128",
    "fd20:ce::254/128",
)
# IANA's special-purpose registries (RFC 6890 and its updates): not public, opened by any network that holds them.
_NOT_PUBLIC = _networks(
    "10.0.0.0/8",
    "100.64.0.0/10",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "2001::/23",
    "2001:db8::/32",
    "3fff::/20",
)
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")  # RFC 4291 section 2.4, as far as it is assigned
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")  # RFC 4291 section 2.5.5.2
_COMPATIBLE = ipaddress.IPv6Network("::/96")  # RFC 4291 section 2.5.5.1, deprecated
_TRANSLATED = ipaddress.IPv6Network("::ffff:0:0:0/96")  # RFC 2765 section 2.1
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052 section 2.1
_LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")  # RFC 8215
_6TO4 = ipaddress.IPv6Network("2002::/16")  # RFC 3056 section 2
_TEREDO = ipaddress.IPv6Network("2001::/32")  # RFC 4380 section 4
_32_BITS = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Allowlist:
    """The patterns in force. Without any, nothing is permitted."""

    patterns: tuple[Pattern, ...] = ()

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Allowlist":
        """Read patterns, which the configuration has checked already."""
        return cls(tuple(map(parse_pattern, texts)))

    def permits_name(self, endpoint: Endpoint) -> bool:
        """Tell whether a target may be tried at all: before anything is resolved. Its port must be filled in."""
        if endpoint.unix_path is not None or endpoint.port is None or not endpoint.host:
            return False
        if endpoint.is_ip:
            address = _address(endpoint.host)
            return all(self._is_held(one, endpoint.port) for one in _judged(address))
        return any(pattern.covers_name(endpoint.host, endpoint.port) for pattern in self.patterns)

    def permits_address(self, ip: str, port: int, host: str = "") -> bool:
        """Tell whether a permitted target may be connected at this address: for each one that its host resolved to."""
        try:
            address = _address(ip)
        except ValueError:
            return False
        if address.is_loopback and self._names_localhost(host, port):
            return True
        return all(_is_public(one) or self._is_held(one, port) for one in _judged(address))

    def _names_localhost(self, host: str, port: int) -> bool:
        if host != "localhost" and not host.endswith(".localhost"):
            return False
        return any(pattern.name == host and pattern.covers_name(host, port) for pattern in self.patterns)

    def _is_held(self, address: IPAddress, port: int) -> bool:
        """Tell whether a network of the list holds the address, as closely as that address demands."""
        if any(address in network for network in _of_version(_NEVER, address)):
            return False
        around = [network for network in _of_version(_EXPLICIT, address) if address in network]
        held_by = (pattern.network for pattern in self.patterns if pattern.covers_address(address, port))
        return any(_lies_within_all(network, around) for network in held_by if network is not None)


def _address(text: str) -> IPAddress:
    """Read an address without its zone; an IPv4-mapped one becomes the IPv4 address that would be connected."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address in _MAPPED:
        return ipaddress.IPv4Address(int(address) & _32_BITS)
    return address


def _judged(address: IPAddress) -> Iterator[IPAddress]:
    """Yield the addresses that must all be permitted: those that are carried within, else the address itself.

    A translator or relay delivers to the address within: what forbids that one forbids the whole.
    """
    number = int(address)
    if isinstance(address, ipaddress.IPv4Address):
        yield address
    elif address in _TEREDO:  # server, and client with its bits inverted
        yield ipaddress.IPv4Address(number >> 64 & _32_BITS)
        yield ipaddress.IPv4Address(~number & _32_BITS)
    elif address in _6TO4:
        yield ipaddress.IPv4Address(number >> 80 & _32_BITS)
    elif number > 1 and any(address in network for network in (_COMPATIBLE, _TRANSLATED, _NAT64)):
        yield ipaddress.IPv4Address(number & _32_BITS)
    elif address in _LOCAL_NAT64:
        yield address
        yield ipaddress.IPv4Address(number & _32_BITS)
    else:
        yield address


def _is_public(address: IPAddress) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    special = (*_NEVER, *_EXPLICIT, *_NOT_PUBLIC)
    return not any(address in network for network in _of_version(special, address))


def _of_version(networks: Iterable[IPNetwork], address: IPAddress) -> Iterator[IPNetwork]:
    return (network for network in networks if network.version == address.version)


def _lies_within_all(network: IPNetwork, around: Iterable[IPNetwork]) -> bool:
    return all(
        network.prefixlen >= other.prefixlen and network.network_address in other
        for other in around
        if other.version == network.version
    )
