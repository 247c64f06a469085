"""The shape of what a module says on published facts: `dns` and `ari`. Stays inside `config`."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from exporter.config import parsers
from exporter.config.model import DNSSECMode, NameServer
from exporter.config.schema_types import Key, Shape, each, one_of, text, value
from exporter.target import is_ip_literal, parse_endpoint


def name_server(written: str) -> NameServer:
    """Read a name server: an IP address, with a port or without."""
    try:
        endpoint = parse_endpoint(written)
    except ValueError as error:
        raise ValueError(f"bad name server {written[:80]!r}: {error}") from None
    if not is_ip_literal(endpoint.host) or endpoint.scheme or endpoint.unix_path is not None:
        raise ValueError(f"bad name server {written[:80]!r}: write an IP address, as 192.0.2.53 or [2001:db8::53]:53")
    return NameServer(endpoint.host, endpoint.port) if endpoint.port is not None else NameServer(endpoint.host)


def mail_domain(written: str) -> str:
    """Read the domain of mail addresses: a DNS name."""
    name = parsers.host_name(written)
    if is_ip_literal(name):
        raise ValueError(f"bad mail domain {written[:80]!r}: what stands behind the @ of an address is wanted")
    return name


def https_url(written: str) -> str:
    """Read the https URL of an ACME directory."""
    try:
        parts = urlsplit(written)
        usable = parts.scheme == "https" and bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not written.isascii() or not written.isprintable() or " " in written:
        raise ValueError(f"bad directory {written[:80]!r}: an https URL is wanted")
    return written


class DNS(Shape):
    """`dns`."""

    tlsa = Key(value(parsers.true_or_false))
    caa = Key(value(parsers.true_or_false))
    https = Key(value(parsers.true_or_false))
    nameservers = Key(each(text(name_server)))
    dnssec = Key(one_of(DNSSECMode))
    trust_anchors_file = Key(text(parsers.filled))

    def conflicts(self) -> Iterator[tuple[str, str]]:
        """Yield what does not go together."""
        if self.trust_anchors_file is not None and self.dnssec != DNSSECMode.VALIDATE:
            yield "trust_anchors_file", "it is of use with 'dnssec: validate' only"


class ARI(Shape):
    """`ari`."""

    directories = Key(each(text(https_url)))
    ca_file = Key(text(parsers.filled))
