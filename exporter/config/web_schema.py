"""The shape of the web configuration file, in the format of Prometheus' exporter-toolkit. Stays inside `config`."""

import re

from exporter.config.problems import one_of
from exporter.config.schema import FLAG, TEXT, VERSION
from exporter.config.schema_types import Block, Key, Named, Reader, Shape, between, each, text
from exporter.config.units import parse_duration

CLIENT_AUTH_TYPES = (  # Go's names (crypto/tls.ClientAuthType)
    "NoClientCert",
    "RequestClientCert",
    "RequireAnyClientCert",
    "RequireClientCert",
    "VerifyClientCertIfGiven",
    "RequireAndVerifyClientCert",
)
CIPHER_SUITES = {  # Go's (that is, IANA's) names of the suites up to TLS 1.2, and OpenSSL's
    "TLS_RSA_WITH_AES_128_CBC_SHA": "AES128-SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA": "AES256-SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA256": "AES128-SHA256",
    "TLS_RSA_WITH_AES_128_GCM_SHA256": "AES128-GCM-SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384": "AES256-GCM-SHA384",
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
_BCRYPT = re.compile(r"\$2[abxy]\$([0-9]{2})\$[./A-Za-z0-9]{53}\Z")
_COSTS = range(4, 18)
_FIELD_VALUE = re.compile(r"[\x20-\x7e]{1,2000}\Z")


def _known(what: str, words: tuple[str, ...]) -> Reader[str]:
    def check(written: str) -> str:
        if written in words:
            return written
        raise ValueError(f"unknown {what} {written[:60]!r}{one_of(written, words)}")

    return text(check)


def _password_hash(written: str) -> str:
    """Read a bcrypt hash; the message never repeats it, since it may be a password."""
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

    interval = Key(text(parse_duration))  # 0 is no limit
    burst = Key(between(0, 1_000_000))


class WebFile(Shape):
    """The whole file."""

    tls_server_config = Key(Block(TLSServer))
    http_server_config = Key(Block(HTTPServer))
    basic_auth_users = Key(Named(text(_user), text(_password_hash)))
    rate_limit = Key(Block(RateLimit))
