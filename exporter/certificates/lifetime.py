"""How long a certificate may be valid: the limits of the CA/Browser Forum by the day it was issued.

The limits bind public CAs only; whether a chain leads to one is for the caller to say.
"""

from datetime import UTC, datetime

from exporter.certificates.certificate import Certificate

SECONDS_PER_DAY = 86_400

# From notBefore on: days (baseline requirements, section 6.3.2, with ballots 193, 185, 197, SC31 and SC-081v3).
_LIMITS = tuple(
    (int(datetime(*day, tzinfo=UTC).timestamp()), days)
    for day, days in (
        ((2029, 3, 15), 47),
        ((2027, 3, 15), 100),
        ((2026, 3, 15), 200),
        ((2020, 9, 1), 398),
        ((2018, 3, 1), 825),
        ((2015, 4, 1), 1188),  # 39 months
        ((2012, 7, 1), 1827),  # 60 months
    )
)


def lifetime(certificate: Certificate) -> int | None:
    """Return the seconds from notBefore through notAfter, both included (RFC 5280 section 4.1.2.5)."""
    if certificate.not_before is None or certificate.not_after is None:
        return None
    return certificate.not_after - certificate.not_before + 1


def allowed_lifetime(certificate: Certificate) -> int | None:
    """Return the seconds that a public CA may make a certificate of that day valid for; None if no limit held."""
    if certificate.not_before is None:
        return None
    for start, days in _LIMITS:
        if certificate.not_before >= start:
            return days * SECONDS_PER_DAY
    return None
