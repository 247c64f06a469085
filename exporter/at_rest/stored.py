"""What is known of one file (or Kubernetes object) that holds certificates: frozen values without behaviour."""

from dataclasses import dataclass

from exporter.at_rest.formats.entry import EntryKind
from exporter.probe.result import Failure


@dataclass(frozen=True, slots=True)
class StoredCertificate:
    """One certificate at its position, with what its store says of it. `chain` numbers the entry that it is of."""

    der: bytes
    entry: int
    kind: EntryKind = EntryKind.CERTIFICATE
    alias: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class KubernetesPlace:
    """Which value of which object: `kind` as in the API's paths, `namespace` "" for objects that are in none."""

    kind: str
    namespace: str
    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Stored:
    """What one file holds, or why it cannot be read. Times are Unix seconds.

    `opened` is whether its bytes could be read; `modified_at` is None where they could not.
    """

    format: str = ""
    certificates: tuple[StoredCertificate, ...] = ()
    failure: Failure | None = None
    opened: bool = False
    modified_at: float | None = None
    seconds: float = 0.0  # that reading took
    kubernetes: KubernetesPlace | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """A certificate that a configured endpoint must present, because a file that it serves holds it."""

    fingerprint_sha256: str
    place: str  # the name of the file's target
    key_type: str
    not_before: int | None
    not_after: int | None
    names: frozenset[str]
    since: float | None  # when it was written there
