"""Who may be probed by /probe besides the configured targets: `probe_endpoint.allow`, checked before and after DNS.

Pure: nothing is resolved here. An IP address needs a network that holds it. A name needs a pattern for names, and then
each address it resolves to must be public, or be held by a network of the list: so a name that an outsider makes point
inside (DNS rebinding) leads nowhere. `localhost` is no outsider's (RFC 6761 section 6.3): written as such, it opens the
loopback to itself. What is public, and what no pattern opens by the way, says `net.address_policy`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from exporter.config.patterns import Pattern, parse_pattern
from exporter.net.address_policy import (
    EXPLICIT,
    NEVER,
    IPAddress,
    IPNetwork,
    is_public,
    of_version,
    reached,
    read_address,
)
from exporter.target import Endpoint


@dataclass(frozen=True, slots=True)
class Allowlist:
    """The patterns in force. Without any, nothing is permitted."""

    patterns: tuple[Pattern, ...] = ()

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Allowlist":
        """Read patterns, which the configuration has checked already."""
        return cls(tuple(map(parse_pattern, texts)))

    def permits_name(self, endpoint: Endpoint) -> bool:
        """Return whether a target may be tried at all: before anything is resolved. Its port must be filled in."""
        if endpoint.unix_path is not None or endpoint.port is None or not endpoint.host:
            return False
        if endpoint.is_ip:
            address = read_address(endpoint.host)
            return all(self._is_held(one, endpoint.port) for one in reached(address))
        return any(pattern.covers_name(endpoint.host, endpoint.port) for pattern in self.patterns)

    def permits_address(self, ip: str, port: int, host: str = "") -> bool:
        """Return whether a permitted target may be connected at this address; asked for each address of its host."""
        try:
            address = read_address(ip)
        except ValueError:
            return False
        if address.is_loopback and self._names_localhost(host, port):
            return True
        return all(is_public(one) or self._is_held(one, port) for one in reached(address))

    def _names_localhost(self, host: str, port: int) -> bool:
        if host != "localhost" and not host.endswith(".localhost"):
            return False
        return any(pattern.name == host and pattern.covers_name(host, port) for pattern in self.patterns)

    def _is_held(self, address: IPAddress, port: int) -> bool:
        """Return whether a network of the list holds the address, as closely as that address demands."""
        if any(address in network for network in of_version(NEVER, address)):
            return False
        around = [network for network in of_version(EXPLICIT, address) if address in network]
        held_by = (pattern.network for pattern in self.patterns if pattern.covers_address(address, port))
        return any(_lies_within_all(network, around) for network in held_by if network is not None)


def _lies_within_all(network: IPNetwork, around: Iterable[IPNetwork]) -> bool:
    return all(
        network.prefixlen >= other.prefixlen and network.network_address in other
        for other in around
        if other.version == network.version
    )
