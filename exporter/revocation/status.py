"""What is known of a certificate's revocation, from one source. Values only; `ocsp` and `crl` find them out.

No answer, an old one, and one that cannot be verified have no status: unknown is never good.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

GOOD, REVOKED, UNKNOWN = "good", "revoked", "unknown"
STAPLE, RESPONDER, CRL = "staple", "responder", "crl"
CLOCK_SKEW_SECONDS = 300  # an answer may be from a clock that is ahead by this much


class Failure(StrEnum):
    """Why a source has no status: a closed list, so that a label made of it is bounded."""

    NO_ISSUER = "no_issuer"
    UNREADABLE = "unreadable"
    REFUSED = "refused"  # the responder answers that it does not answer
    OTHER_CERTIFICATE = "other_certificate"
    BAD_SIGNATURE = "bad_signature"
    STALE = "stale"
    FUTURE = "future"
    DELTA = "delta"
    INDIRECT = "indirect"
    SCOPE = "scope"
    UNKNOWN_CRITICAL_EXTENSION = "unknown_critical_extension"
    BAD_URL = "bad_url"
    FORBIDDEN_ADDRESS = "forbidden_address"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    HTTP_STATUS = "http_status"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    PROXY_FAILED = "proxy_failed"
    UNSUPPORTED_SCHEME = "unsupported_scheme"  # the certificate names a source, but none that is asked by http


class UnusableError(Exception):
    """An answer that says nothing: the reason and a sentence about it."""

    def __init__(self, failure: Failure, detail: str) -> None:
        super().__init__(detail)
        self.failure = failure
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Revocation:
    """What one source says of one certificate; `failure` and the sentence `problem` tell why there is no status."""

    source: str  # "staple", "responder" or "crl"
    status: str | None = None  # "good", "revoked" or "unknown"
    this_update: int | None = None  # Unix seconds
    next_update: int | None = None
    revoked_at: int | None = None
    reason: str = ""  # of the revocation, as in RFC 5280 section 5.3.1
    failure: Failure | None = None
    problem: str = ""
    is_stale: bool = False  # it was right once, and its time has passed
    sct_count: int = 0  # timestamps delivered with the answer (RFC 6962 section 3.3)

    @property
    def is_revoked(self) -> bool | None:
        """True or False where that is known."""
        return {GOOD: False, REVOKED: True}.get(self.status or "")

    def at(self, now: float) -> "Revocation":
        """Return the status at a later time: an answer that has expired means nothing any more."""
        if self.is_stale or self.status is None or not is_stale(self.next_update, now):
            return self
        problem = "the last answer is out of date"
        return replace(self, status=None, failure=Failure.STALE, problem=problem, is_stale=True)


def is_stale(next_update: int | None, now: float) -> bool:
    """Return whether an answer's time has passed (RFC 6960 section 4.2.2.1, RFC 5280 section 6.3.3)."""
    return next_update is not None and next_update < now
