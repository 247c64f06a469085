"""Posture: what is known of what an endpoint accepts. Values only: nothing is asked or judged here.

Every fact has three states: True, False, and not known, which is None or a missing key. What is not known
is never taken for "refused", so that an outage cannot look like an improvement.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any


class Check(StrEnum):
    """The questions of a scan; each is determined, or the posture says why not."""

    BASELINE = "baseline"
    SSLV2 = "sslv2"
    SSLV3 = "sslv3"
    TLS10 = "tls10"
    TLS11 = "tls11"
    TLS12 = "tls12"
    TLS13 = "tls13"
    GROUPS = "groups"
    CIPHERS = "ciphers"
    SIGNATURES = "signatures"
    FALLBACK = "fallback"
    HEARTBLEED = "heartbleed"
    EARLY_CCS = "early_ccs"
    ROBOT = "robot"
    RENEGOTIATION = "renegotiation"
    EARLY_DATA = "early_data"


class Oracle(StrEnum):
    """What the answers to malformed RSA padding give away (ROBOT)."""

    NONE = "none"
    WEAK = "weak"  # the padding's faults look alike: decryption takes millions of questions
    STRONG = "strong"


@dataclass(frozen=True, slots=True)
class Posture:
    """One determination, or the newest known state of every fact after several.

    `timestamp` is when the posture was last fully determined (Unix seconds), None if it never was.
    `undetermined` names the checks of the last scan that found no answer, with the reason.
    """

    timestamp: float | None = None
    versions: Mapping[str, bool] = field(default_factory=dict)  # by name, as `TLSv1.2`
    cipher_classes: Mapping[str, bool] = field(default_factory=dict)
    groups: Mapping[str, bool] = field(default_factory=dict)
    suites: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # seen accepted, for each class
    dh_bits: int | None = None  # the smallest seen
    compression: bool | None = None
    secure_renegotiation: bool | None = None
    extended_master_secret: bool | None = None
    downgrade_sentinel: bool | None = None  # None also where a server has nothing to mark
    fallback_scsv: bool | None = None  # None also where there is nothing to fall back to
    sha1_signature: bool | None = None
    heartbeat: bool | None = None  # offered by the server, which is no fault by itself
    heartbleed: bool | None = None
    early_ccs: bool | None = None
    robot: Oracle | None = None
    client_renegotiation: bool | None = None
    early_data: bool | None = None
    undetermined: Mapping[str, str] = field(default_factory=dict)
    connections: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    seconds: float = 0.0

    @property
    def complete(self) -> bool:
        """True if every check of the scan was determined."""
        return not self.undetermined


_COSTS = frozenset(("undetermined", "connections", "bytes_sent", "bytes_received", "seconds"))


def merged(known: Posture | None, scanned: Posture) -> Posture:
    """Return the newest known state of every fact: what the scan did not determine stays as it was known."""
    if known is None or scanned.complete:
        return scanned
    kept: dict[str, Any] = {}
    for one in fields(Posture):
        before, now = getattr(known, one.name), getattr(scanned, one.name)
        if one.name in _COSTS:
            continue
        if isinstance(now, Mapping):
            kept[one.name] = {**before, **now}
        elif now is None:
            kept[one.name] = before
    return replace(scanned, **kept)
