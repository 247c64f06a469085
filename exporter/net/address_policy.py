"""Which IP addresses untrusted input may make the exporter connect to: one table, for every connection of that kind.

It has two callers. `/probe` lets a client name targets: `probe_endpoint.allow` permits what it lists
(`web.allowlist`). `http_fetch` connects to addresses that a certificate, a DNS record or a redirect names: it permits
nothing in this table, except private networks, because the revocation lists and responders of private CAs are there.

An address with an embedded IPv4 address is checked by that one, because a translator or relay delivers to it. The
check is on the address that is connected to, never on its text: `http://127。0。0。1` becomes an address only later.
"""

import ipaddress
from collections.abc import Iterable, Iterator

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(*texts: str) -> tuple[IPNetwork, ...]:
    """Return networks from their texts."""
    return tuple(map(ipaddress.ip_network, texts))


# "This network" (0.0.0.0 connects to the host itself), multicast, reserved and broadcast: nothing opens these.
NEVER = networks("0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "::/128", "ff00::/8")
# Loopback, link-local, and where clouds answer with their machines' credentials: opened only by a network that lies
# within, so that 0.0.0.0/0 or fd00::/8 does not open them by the way.
EXPLICIT = networks(
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
NOT_PUBLIC = networks(
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


def read_address(text: str) -> IPAddress:
    """Read an address without its zone; an IPv4-mapped one becomes the IPv4 address. Raises ValueError."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address in _MAPPED:
        return ipaddress.IPv4Address(int(address) & _32_BITS)
    return address


def reached(address: IPAddress) -> Iterator[IPAddress]:
    """Yield the addresses that must all be permitted: those that are carried within, else the address itself."""
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


def is_public(address: IPAddress) -> bool:
    """Return whether an address is one of the public Internet."""
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    special = (*NEVER, *EXPLICIT, *NOT_PUBLIC)
    return not any(address in network for network in of_version(special, address))


def may_be_fetched_from(text: str, *, loopback: bool = False) -> bool:
    """Return whether a document may be fetched from an address that a peer's data led to; `loopback` opens that."""
    try:
        address = read_address(text)
    except ValueError:
        return False
    if address.is_loopback and loopback:
        return True
    closed = (*NEVER, *EXPLICIT)
    return not any(one in network for one in reached(address) for network in of_version(closed, one))


def of_version(candidates: Iterable[IPNetwork], address: IPAddress) -> Iterator[IPNetwork]:
    """Yield the networks of an address's own version."""
    return (network for network in candidates if network.version == address.version)
