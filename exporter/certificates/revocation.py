"""What is known of a certificate's revocation, from one source. Values only; `ocsp` and `crl` find them out.

No answer, an old one, and one that cannot be verified have no status: unknown is never good.
"""

from dataclasses import dataclass

GOOD, REVOKED, UNKNOWN = "good", "revoked", "unknown"
STAPLE, RESPONDER, CRL = "staple", "responder", "crl"
CLOCK_SKEW_SECONDS = 300  # an answer may be from a clock that is ahead by this much


@dataclass(frozen=True, slots=True)
class Revocation:
    """What one source says of one certificate; `problem` tells why there is no status."""

    source: str  # "staple", "responder" or "crl"
    status: str | None = None  # "good", "revoked" or "unknown"
    this_update: int | None = None  # Unix seconds
    next_update: int | None = None
    revoked_at: int | None = None
    reason: str = ""  # of the revocation, as in RFC 5280 section 5.3.1
    problem: str = ""
    is_stale: bool = False  # it was right once, and its time has passed
    sct_count: int = 0  # timestamps delivered with the answer (RFC 6962 section 3.3)

    @property
    def is_revoked(self) -> bool | None:
        """True or False where that is known."""
        return {GOOD: False, REVOKED: True}.get(self.status or "")


def is_stale(next_update: int | None, now: float) -> bool:
    """Tell whether an answer's time has passed (RFC 6960 section 4.2.2.1, RFC 5280 section 6.3.3)."""
    return next_update is not None and next_update < now
