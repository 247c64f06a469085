"""Why a connection or a probe failed: one closed list, one exception type, and the mapping from the system's errors."""

import errno
from enum import StrEnum


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


class NetworkError(Exception):
    """A peer or network that does not go on. `reason` is one of the closed list, `detail` a sentence."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(detail or reason)
        self.reason = reason
        self.detail = detail


_REASONS = {
    errno.ECONNREFUSED: Reason.REFUSED,
    errno.ECONNRESET: Reason.RESET,
    errno.EPIPE: Reason.RESET,
    errno.ECONNABORTED: Reason.RESET,
    errno.ETIMEDOUT: Reason.TIMEOUT,
    errno.ENETUNREACH: Reason.UNREACHABLE,
    errno.EHOSTUNREACH: Reason.UNREACHABLE,
    errno.ENETDOWN: Reason.UNREACHABLE,
    errno.EHOSTDOWN: Reason.UNREACHABLE,
    errno.EADDRNOTAVAIL: Reason.UNREACHABLE,
    errno.EACCES: Reason.UNREACHABLE,
    errno.EPERM: Reason.UNREACHABLE,
    errno.EINVAL: Reason.UNREACHABLE,
    errno.EAFNOSUPPORT: Reason.UNREACHABLE,
    errno.ENOENT: Reason.REFUSED,  # a Unix socket that is not there
    errno.ECONNREFUSED: Reason.REFUSED,
}

# Of descriptors, of memory, and of epoll's watches (/proc/sys/fs/epoll/max_user_watches).
_OUT_OF_RESOURCES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.ENOSPC)


def network_error(error: OSError) -> NetworkError:
    """Map an operating system's error to the closed list; running out of descriptors is the exporter's own fault."""
    if error.errno in _OUT_OF_RESOURCES:
        return NetworkError(Reason.INTERNAL_ERROR, f"out of resources: {error.strerror}")
    return NetworkError(_REASONS.get(error.errno or 0, Reason.UNREACHABLE), error.strerror or str(error))
