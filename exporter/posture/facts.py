"""Posture: what is known of what an endpoint accepts. Values only: nothing is asked or judged here.

Every fact has three states: True, False, and not known, which is None or a missing key. What is not known
is never taken for "refused", so that an outage cannot look like an improvement.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from exporter.wire.iana import CIPHER_CLASSES


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
    def reported_classes(self) -> dict[str, bool]:
        """The cipher classes that have names of their own, in their order."""
        return {label: self.cipher_classes[label] for label in CIPHER_CLASSES if label in self.cipher_classes}

    @property
    def features(self) -> dict[str, bool]:
        """What else the server takes part in, as far as it is known."""
        facts = {
            "compression": self.compression,
            "secure_renegotiation": self.secure_renegotiation,
            "extended_master_secret": self.extended_master_secret,
            "downgrade_sentinel": self.downgrade_sentinel,
            "fallback_scsv": self.fallback_scsv,
            "sha1_signature": self.sha1_signature,
            "heartbeat": self.heartbeat,
            "client_renegotiation": self.client_renegotiation,
            "early_data": self.early_data,
        }
        return {name: fact for name, fact in facts.items() if fact is not None}

    @property
    def vulnerabilities(self) -> dict[str, bool]:
        """What the active checks found, as far as they were made."""
        facts = {
            "heartbleed": self.heartbleed,
            "early_ccs": self.early_ccs,
            "robot": None if self.robot is None else self.robot is not Oracle.NONE,
        }
        return {name: fact for name, fact in facts.items() if fact is not None}

    @property
    def complete(self) -> bool:
        """True if every check of the scan was determined."""
        return not self.undetermined


_CHECK_OF_FACT: Mapping[str, Check] = {
    "compression": Check.BASELINE,
    "secure_renegotiation": Check.BASELINE,
    "extended_master_secret": Check.BASELINE,
    "heartbeat": Check.BASELINE,
    "downgrade_sentinel": Check.BASELINE,
    "dh_bits": Check.CIPHERS,
    "fallback_scsv": Check.FALLBACK,
    "sha1_signature": Check.SIGNATURES,
    "heartbleed": Check.HEARTBLEED,
    "early_ccs": Check.EARLY_CCS,
    "robot": Check.ROBOT,
    "client_renegotiation": Check.RENEGOTIATION,
    "early_data": Check.EARLY_DATA,
}
_FACTS_BY_NAME = ("versions", "cipher_classes", "groups", "suites")


def merged(known: Posture | None, scanned: Posture, skipped: Collection[Check] = ()) -> Posture:
    """Return the newest known state of every fact: what a scan skipped or did not determine stays as it was known."""
    if known is None:
        return scanned
    open_checks = {*scanned.undetermined, *skipped}
    kept: dict[str, Any] = {
        fact: getattr(known, fact)
        for fact, check in _CHECK_OF_FACT.items()
        if check in open_checks and getattr(scanned, fact) is None
    }
    if not scanned.complete:
        kept |= {fact: {**getattr(known, fact), **getattr(scanned, fact)} for fact in _FACTS_BY_NAME}
        kept["timestamp"] = known.timestamp
        if known.dh_bits is not None and scanned.dh_bits is not None:
            kept["dh_bits"] = min(known.dh_bits, scanned.dh_bits)  # the size can depend on the suite
    return replace(scanned, **kept)
