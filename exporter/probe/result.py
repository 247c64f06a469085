"""What one probe saw: frozen values without behaviour. Nothing here judges, opens or parses."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from exporter.net.reason import Reason


class Phase(StrEnum):
    """The phases of a probe, in their order."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    PROXY = "proxy"
    STARTTLS = "starttls"
    HANDSHAKE = "handshake"
    HTTP = "http"
    READ = "read"  # of what is at rest, in place of all others


BEYOND_CONNECTION = frozenset({Phase.STARTTLS, Phase.HANDSHAKE, Phase.HTTP})
"""A probe in one of these is connected, through the proxy if there is one."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Where and why a probe ended. `detail` is a sentence for logs and pages, escaped and cut, never a label."""

    phase: Phase
    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Variant:
    """Which of a target's several results this is; a field is None where the module does not ask for it."""

    address: str | None = None
    server_name: str | None = None
    certificate_type: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """What was negotiated. `protocol` as `TLSv1.3`, `version` as 1.3 (SSL 3.0 is 0.3), `cipher` by IANA's name.

    `group` is "" when no group took part (static RSA), `alpn` is "" when none was agreed.
    """

    protocol: str
    version: float
    cipher: str
    group: str
    alpn: str


@dataclass(frozen=True, slots=True)
class HSTS:
    """A Strict-Transport-Security header field (RFC 6797 section 6.1); `malformed` says what is wrong with it."""

    max_age: int | None
    include_subdomains: bool = False
    preload: bool = False
    malformed: str = ""


@dataclass(frozen=True, slots=True)
class HTTPFacts:
    """The answer to the request on the probed connection. `failure` says why there is none.

    `hsts` is None when the header field was not sent; `location` is "" when the answer redirects nowhere.
    `alt_svc` is the Alt-Svc header field as sent, cut. `content_length` is None where the answer does not say its
    length. `redirects_to_https` is None when unknown or not asked for.
    """

    status_code: int | None = None
    version: str = ""
    hsts: HSTS | None = None
    location: str = ""
    alt_svc: str = ""
    content_length: int | None = None
    redirects_to_https: bool | None = None
    redirect_detail: str = ""
    failure: str = ""


class Event(NamedTuple):
    """One line of the probe's log: seconds since the probe began, the phase, and what happened."""

    seconds: float
    phase: Phase
    text: str


@dataclass(frozen=True, slots=True)
class Handshake:
    """What a handshake showed, completed or not. The chain is there whenever the server sent it, as DER.

    `failure` says where and why the probe ended, be it before the handshake.
    """

    session: Session | None = None
    chain: tuple[bytes, ...] = ()
    chain_truncated: bool = False  # the peer sent more certificates than are kept
    staple: bytes | None = None
    tls_scts: tuple[bytes, ...] = ()
    client_certificate_requested: bool = False
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """One probe of one endpoint. `started_at` in Unix seconds, durations in seconds."""

    started_at: float
    total_seconds: float
    durations: tuple[tuple[Phase, float], ...] = ()
    reachable: bool = False
    handshake: Handshake = field(default_factory=Handshake)
    variant: Variant = field(default_factory=Variant)
    address: str | None = None
    family: str | None = None  # "ip4", "ip6" or "unix"
    proxied: bool = False  # the address is the proxy's
    server_name: str | None = None  # sent as SNI; None if none was sent
    starttls_injection: bool = False  # bytes came after the STARTTLS go-ahead and before the handshake
    http: HTTPFacts | None = None
    events: tuple[Event, ...] = ()
    large_hello_refused: bool = False  # a hello beyond one TCP segment was not answered, twice, and a small one was
    is_stored: bool = False  # read from a file or a Kubernetes object, with no connection at all

    @property
    def failure(self) -> Failure | None:
        """Where and why the probe ended early; None if it did not."""
        return self.handshake.failure

    @property
    def session(self) -> Session | None:
        """What was negotiated, as far as it came."""
        return self.handshake.session

    @property
    def chain(self) -> tuple[bytes, ...]:
        """The certificates that were presented, as DER, leaf first."""
        return self.handshake.chain

    @property
    def chain_truncated(self) -> bool:
        """True if the peer sent more certificates than are kept."""
        return self.handshake.chain_truncated

    @property
    def staple(self) -> bytes | None:
        """The stapled OCSP response, as DER."""
        return self.handshake.staple

    @property
    def tls_scts(self) -> tuple[bytes, ...]:
        """The SCTs of the TLS extension."""
        return self.handshake.tls_scts

    @property
    def client_certificate_requested(self) -> bool:
        """True if the server asked for a client certificate."""
        return self.handshake.client_certificate_requested

    @property
    def endpoint_address(self) -> str | None:
        """The endpoint's own address; None where it is not known, as behind a proxy."""
        return None if self.proxied else self.address

    @property
    def success(self) -> bool:
        """True if a TLS handshake completed, or a file was read; what the certificate says does not matter here."""
        return (self.session is not None or self.is_stored) and self.failure is None
