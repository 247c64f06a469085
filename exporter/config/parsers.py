"""Readers of single values: each takes text as written and returns it checked, or raises ValueError with the reason."""

import base64
import binascii
import ipaddress
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from urllib.parse import quote, unquote, urlsplit

from exporter.config.model import ProxyConfig, Secret
from exporter.config.patterns import parse_pattern
from exporter.config.problems import did_you_mean, one_of
from exporter.config.units import parse_duration
from exporter.config.vocabulary import Vocabulary
from exporter.config.yaml_document import Plain
from exporter.policy import SEVERITIES
from exporter.target import Endpoint, TargetError, parse_endpoint
from exporter.wire import iana
from exporter.wire.starttls import PROTOCOLS

TLS_VERSIONS = ("TLS10", "TLS11", "TLS12", "TLS13")
KNOWN_STORES = ("system", "mozilla")
_STORE_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
CERTIFICATE_TYPES = ("ecdsa", "rsa", "ml-dsa")
_MODULE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\Z")
_KUBERNETES_NAME = re.compile(r"!?[a-z0-9.*?\[\]-]{1,253}\Z")
_PROXY_PORTS = {"http": 3128, "socks5": 1080}
_LONGEST_LABEL_VALUE = 1024
_LONGEST_LABEL_NAME = 128
_DIGEST_BYTES = 32
_FIRST_YEAR = 1970


def whole_number(value: object, low: int, high: int) -> int:
    """Read a number that was written without quotes."""
    if not isinstance(value, Plain) or not re.fullmatch(r"[0-9]{1,9}", value):
        raise ValueError("a whole number is wanted, without quotes")
    if not low <= int(value) <= high:
        raise ValueError(f"{value} is not between {low} and {high}")
    return int(value)


def true_or_false(value: object) -> bool:
    """Read `true` or `false`, written without quotes, in the three cases of YAML 1.2 (section 10.3.2).

    The other spellings of older YAML, `yes` and `on`, are text here.
    """
    if isinstance(value, Plain) and value in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return value.lower() == "true"
    raise ValueError("write true or false, without quotes")


LONGEST_PAUSE = 60.0  # seconds


def is_true(value: object) -> bool:
    """Return whether it is `true`; False for `false`. Raises ValueError for anything else but text."""
    return isinstance(value, Plain) and value in ("true", "True", "TRUE")


def duration(value: object) -> float:
    """Read a duration that must not be zero."""
    seconds = parse_duration(_text(value))
    if seconds == 0:
        raise ValueError("the duration must be greater than 0")
    return seconds


def refresh(value: object) -> float:
    """Read how often something is fetched or determined at most."""
    seconds = parse_duration(_text(value))
    if seconds < 1:
        raise ValueError("refresh must be at least 1s")
    return seconds


def pause(value: object) -> float:
    """Read the pause between two connections of a scan; 0s is none at all."""
    seconds = parse_duration(_text(value))
    if seconds > LONGEST_PAUSE:
        raise ValueError("pace must be at most 60s")
    return seconds


def fraction(value: object) -> float:
    """Read a fraction that is more than 0 and at most 1."""
    if not isinstance(value, Plain) or not re.fullmatch(r"(?:0|1|0?\.[0-9]{1,6}|1\.0{1,6})", value):
        percent = re.fullmatch(r"([0-9]{1,2})%?", value) if isinstance(value, str) else None
        hint = f", did you mean {int(percent[1]) / 100:g}?" if percent and percent[1] not in ("0", "00") else ""
        raise ValueError(f"a fraction like 0.25 is wanted, without quotes{hint}")
    if not 0 < float(value) <= 1:
        raise ValueError("a fraction is more than 0 and at most 1")
    return float(value)


def until(text: str) -> float:
    """Read the last day of something, as 2027-06-30; return the Unix time at which that day ends in UTC."""
    try:
        day = date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        day = None
    if day is None or day.year < _FIRST_YEAR or day == date.max:
        raise ValueError(f"bad day {text[:40]!r}: write it like 2027-06-30")
    return (datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)).timestamp()


