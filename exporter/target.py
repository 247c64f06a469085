"""Target: the value that every package of the exporter uses, and the parser of its written forms.

Written forms: `host`, `host:port`, `[v6]:port`, `https://host[:port]/path`, `tls://host:port`, `unix:/run/x.sock`.
Nothing is resolved or opened here, and a spelling that two readers could understand differently is refused.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import idna

from exporter.policy import PolicyLayer

HTTPS_PORT = 443
FILE, KUBERNETES = AT_REST = ("file", "kubernetes")  # schemes that are never written, but part of a target's name
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}\Z")  # what IPv4Address takes, which needs ten times as long
_LABEL = "(?!-)[A-Za-z0-9_-]{1,63}"  # no host may end a label with a hyphen (RFC 952), and some do
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\Z")
_LOOKS_NUMERIC = re.compile(r"(0[xX][0-9A-Fa-f]*|[0-9]+)\Z")
_ZONE = re.compile(r"[A-Za-z0-9_.-]{1,15}\Z")  # an interface's name or number (RFC 4007 section 11, IFNAMSIZ)
MAX_TARGET_LENGTH = 2048


_PROTOCOLS_OF_TLS: Mapping[str, int] = {  # schemes that begin with TLS at once, and their ports
    "smtps": 465, "submissions": 465, "imaps": 993, "pop3s": 995, "ldaps": 636, "ftps": 990, "nntps": 563,
    "ircs": 6697, "amqps": 5671, "mqtts": 8883, "rediss": 6379, "sips": 5061, "coaps": 5684, "stuns": 5349,
    "turns": 5349, "xmpps": 5223, "dot": 853, "telnets": 992, "grpcs": 443, "ssl": 443, "tcps": 443,
}  # fmt: skip
_PROTOCOLS_OF_STARTTLS: Mapping[str, str] = {
    "smtp": "smtp", "lmtp": "lmtp", "imap": "imap", "pop3": "pop3", "ftp": "ftp", "ldap": "ldap", "nntp": "nntp",
    "irc": "irc", "postgres": "postgres", "postgresql": "postgres", "mysql": "mysql", "mariadb": "mysql",
    "xmpp": "xmpp", "sieve": "sieve", "rdp": "rdp", "mssql": "tds", "sqlserver": "tds", "nats": "nats",
}  # fmt: skip
_PORTS_OF_TLS = frozenset((25, 443, 465, 563, 587, 636, 853, 989, 990, 993, 995, 2376, 3389, 5061, 5432, 5671, 6443))
_PORTS_OF_TLS |= {6514, 6697, 8080, 8443, 8883, 9093, 9200, 9443, 10250}


class TargetError(ValueError):
    """A target that cannot be probed as written; the message says what is wrong and how to write it."""


class _AmbiguousError(TargetError):
    """An address that ends like a port."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a written target points. `host` is an A-label name or a canonical IP literal without brackets.

    `port` is None when it was not written; `unix_path` is set instead of host and port for a Unix socket.
    """

    host: str
    port: int | None = None
    scheme: str = ""  # "https", "tls" or "" when none was written; AT_REST for what no connection leads to
    path: str = ""  # of an https URL, with its query; of a file; of a Kubernetes object
    unix_path: str | None = None

    @property
    def is_at_rest(self) -> bool:
        """True for a file or a Kubernetes object, whose place is `path`: nothing is connected to."""
        return self.scheme in AT_REST

    @property
    def is_ip(self) -> bool:
        """True if the host is an IP literal, which is never sent as SNI (RFC 6066 section 3)."""
        return is_ip_literal(self.host)


@dataclass(frozen=True, slots=True)
class Target:
    """One configured target: what was written, what it means, which module probes it, and the user's labels.

    `policy` is what its group writes on findings, `mail_domain` the domain whose mail it takes. They do not make
    another target: history and series go on.
    """

    name: str
    endpoint: Endpoint
    module: str
    labels: tuple[tuple[str, str], ...] = ()
    policy: PolicyLayer | None = field(default=None, compare=False)
    mail_domain: str | None = field(default=None, compare=False)

    def __hash__(self) -> int:
        return hash(self.name)  # nearly unique, and costs a tenth of hashing all fields


@lru_cache(maxsize=32_768)
def is_ip_literal(host: str) -> bool:
    """Return whether a host is an IPv4 or IPv6 literal (with or without a zone)."""
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
        raise TargetError(f"unknown scheme {scheme[:40]!r}: {_instead_of_scheme(kind, rest)}")
    authority, path = _split_path(rest)
    if kind == "tls" and path not in ("", "/"):
        raise TargetError("tls:// takes no path: write tls://host:port")
    return _authority(authority, kind, path)


def _instead_of_scheme(scheme: str, authority: str) -> str:
    """Return what to write in place of a scheme that is not understood."""
    host = authority.partition("/")[0].partition("?")[0]
    host = host if host and host.isascii() and "@" not in host else "HOST"
    has_port = re.search(r":[0-9]{1,5}\Z", host) is not None
    if scheme in _PROTOCOLS_OF_TLS:
        where = host if has_port else f"{host}:{_PROTOCOLS_OF_TLS[scheme]}"
        return f"TLS begins at once there: write {where[:80]} with a module without starttls, as 'tls'"
    if scheme in _PROTOCOLS_OF_STARTTLS:
        starttls = _PROTOCOLS_OF_STARTTLS[scheme]
        return f"write {host[:80]} with a module that has 'starttls: {starttls}'"
    if scheme in ("http", "ws"):
        host = host.removesuffix(":80")
        return f"it has no TLS: write https://{host[:80]}; 'http: {{redirect_from_port: 80}}' checks the redirect"
    if scheme in ("wss", "h2", "h3", "quic"):
        return f"write https://{host[:80]}" + (" with a module that has 'transport: quic'" if scheme == "quic" else "")
    return "write https://, tls:// or host:port"


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
            _refuse_port_of_ipv6(text)
            return Endpoint(_ipv6(text), None, scheme, path)
        except _AmbiguousError:
            raise
        except TargetError:
            raise TargetError("an IPv6 address with a port is written [2001:db8::1]:443") from None
    host, colon, port = text.partition(":")
    return Endpoint(_host(host), _port(port) if colon else None, scheme, path)


def _refuse_port_of_ipv6(text: str) -> None:
    """Raise for `2001:db8::1:443`, an address whose end looks like the port that was forgotten to be set apart."""
    address, _, end = text.rpartition(":")
    if not end.isdigit() or int(end) not in _PORTS_OF_TLS:
        return
    try:
        _ipv6(address)
    except TargetError:
        return
    message = (
        f"{text!r} can be read in two ways: write [{address}]:{end} for the port {end}, or [{text}] for the address"
    )
    raise _AmbiguousError(message)


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
            raise TargetError(f"{name!r} is no name of IDNA 2008 ({error}){_a_label_hint(name)}") from None
    if len(name) > 253 or not _NAME.match(name):  # noqa: PLR2004 - RFC 1035 section 3.1
        raise TargetError(f"bad host name {name!r}")
    if _LOOKS_NUMERIC.match(name.rpartition(".")[2]):
        raise TargetError(f"{name!r} is neither a name nor an IPv4 address in dotted form (192.0.2.1)")
    return name.lower()


def _a_label_hint(name: str) -> str:
    """Return how to write a name that IDNA 2008 refuses and resolvers may know, as those with emoji: in A-labels."""
    try:
        mapped = idna.uts46_remap(name, std3_rules=False, transitional=False)
        labels = [
            label if label.isascii() else f"xn--{label.encode('punycode').decode('ascii')}"
            for label in mapped.split(".")
        ]
    except (idna.IDNAError, UnicodeError):
        return ""
    spelled = ".".join(labels).lower()
    return f": write {spelled}" if _NAME.match(spelled) else ""


def stored_target(scheme: str, path: str, module: str, labels: tuple[tuple[str, str], ...] = ()) -> Target:
    """Return the target of a file or a Kubernetes object, which is called `file:PATH` or `kubernetes:PATH`."""
    return Target(f"{scheme}:{path}", Endpoint(host="", scheme=scheme, path=path), module, labels)
