"""Posture: what is known of what an endpoint accepts. Values only: nothing is asked or judged here.

Every fact has three states: True, False, and not known, which is a missing key. What is not known is never taken for
"refused", so that an outage cannot look like an improvement.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from exporter.posture.finite_fields import DHGroup
from exporter.wire.iana import CIPHER_CLASSES


class Oracle(StrEnum):
    """What the answers to malformed RSA padding give away (ROBOT)."""

    NONE = "none"
    WEAK = "weak"  # the padding's faults look alike: decryption takes millions of questions
    STRONG = "strong"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a completed handshake has shown, which no scan can contradict. Numbers as on the wire, names as at IANA."""

    version: int
    suite: str
    group: str = ""


@dataclass(frozen=True, slots=True)
class ClientResult:
    """What a real client gets from the endpoint: nothing, or this session. `group` is "" where none takes part."""

    connects: bool
    protocol: str = ""
    cipher: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Posture:
    """One determination, or the newest known state of every fact after several.

    `timestamp` is when the posture was last fully determined (Unix seconds), None if it never was.
    `features` and `vulnerabilities` are named by the rows of `checks`. `undetermined` names the checks of the last
    scan that found no answer, with the reason.
    """

    timestamp: float | None = None
    versions: Mapping[str, bool] = field(default_factory=dict)  # by name, as `TLSv1.2`
    cipher_classes: Mapping[str, bool] = field(default_factory=dict)
    groups: Mapping[str, bool] = field(default_factory=dict)
    suites: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # seen accepted, for each class
    dh_groups: tuple[DHGroup, ...] = ()  # seen used
    features: Mapping[str, bool] = field(default_factory=dict)
    vulnerabilities: Mapping[str, bool] = field(default_factory=dict)
    robot: Oracle | None = None
    clients: Mapping[str, ClientResult] = field(default_factory=dict)  # by the client's name
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
    def dh_bits(self) -> int | None:
        """The size of the smallest group that a suite with a certificate used, None if none did."""
        return min((group.bits for group in self.dh_groups if not group.anonymous), default=None)

    @property
    def complete(self) -> bool:
        """True if every check of the scan was determined."""
        return not self.undetermined
