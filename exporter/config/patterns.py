"""The patterns of `probe_endpoint.allow`: `*.example.com:443`, `name:port`, `10.0.0.0/8:*`, `[2001:db8::]/32:443`.

Parses patterns and returns whether one covers a name or an address; `web.allowlist` decides which of them applies.
"""

import ipaddress
import re
from dataclasses import dataclass

from exporter.target import TargetError, parse_endpoint

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
_SHAPE = re.compile(r"(?P<host>\[[^\[\]]*\](?:/[0-9]{1,3})?|[^\[\]:]+):(?P<port>\*|[0-9]{1,5})\Z")


@dataclass(frozen=True, slots=True)
class Pattern:
    """One rule: a name, `*.` and a suffix (any number of labels before it), or a network; `port` None is any."""

    port: int | None
    name: str = ""
    suffix: str = ""  # with its leading dot; "." is every name
    network: IPNetwork | None = None

    def covers_name(self, name: str, port: int) -> bool:
        """Return whether this rule names a host; `name` in A-labels and lower case."""
        if self.port not in (None, port):
            return False
        if self.suffix:
            return self.suffix == "." or (name.endswith(self.suffix) and len(name) > len(self.suffix))
        return bool(self.name) and name == self.name

    def covers_address(self, address: IPAddress, port: int) -> bool:
        """Return whether this rule is a network that holds the address."""
        if self.network is None or self.port not in (None, port):
            return False
        return address.version == self.network.version and address in self.network


def parse_pattern(text: str) -> Pattern:
    """Read one pattern; raise ValueError with the reason."""
    shape = _SHAPE.match(text)
    if shape is None:
        raise ValueError(
            f"bad pattern {text[:80]!r}: write host:port, *.example.com:443, 10.0.0.0/8:* or [2001:db8::]/32:443",
        )
    host, port = shape["host"], _port(shape["port"])
    if host.startswith("["):
        return Pattern(port, network=_network(host.replace("[", "").replace("]", "")))
    if "/" in host:
        return Pattern(port, network=_network(host))
    if host == "*":
        return Pattern(port, suffix=".")
    if host.startswith("*."):
        return Pattern(port, suffix="." + _name(host[2:]))
    if "*" in host:
        raise ValueError(f"bad pattern {text[:80]!r}: '*' stands at the beginning only, as in *.example.com:443")
    return _single(host, port)


def _port(text: str) -> int | None:
    if text == "*":
        return None
    if not 0 < int(text) <= 65535:  # noqa: PLR2004
        raise ValueError(f"bad port {text!r}: a number from 1 to 65535, or *")
    return int(text)


def _network(text: str) -> IPNetwork:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(f"bad network: {error}") from None


def _single(host: str, port: int | None) -> Pattern:
    name = _name(host)
    try:
        return Pattern(port, network=ipaddress.ip_network(name))
    except ValueError:
        return Pattern(port, name=name)


def _name(text: str) -> str:
    try:
        endpoint = parse_endpoint(text)
    except TargetError as error:
        raise ValueError(str(error)) from None
    if endpoint.unix_path is not None or endpoint.port is not None:
        raise ValueError(f"bad pattern {text[:80]!r}: write host:port")
    return endpoint.host