def finding(text: str, vocabulary: Vocabulary) -> str:
    """Read the id of a finding."""
    known = vocabulary.findings
    if known is None or text in known:
        return text
    hint = did_you_mean(text, known) or ": `tls-exporter findings` lists them all"
    raise ValueError(f"unknown finding {text[:80]!r}{hint}")


def severity(text: str) -> str:
    """Read a severity."""
    return choice(text, SEVERITIES)


def filled(text: str) -> str:
    """Read text of which there must be some."""
    if not text:
        raise ValueError("it must not be empty")
    return text


def tls_version(text: str) -> str:
    """Read a TLS version in Prometheus' spelling."""
    if text in TLS_VERSIONS:
        return text
    digits = re.sub(r"[^0-9]", "", text)
    digits = digits + "0" if digits == "1" else digits
    near = f", did you mean 'TLS{digits}'?" if f"TLS{digits}" in TLS_VERSIONS else ""
    raise ValueError(f"unknown version {text[:40]!r}{near or ' (known: ' + ', '.join(TLS_VERSIONS) + ')'}")


def starttls(text: str) -> str:
    """Read the name of a STARTTLS protocol."""
    if text in PROTOCOLS:
        return text
    raise ValueError(f"unknown protocol {text[:40]!r}{one_of(text, PROTOCOLS)}")


def certificate_type(text: str) -> str:
    """Read a kind of certificate."""
    if text in CERTIFICATE_TYPES:
        return text
    raise ValueError(f"unknown certificate type {text[:40]!r}{one_of(text, CERTIFICATE_TYPES)}")


def known_store(text: str) -> str:
    """Read the name of a root store that exists without a file."""
    if text in KNOWN_STORES:
        return text
    raise ValueError(f"unknown store {text[:40]!r}{one_of(text, KNOWN_STORES)}: others are {{name: , file: }}")


def store_name(text: str) -> str:
    """Read the name of a root store with a file: it becomes a label's value."""
    if text in KNOWN_STORES:
        raise ValueError(f"{text!r} is the name of a store that needs no file")
    if not _STORE_NAME.fullmatch(text):
        raise ValueError(f"not a name of up to 64 letters, digits, dots, dashes and underscores: {text[:40]!r}")
    return text


def choice(text: str, known: tuple[str, ...]) -> str:
    """Read one of a few words."""
    if text in known:
        return text
    raise ValueError(f"{text[:40]!r} is not one of {', '.join(known)}{did_you_mean(text, known)}")


def group(text: str) -> str:
    """Read the name of a key exchange group, as IANA has it."""
    name = iana.group_from_openssl(text)
    if name in iana.GROUPS.values():
        return name
    hint = did_you_mean(text, iana.GROUPS.values()) or ": a name as X25519MLKEM768 or secp256r1 is wanted"
    raise ValueError(f"unknown group {text[:40]!r}{hint}")


def alpn_protocol(text: str) -> str:
    """Read a protocol name of RFC 7301 section 3.1: 1 to 255 bytes."""
    if not 1 <= len(text.encode()) <= 255:  # noqa: PLR2004
        raise ValueError("an ALPN protocol has between 1 and 255 bytes")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError(f"bad ALPN protocol {text[:40]!r}: visible ASCII without spaces")
    return text


def spki_pin(text: str) -> str:
    """Read a pin of RFC 7469 section 2.4: base64 of the SHA-256 of a public key."""
    pin = re.sub(r"^sha256/{1,2}", "", text)
    try:
        digest = base64.b64decode(pin, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) == _DIGEST_BYTES:
        return pin
    if re.fullmatch(r"(?:[0-9A-Fa-f]{2}:?){32}", text):
        encoded = base64.b64encode(bytes.fromhex(text.replace(":", ""))).decode()
        raise ValueError(f"a pin is written in base64, did you mean {encoded!r}?")
    raise ValueError(f"bad pin {text[:64]!r}: base64 of a SHA-256 has 44 characters, the last of them '='")


