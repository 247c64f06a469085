"""How near the end of a certificate is, for colours and meters, by the thresholds that the findings use."""

from typing import NamedTuple

from exporter.policy import ExpiryThresholds

LEVELS = ("expired", "early", "imminent", "soon", "good", "unknown")
"""From worst to best; `early`: not valid yet."""

_DEFAULT = ExpiryThresholds()


class Validity(NamedTuple):
    """What is left of a certificate. `left` and `whole` in seconds; `part` of the lifetime, between 0 and 1."""

    level: str
    left: float = 0.0
    whole: float = 0.0
    part: float = 0.0


def validity(
    not_before: int | None, not_after: int | None, now: float, thresholds: ExpiryThresholds = _DEFAULT
) -> Validity:
    """Return what is left at a moment. Without a beginning the lifetime is unknown: then days alone count."""
    if not_after is None:
        return Validity("unknown")
    left = not_after - now
    whole = float(max(not_after - not_before, 1)) if not_before is not None else 0.0
    part = min(max(left / whole, 0.0), 1.0) if whole else 0.0
    if left < 0:
        return Validity("expired", left, whole, 0.0)
    if not_before is not None and now < not_before:
        return Validity("early", not_before - now, whole, 1.0)
    if left <= (thresholds.critical_seconds(whole) if whole else thresholds.critical):
        return Validity("imminent", left, whole, part)
    if left <= (thresholds.warn_seconds(whole) if whole else thresholds.warn):
        return Validity("soon", left, whole, part)
    return Validity("good", left, whole, part)
