"""What one probe saw: frozen values without behaviour. Nothing here judges, opens or parses."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


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


class Reason(StrEnum):
    """Why a probe failed: a closed list, so that a label made of it is bounded.

    Fatal alerts that were received are `alert_NAME` with RFC 8446's (or an older RFC's) name of the alert.
    """

    TIMEOUT = "timeout"
    REFUSED = "refused"
    RESET = "reset"
    CLOSED = "closed"
    UNREACHABLE = "unreachable"
    NO_ADDRESS = "no_address"
    NOT_TLS = "not_tls"
    PROTOCOL_ERROR = "protocol_error"
    TOO_MUCH_DATA = "too_much_data"
    FORBIDDEN_ADDRESS = "forbidden_address"
    CLIENT_CERTIFICATE_UNUSABLE = "client_certificate_unusable"
    INTERNAL_ERROR = "internal_error"
    PROXY_REFUSED = "proxy_refused"
    PROXY_AUTHENTICATION_REQUIRED = "proxy_authentication_required"
    PROXY_PROTOCOL_ERROR = "proxy_protocol_error"
    STARTTLS_UNSUPPORTED = "starttls_unsupported"
    STARTTLS_REFUSED = "starttls_refused"
    STARTTLS_PROTOCOL_ERROR = "starttls_protocol_error"
    NOT_FOUND = "not_found"
    PERMISSION_DENIED = "permission_denied"
    NOT_A_FILE = "not_a_file"
    READ_ERROR = "read_error"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    MALFORMED = "malformed"
    UNSUPPORTED = "unsupported"
    TOO_LARGE = "too_large"
    TOO_EXPENSIVE = "too_expensive"
    NO_CERTIFICATE = "no_certificate"
    PASSWORD_REQUIRED = "password_required"  # noqa: S105 - the name of a reason
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - the name of a reason
    ALERT_CLOSE_NOTIFY = "alert_close_notify"
    ALERT_UNEXPECTED_MESSAGE = "alert_unexpected_message"
    ALERT_BAD_RECORD_MAC = "alert_bad_record_mac"
    ALERT_DECRYPTION_FAILED = "alert_decryption_failed"
    ALERT_RECORD_OVERFLOW = "alert_record_overflow"
    ALERT_DECOMPRESSION_FAILURE = "alert_decompression_failure"
    ALERT_HANDSHAKE_FAILURE = "alert_handshake_failure"
    ALERT_NO_CERTIFICATE = "alert_no_certificate"
    ALERT_BAD_CERTIFICATE = "alert_bad_certificate"
    ALERT_UNSUPPORTED_CERTIFICATE = "alert_unsupported_certificate"
    ALERT_CERTIFICATE_REVOKED = "alert_certificate_revoked"
    ALERT_CERTIFICATE_EXPIRED = "alert_certificate_expired"
    ALERT_CERTIFICATE_UNKNOWN = "alert_certificate_unknown"
    ALERT_ILLEGAL_PARAMETER = "alert_illegal_parameter"
    ALERT_UNKNOWN_CA = "alert_unknown_ca"
    ALERT_ACCESS_DENIED = "alert_access_denied"
    ALERT_DECODE_ERROR = "alert_decode_error"
    ALERT_DECRYPT_ERROR = "alert_decrypt_error"
    ALERT_TOO_MANY_CIDS_REQUESTED = "alert_too_many_cids_requested"
    ALERT_EXPORT_RESTRICTION = "alert_export_restriction"
    ALERT_PROTOCOL_VERSION = "alert_protocol_version"
    ALERT_INSUFFICIENT_SECURITY = "alert_insufficient_security"
    ALERT_INTERNAL_ERROR = "alert_internal_error"
    ALERT_INAPPROPRIATE_FALLBACK = "alert_inappropriate_fallback"
    ALERT_USER_CANCELED = "alert_user_canceled"
    ALERT_NO_RENEGOTIATION = "alert_no_renegotiation"
    ALERT_MISSING_EXTENSION = "alert_missing_extension"
    ALERT_UNSUPPORTED_EXTENSION = "alert_unsupported_extension"
    ALERT_CERTIFICATE_UNOBTAINABLE = "alert_certificate_unobtainable"
    ALERT_UNRECOGNIZED_NAME = "alert_unrecognized_name"
    ALERT_BAD_CERTIFICATE_STATUS_RESPONSE = "alert_bad_certificate_status_response"
    ALERT_BAD_CERTIFICATE_HASH_VALUE = "alert_bad_certificate_hash_value"
    ALERT_UNKNOWN_PSK_IDENTITY = "alert_unknown_psk_identity"
    ALERT_CERTIFICATE_REQUIRED = "alert_certificate_required"
    ALERT_GENERAL_ERROR = "alert_general_error"
    ALERT_NO_APPLICATION_PROTOCOL = "alert_no_application_protocol"
    ALERT_ECH_REQUIRED = "alert_ech_required"
    ALERT_UNASSIGNED = "alert_unassigned"


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
    `alt_svc` is the Alt-Svc header field as sent, cut. `redirects_to_https` is None when unknown or not asked for.
    """

    status_code: int | None = None
    version: str = ""
    hsts: HSTS | None = None
    location: str = ""
    alt_svc: str = ""
    redirects_to_https: bool | None = None
    redirect_detail: str = ""
    failure: str = ""


class Event(NamedTuple):
    """One line of the probe's log: seconds since the probe began, the phase, and what happened."""

    seconds: float
    phase: Phase
    text: str


@dataclass(frozen=True, slots=True)
class Result:
    """One probe of one endpoint. `started_at` in Unix seconds, durations in seconds, certificates as DER.

    The chain is there whenever the server sent it, whether the handshake completed or not.
    """

    started_at: float
    total_seconds: float
    durations: tuple[tuple[Phase, float], ...] = ()
    reachable: bool = False
    failure: Failure | None = None
    variant: Variant = field(default_factory=Variant)
    address: str | None = None
    family: str | None = None  # "ip4", "ip6" or "unix"
    proxied: bool = False  # the address is the proxy's
    server_name: str | None = None  # sent as SNI; None if none was sent
    session: Session | None = None
    chain: tuple[bytes, ...] = ()
    chain_truncated: bool = False  # the peer sent more certificates than are kept
    staple: bytes | None = None
    tls_scts: tuple[bytes, ...] = ()
    client_certificate_requested: bool = False
    starttls_injection: bool = False  # bytes came after the STARTTLS go-ahead and before the handshake
    http: HTTPFacts | None = None
    events: tuple[Event, ...] = ()

    @property
    def endpoint_address(self) -> str | None:
        """The endpoint's own address; None where it is not known, as behind a proxy."""
        return None if self.proxied else self.address

    @property
    def success(self) -> bool:
        """True if a TLS handshake completed; what the certificate says does not matter here."""
        return self.session is not None and self.failure is None