def host_name(text: str) -> str:
    """Read a DNS name or IP address without a port."""
    endpoint = _endpoint(text)
    if endpoint.port is not None or endpoint.scheme or endpoint.unix_path is not None:
        raise ValueError(f"bad name {text[:80]!r}: a name or address alone, without scheme or port")
    return endpoint.host


def client_name(text: str) -> str:
    """Read what EHLO and the like say: a domain name, or an address literal in brackets (RFC 5321 section 4.1.3)."""
    if text.startswith("[") and text.endswith("]"):
        return f"[{'IPv6:' if ':' in ip_address(text[1:-1]) else ''}{ip_address(text[1:-1])}]"
    return host_name(text)


def proxy_protocol(text: str) -> str:
    """Read the version of the PROXY protocol."""
    if text in ("v1", "v2"):
        return text
    raise ValueError(f"unknown version {text[:40]!r}: write v1 or v2")


def ip_address(text: str) -> str:
    """Read an IP address."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError(f"bad IP address {text[:80]!r}") from None


def host_header(text: str) -> str:
    """Read the value of a Host header field (RFC 9110 section 7.2)."""
    endpoint = _endpoint(text)
    if endpoint.scheme or endpoint.unix_path is not None:
        raise ValueError(f"bad host {text[:80]!r}: write name or name:port")
    return text


def request_path(text: str) -> str:
    """Read the path of a request, with its query (origin-form, RFC 9112 section 3.2.1)."""
    if not text.startswith("/"):
        raise ValueError(f"bad path {text[:80]!r}: it begins with /")
    if not text.isascii() or not text.isprintable() or " " in text or "#" in text:
        raise ValueError(f"bad path {text[:80]!r}: spaces, '#' and characters beyond ASCII are written as %XX")
    return text


def label_name(text: str, vocabulary: Vocabulary) -> str:
    """Read the name of a label that users may put on targets: any text, as in Prometheus 3.

    Scrapers that do not know such names get each of their unusual characters as an underscore.
    """
    if not text or len(text) > _LONGEST_LABEL_NAME or not text.isprintable() or text.isspace():
        raise ValueError(f"bad label name {text[:80]!r}: between 1 and {_LONGEST_LABEL_NAME} characters that print")
    if text.startswith("__"):
        raise ValueError(f"the label name {text[:80]!r} is reserved: names beginning with __ belong to Prometheus")
    plain = plain_label_name(text)
    if plain in vocabulary.reserved_labels or plain.startswith("__"):
        as_written = "" if plain == text else f", as which older scrapers see it ({plain})"
        raise ValueError(f"the label name {text!r} is reserved: the exporter's own series carry it{as_written}")
    return text


def plain_label_name(name: str) -> str:
    """Return a label's name as scrapers before Prometheus 3 get it (escaping `underscores`)."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return f"_{plain[1:]}" if plain[:1].isdigit() else plain


