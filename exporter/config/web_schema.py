"""The shape of the web configuration file, in the format of Prometheus' exporter-toolkit. Stays inside `config`."""

import re

from exporter.config.problems import one_of
from exporter.config.schema import FLAG, TEXT, VERSION
from exporter.config.schema_types import Block, Key, Named, Reader, Shape, between, each, text

CLIENT_AUTH_TYPES = (  # Go's names (crypto/tls.ClientAuthType)
    "NoClientCert",
    "RequestClientCert",
    "RequireAnyClientCert",
    "RequireClientCert",
    "VerifyClientCertIfGiven",
    "RequireAndVerifyClientCert",
)
CIPHER_SUITES = {  # Go's (that is, IANA's) names of the suites up to TLS 1.2 with forward secrecy, and OpenSSL's
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256": "ECDHE-ECDSA-AES128-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256": "ECDHE-RSA-AES128-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305": "ECDHE-ECDSA-CHACHA20-POLY1305",
}
TLS13_CIPHER_SUITES = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
CURVES = {  # Go's names and OpenSSL's
    "CurveP256": "prime256v1",
    "CurveP384": "secp384r1",
    "CurveP521": "secp521r1",
    "X25519": "X25519",
    "X25519MLKEM768": "X25519MLKEM768",
}
HEADERS = (
    "Content-Security-Policy",
    "X-Frame-Options",
    "X-Content-Type-Options",
    "X-XSS-Protection",
    "Strict-Transport-Security",
)
_MAX_DIGITS = 18
_BCRYPT = re.compile(r"\$2[abxy]\$([0-9]{2})\$[./A-Za-z0-9]{53}\Z")
_COSTS = range(4, 32)
_ONE_OF = {"X-Frame-Options": ("deny", "sameorigin"), "X-Content-Type-Options": ("nosniff",)}
_NANOSECONDS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_PART = re.compile(r"([0-9]{1,15}(?:\.[0-9]{0,15})?|\.[0-9]{1,15})(ns|us|µs|ms|s|m|h)")
_FIELD_VALUE = re.compile(r"[\x20-\x7e]{1,2000}\Z")


def _known(what: str, words: tuple[str, ...]) -> Reader[str]:
    def check(written: str) -> str:
        if written in words:
            return written
        raise ValueError(f"unknown {what} {written[:60]!r}{one_of(written, words)}")

    return text(check)


def go_duration(written: str) -> float:
    """Return the seconds of a duration as Go writes it: 1.5s, 1m30s, 100us; a number alone is nanoseconds."""
    hint = ""
    if written.isascii() and written.isdigit() and len(written) <= _MAX_DIGITS:
        nanoseconds = int(written)
        if nanoseconds >= _NANOSECONDS["ms"] or not nanoseconds:
            return nanoseconds / 10**9
        hint = f", did you mean '{nanoseconds}s'?"  # so few nanoseconds are seconds without their unit
    parts = list(_PART.finditer(written))
    if not parts or "".join(part[0] for part in parts) != written:
        raise ValueError(f"bad duration {written[:40]!r}: write it like 500ms, 1.5s or 1m30s{hint}")
    return sum(float(part[1]) * _NANOSECONDS[part[2]] for part in parts) / 10**9


def header_problem(name: str, written: str) -> str | None:
    """Return what is wrong with the value of a header field that allows few."""
    known = _ONE_OF.get(name)
    if known is None or not written or written in known:
        return None
    return f"unknown value {written[:60]!r}: write {' or '.join(known)}"


def _password_hash(written: str) -> str:
    """Read a bcrypt hash; the message never repeats it, since it may be a password."""
    written = written.rstrip()
    match = _BCRYPT.match(written)
    if match is None:
        raise ValueError("not a bcrypt hash: make one with 'htpasswd -nBC 10 \"\"'")
    if int(match[1]) not in _COSTS:
        raise ValueError(f"the cost {int(match[1])} of this hash is not between {_COSTS[0]} and {_COSTS[-1]}")
    return written


def _user(written: str) -> str:
    if not written or ":" in written or not written.isprintable():
        raise ValueError("bad user name: it must not be empty, nor hold a colon or control characters (RFC 7617)")
    return written


def _field_value(written: str) -> str:
    if written and not _FIELD_VALUE.match(written):
        raise ValueError("bad header field: visible ASCII and spaces, at most 2000 characters")
    return written


class TLSServer(Shape):
    """`tls_server_config`."""

    cert_file = Key(TEXT)
    key_file = Key(TEXT)
    cert = Key(TEXT)
    key = Key(TEXT)
    client_auth_type = Key(_known("client_auth_type", CLIENT_AUTH_TYPES))
    client_ca_file = Key(TEXT)
    client_ca = Key(TEXT)
    client_allowed_sans = Key(each(TEXT))
    min_version = Key(VERSION)
    max_version = Key(VERSION)
    cipher_suites = Key(each(_known("cipher suite", (*CIPHER_SUITES, *TLS13_CIPHER_SUITES))))
    curve_preferences = Key(each(_known("curve", tuple(CURVES))))
    prefer_server_cipher_suites = Key(FLAG)


class HTTPServer(Shape):
    """`http_server_config`."""

    http2 = Key(FLAG)
    headers = Key(Named(_known("header field", HEADERS), text(_field_value), blank=str))  # one that is blank is unset


class RateLimit(Shape):
    """`rate_limit`: the time between two requests, and how many may come at once."""

    interval = Key(text(go_duration))  # 0 is no limit
    burst = Key(between(0, 1_000_000))


class WebFile(Shape):
    """The whole file."""

    tls_server_config = Key(Block(TLSServer))
    http_server_config = Key(Block(HTTPServer))
    basic_auth_users = Key(Named(text(_user), text(_password_hash)))
    rate_limit = Key(Block(RateLimit))
