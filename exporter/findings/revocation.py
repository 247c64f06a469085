"""When the findings on revocation are present. A missing or unusable answer is no finding: unknown is not bad."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from exporter.findings.observation import Observation
from exporter.revocation.status import STAPLE


def _time(seconds: int | None) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if seconds is not None else ""


def _revoked(observation: Observation) -> str | None:
    for one in observation.revocations:
        if one.is_revoked:
            reason = f", reason {one.reason}" if one.reason else ""
            return f"revoked at {_time(one.revoked_at)}{reason}, says the {one.source}"
    return None


def _must_staple_missing(observation: Observation) -> str | None:
    """Present when the certificate asks for a staple (RFC 7633) and a completed handshake brought none."""
    leaf = observation.certificates[0] if observation.certificates else None
    if leaf is None or not leaf.must_staple or not observation.result.success or observation.result.staple is not None:
        return None
    return "the certificate has the feature status_request and no OCSP response was stapled"


def _staple_stale(observation: Observation) -> str | None:
    for one in observation.revocations:
        if one.source == STAPLE and one.is_stale:
            return f"the stapled response was good until {_time(one.next_update)}"
    return None


CONDITIONS: Mapping[str, Callable[[Observation], str | None]] = {
    "certificate_revoked": _revoked,
    "ocsp_must_staple_missing": _must_staple_missing,
    "ocsp_staple_stale": _staple_stale,
}
