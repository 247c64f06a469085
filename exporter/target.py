"""Target: the one value that every room speaks of, and the reader of its written forms.

Written forms: `host`, `host:port`, `[v6]:port`, `https://host[:port]/path`, `tls://host:port`, `unix:/run/x.sock`.
Nothing is resolved or opened here, and a spelling that two readers could understand differently is refused.
"""

import ipaddress
import re
from dataclasses import dataclass, field
from functools import lru_cache

import idna

from exporter.policy import PolicyLayer

HTTPS_PORT = 443
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}\Z")  # what IPv4Address takes, which needs ten times as long
_LABEL = "(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\Z")
_LOOKS_NUMERIC = re.compile(r"(0[xX][0-9A-Fa-f]*|[0-9]+)\Z")
_ZONE = re.compile(r"[A-Za-z0-9_.-]{1,15}\Z")  # an interface's name or number (RFC 4007 section 11, IFNAMSIZ)
MAX_TARGET_LENGTH = 2048


class TargetError(ValueError):
    """A target that cannot be probed as written; the message says what is wrong and how to write it."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a written target points. `host` is an A-label name or a canonical IP literal without brackets.

    `port` is None when it was not written; `unix_path` is set instead of host and port for a Unix socket.
    """

    host: str
    port: int | None = None
    scheme: str = ""  # "https", "tls" or "" when none was written
    path: str = ""  # of an https URL, with its query
    unix_path: str | None = None

    @property
    def is_ip(self) -> bool:
        """True if the host is an IP literal, which is never sent as SNI (RFC 6066 section 3)."""
        return is_ip_literal(self.host)


@dataclass(frozen=True, slots=True)
class Target:
    """One configured target: what was written, what it means, which module probes it, and the user's labels.

    `policy` is what its group writes on findings. It does not make another target: history and series go on.
    """

    name: str
    endpoint: Endpoint
    module: str
    labels: tuple[tuple[str, str], ...] = ()
    policy: PolicyLayer | None = field(default=None, compare=False)

    def __hash__(self) -> int:
        return hash(self.name)  # tells targets apart but for a few, and costs a tenth of all fields


@lru_cache(maxsize=32_768)
def is_ip_literal(host: str) -> bool:
    """Tell whether a host is an IPv4 or IPv6 literal (with or without a zone)."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=65_536)
def parse_endpoint(text: str) -> Endpoint:
    """Read a target as written; raise TargetError with the reason."""
    if not text or len(text) > MAX_TARGET_LENGTH:
        raise TargetError("a target must have between 1 and 2048 characters")
    if " " in text or not text.isprintable():  # which other spaces are not
        raise TargetError("a target must not contain spaces or control characters")
    if text.startswith("unix:"):
        return _unix(text.removeprefix("unix:"))
    scheme, separator, rest = text.partition("://")
    if not separator:
        return _authority(text, "")
    kind = scheme.lower()
    if kind not in ("https", "tls"):
        raise TargetError(f"unknown scheme {scheme!r}: write https://, tls:// or host:port")
    authority, path = _split_path(rest)
    if kind == "tls" and path not in ("", "/"):
        raise TargetError("tls:// takes no path: write tls://host:port")
    return _authority(authority, kind, path)


def _split_path(rest: str) -> tuple[str, str]:
    if "#" in rest:
        raise TargetError("a target must not have a fragment (#...)")
    authority, slash, path = rest.partition("/")
    if "?" in authority:
        authority, _, path = rest.partition("?")
        slash = "/?"
    if not path.isascii():
        raise TargetError("characters beyond ASCII are written %XX in a path")
    return authority, slash + path


def _unix(path: str) -> Endpoint:
    if not path.startswith("/"):
        raise TargetError("a Unix socket is written with its whole path: unix:/run/server.sock")
    if len(path.encode()) > 107:  # noqa: PLR2004 - sun_path of unix(7), less the closing NUL
        raise TargetError("the path of a Unix socket has at most 107 bytes")
    return Endpoint(host="", unix_path=path)


def _authority(text: str, scheme: str, path: str = "") -> Endpoint:
    if "@" in text:
        raise TargetError("a target must not contain a user or password (@)")
    if not scheme and "/" in text:
        raise TargetError("a path needs a scheme: write https://host/path")
    if text.startswith("["):
        host, bracket, tail = text[1:].partition("]")
        if not bracket or (tail and not tail.startswith(":")):
            raise TargetError("an IPv6 address with a port is written [2001:db8::1]:443")
        return Endpoint(_ipv6(host), _port(tail[1:]) if tail else None, scheme, path)
    if text.count(":") > 1:
        if scheme:
            raise TargetError("an IPv6 address in a URL is written in brackets: https://[2001:db8::1]:443/")
        try:
            return Endpoint(_ipv6(text), None, scheme, path)
        except TargetError:
            raise TargetError("an IPv6 address with a port is written [2001:db8::1]:443") from None
    host, colon, port = text.partition(":")
    return Endpoint(_host(host), _port(port) if colon else None, scheme, path)


def _port(text: str) -> int:
    port = int(text) if len(text) <= 5 and text.isascii() and text.isdigit() else 0  # noqa: PLR2004
    if not 0 < port <= 65535:  # noqa: PLR2004
        raise TargetError(f"bad port {text!r}: a number from 1 to 65535")
    return port


def _ipv6(text: str) -> str:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        raise TargetError(f"bad IPv6 address {text!r}") from None
    zone = address.scope_id
    if zone is not None and not (address.is_link_local and _ZONE.match(zone)):
        raise TargetError(f"bad zone in {text!r}: only link-local addresses have one, like fe80::1%eth0")
    return str(address)


def _host(text: str) -> str:
    name = text.removesuffix(".")
    if not name:
        raise TargetError("the host is missing: write host:port")
    return name if _IPV4.match(name) else _dns_name(name)


def _dns_name(name: str) -> str:
    """Return the name in A-labels (IDNA 2008, RFC 5891), in lower case."""
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise TargetError(f"bad international name {name!r}: {error}") from None
    if len(name) > 253 or not _NAME.match(name):  # noqa: PLR2004 - RFC 1035 section 3.1
        raise TargetError(f"bad host name {name!r}")
    if _LOOKS_NUMERIC.match(name.rpartition(".")[2]):
        raise TargetError(f"{name!r} is neither a name nor an IPv4 address in dotted form (192.0.2.1)")
    return name.lower()
