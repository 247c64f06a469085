"""How near the end of a certificate is, judged by its own lifetime: 20 days are little of a year and much of 47 days.

The thresholds are those of the alerts: a quarter of the lifetime but at most 21 days, a tenth but at most 7 days.
"""

from typing import NamedTuple

DAY = 86400.0
SOON_PART, SOON_SECONDS = 0.25, 21 * DAY
IMMINENT_PART, IMMINENT_SECONDS = 0.10, 7 * DAY

LEVELS = ("expired", "early", "imminent", "soon", "good", "unknown")
"""From worst to best; `early`: not valid yet."""


class Validity(NamedTuple):
    """What is left of a certificate. `left` and `whole` in seconds; `part` of the lifetime, between 0 and 1."""

    level: str
    left: float = 0.0
    whole: float = 0.0
    part: float = 0.0


def validity(not_before: int | None, not_after: int | None, now: float) -> Validity:
    """Judge what is left at a moment."""
    if not_after is None:
        return Validity("unknown")
    left = not_after - now
    whole = float(max(not_after - not_before, 1)) if not_before is not None else 0.0
    part = min(max(left / whole, 0.0), 1.0) if whole else 0.0
    if left < 0:
        return Validity("expired", left, whole, 0.0)
    if not_before is not None and now < not_before:
        return Validity("early", not_before - now, whole, 1.0)
    if left < IMMINENT_SECONDS and (part < IMMINENT_PART or not whole):
        return Validity("imminent", left, whole, part)
    if left < SOON_SECONDS and (part < SOON_PART or not whole):
        return Validity("soon", left, whole, part)
    return Validity("good", left, whole, part)
