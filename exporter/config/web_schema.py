"""The shape of the web configuration file, in the format of Prometheus' exporter-toolkit. Stays inside `config`."""

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from exporter.config import values
from exporter.config.problems import one_of
from exporter.config.schema import Flag, Text, Version, between

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


def _known(what: str, words: tuple[str, ...]) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text in words:
            return text
        raise ValueError(f"unknown {what} {text[:60]!r}{one_of(text, words)}")

    return check


def _password_hash(text: str) -> str:
    """Read a bcrypt hash; the message never repeats it, since it may be a password."""
    match = _BCRYPT.match(text)
    if match is None:
        raise ValueError("not a bcrypt hash: make one with 'htpasswd -nBC 10 \"\"'")
    if int(match[1]) not in _COSTS:
        raise ValueError(f"the cost {int(match[1])} of this hash is not between {_COSTS[0]} and {_COSTS[-1]}")
    return text


def _user(text: str) -> str:
    if not text or ":" in text or not text.isprintable():
        raise ValueError("bad user name: it must not be empty, nor hold a colon or control characters (RFC 7617)")
    return text


def _field_value(text: str) -> str:
    if not _FIELD_VALUE.match(text):
        raise ValueError("bad header field: visible ASCII and spaces, at most 2000 characters")
    return text


class _Shape(BaseModel):
    """Refuses keys that are not named."""

    model_config = ConfigDict(extra="forbid")


class TLSServer(_Shape):
    """`tls_server_config`."""

    cert_file: Text | None = None
    key_file: Text | None = None
    cert: Text | None = None
    key: Text | None = None
    client_auth_type: Annotated[str, AfterValidator(_known("client_auth_type", CLIENT_AUTH_TYPES))] | None = None
    client_ca_file: Text | None = None
    client_ca: Text | None = None
    client_allowed_sans: list[Text] | None = None
    min_version: Version | None = None
    max_version: Version | None = None
    cipher_suites: (
        list[Annotated[str, AfterValidator(_known("cipher suite", (*CIPHER_SUITES, *TLS13_CIPHER_SUITES)))]] | None
    ) = None
    curve_preferences: list[Annotated[str, AfterValidator(_known("curve", tuple(CURVES)))]] | None = None
    prefer_server_cipher_suites: Flag | None = None


class HTTPServer(_Shape):
    """`http_server_config`."""

    http2: Flag | None = None
    headers: (
        dict[
            Annotated[str, AfterValidator(_known("header field", HEADERS))],
            Annotated[str, AfterValidator(_field_value)],
        ]
        | None
    ) = None


class RateLimit(_Shape):
    """`rate_limit`: the time between two requests, and how many may come at once."""

    interval: Annotated[float, BeforeValidator(values.duration)] | None = None
    burst: Annotated[int, between(0, 1_000_000)] | None = None


class WebFile(_Shape):
    """The whole file."""

    tls_server_config: TLSServer | None = None
    http_server_config: HTTPServer | None = None
    basic_auth_users: (
        dict[Annotated[str, AfterValidator(_user)], Annotated[str, AfterValidator(_password_hash)]] | None
    ) = None
    rate_limit: RateLimit | None = None