def distinct_labels(names: Iterable[str]) -> None:
    """Raise ValueError for two names of one target that older scrapers could not tell apart."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(plain_label_name(name), name)
        if other != name:
            raise ValueError(f"the labels {other[:80]!r} and {name[:80]!r} are one to older scrapers")


def label_value(text: str) -> str:
    """Read the value of a label."""
    if len(text) > _LONGEST_LABEL_VALUE:
        raise ValueError(f"a label value has at most {_LONGEST_LABEL_VALUE} characters")
    return text


def module_name(text: str) -> str:
    """Read the name of a module."""
    if not _MODULE.match(text):
        raise ValueError(f"bad module name {text[:80]!r}: up to 64 letters, digits, '_', '-' and '.'")
    return text


def http_url(text: str) -> str:
    """Read the URL of a document."""
    try:
        url = urlsplit(text)
    except ValueError:
        raise ValueError("bad URL: an IPv6 address is written in brackets") from None
    if url.scheme not in ("http", "https") or not url.hostname or url.username is not None:
        raise ValueError(f"bad URL {text[:80]!r}: write http://host/path or https://host/path, without a password")
    return text


def kubernetes_name(text: str) -> str:
    """Read a pattern of names of namespaces or objects (RFC 1123), which ! turns round."""
    if not _KUBERNETES_NAME.match(text):
        raise ValueError(
            f"bad name {text[:80]!r}: lower-case letters, digits, '-', '.' and *, ? or [...]; ! leaves out"
        )
    return text


def target_text(text: str) -> str:
    """Check that a target can be read; the text itself is its name."""
    parse_endpoint(text)
    return text


def allow_pattern(text: str) -> str:
    """Check that a pattern of `/probe` can be read."""
    parse_pattern(text)
    return text


def file_pattern(text: str) -> str:
    """Check the name of a file of targets, which may hold *, ? and [...]."""
    if not text.endswith((".json", ".yml", ".yaml")):
        raise ValueError(f"bad file name {text[:80]!r}: it must end in .json, .yml or .yaml")
    return text


def no_proxy(text: str) -> str:
    """Read an entry of no_proxy: a name, .suffix or IP address, each with a port or without, a network, or *."""
    if text == "*":
        return text
    if "/" in text:
        try:
            return str(ipaddress.ip_network(text))
        except ValueError as error:
            raise ValueError(f"bad network: {error}") from None
    suffix = text.startswith((".", "*."))
    endpoint = _endpoint(text.removeprefix("*").removeprefix(".") if suffix else text)
    if endpoint.scheme or endpoint.unix_path is not None or (suffix and endpoint.is_ip):
        raise ValueError(f"bad entry {text[:80]!r}: a name, .suffix, address or network is wanted")
    host = f"[{endpoint.host}]" if ":" in endpoint.host and endpoint.port is not None else endpoint.host
    return f"{'.' if suffix else ''}{host}" + (f":{endpoint.port}" if endpoint.port is not None else "")


def proxy_url(value: object) -> ProxyConfig:
    """Read `http://user:password@host:port` or `socks5://...`. No message repeats the URL: it may hold a password."""
    text = _text(value)
    scheme, separator, _ = text.partition("://")
    scheme = "socks5" if scheme.lower() == "socks5h" else scheme.lower()
    if not separator or scheme not in _PROXY_PORTS:
        raise ValueError("a proxy is written http://host:3128 (CONNECT) or socks5://host:1080")
    try:
        url = urlsplit(text)
    except ValueError as error:
        raise ValueError("bad proxy URL: an IPv6 address is written in brackets") from error
    if url.path not in ("", "/") or url.query or url.fragment:
        raise ValueError("bad proxy URL: nothing may follow the port (a '/', '?' or '#' in a password is written %XX)")
    userinfo, at, authority = url.netloc.rpartition("@")
    try:
        endpoint = parse_endpoint(authority)
    except TargetError as error:
        raise ValueError(f"bad proxy URL: {error}") from None
    username, password = _userinfo(userinfo) if at else (None, None)
    return ProxyConfig(scheme, endpoint.host, endpoint.port or _PROXY_PORTS[scheme], username, password)


def _userinfo(text: str) -> tuple[str, Secret | None]:
    username, colon, password = text.partition(":")
    fields = [unquote(username), unquote(password)]
    if not fields[0] or any(not field.isprintable() for field in fields) or "\ufffd" in "".join(fields):
        raise ValueError("bad proxy URL: the user name is empty, or user and password hold unprintable characters")
    return fields[0], Secret(fields[1]) if colon else None


def format_proxy_url(proxy: ProxyConfig, password: Literal["<secret>"] = "<secret>") -> str:  # noqa: S107 - the mask
    """Write a proxy as `proxy_url` reads it, with its password masked."""
    host = f"[{proxy.host}]" if ":" in proxy.host else proxy.host
    user = quote(proxy.username, safe="") if proxy.username is not None else ""
    secret = f":{password}" if proxy.password is not None else ""
    return f"{proxy.scheme}://{user}{secret}{'@' if user else ''}{host}:{proxy.port}"


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise ValueError("text is wanted")


def _endpoint(text: str) -> Endpoint:
    try:
        return parse_endpoint(text)
    except TargetError as error:
        raise ValueError(str(error)) from None
