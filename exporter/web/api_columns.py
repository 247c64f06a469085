"""What the API says of targets, certificates and findings: one row here for a field of the JSON, the CSV and OpenAPI.

Dates are RFC 3339 in UTC, durations seconds. What is not known is null, and an empty cell in CSV.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from exporter.findings.assessment import Assessment, Found
from exporter.findings.failure import explain
from exporter.findings.trust import verdict
from exporter.scrape.report import TargetReport
from exporter.target import Target
from exporter.text import rfc3339
from exporter.web.certificate_list import CertificateRow
from exporter.web.expiry import LEVELS
from exporter.web.list_filter import leaf_of
from exporter.web.target_list import Row

SCHEMA_VERSION = 1
"""Grows when a field is taken away or changes its meaning; new fields may come without."""

MAX_NAMES = 100  # subject alternative names of a certificate; `san_count` has their number
_Row = TypeVar("_Row")
Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}
NUMBER: Schema = {"type": "number"}
MAYBE_NUMBER: Schema = {"type": ["number", "null"]}
MAYBE_COUNT: Schema = {"type": ["integer", "null"]}
COUNT: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
MAYBE_FLAG: Schema = {"type": ["boolean", "null"]}
MAYBE_DATE: Schema = {"type": ["string", "null"], "format": "date-time"}
TEXTS: Schema = {"type": "array", "items": TEXT}
LABELS: Schema = {"type": "object", "additionalProperties": TEXT}
SEVERITY: Schema = {"type": ["string", "null"], "enum": ["critical", "high", "medium", "low", None]}


@dataclass(frozen=True, slots=True)
class Column(Generic[_Row]):
    """One field: its name, its JSON Schema, what it means, and how it is read."""

    name: str
    schema: Schema
    help: str
    read: Callable[[_Row], Any]


class TargetEntry(NamedTuple):
    """One target for the API."""

    row: Row
    report: TargetReport | None

    @property
    def first(self) -> Assessment | None:
        """The first of the target's variants, with its session and leaf."""
        return self.report.assessments[0] if self.report is not None else None


class FindingEntry(NamedTuple):
    """One finding on one target for the API."""

    row: Row
    found: Found


def _session(entry: TargetEntry, field: str) -> str | None:
    session = entry.first.observation.result.session if entry.first is not None else None
    return getattr(session, field) or None if session is not None else None


def _trusted(entry: TargetEntry, verifier: str) -> bool | None:
    known = verdict(entry.first.observation, verifier) if entry.first is not None else None
    return known.trusted if known is not None else None


def _failure(entry: TargetEntry, field: str) -> str | None:
    failure = entry.report.failure if entry.report is not None else None
    return str(getattr(failure, field)) if failure is not None else None


def _explanation(entry: TargetEntry) -> str | None:
    failure = entry.report.failure if entry.report is not None else None
    target = entry.row.target
    return explain(failure, entry.report.module, target.endpoint).fix if entry.report and failure is not None else None


def _of_summary(field: str) -> Callable[[TargetEntry], Any]:
    return lambda entry: getattr(entry.row.summary, field) if entry.row.summary is not None else None


def _seconds(entry: TargetEntry) -> float | None:
    return round(entry.row.seconds, 6) if entry.row.summary is not None else None


def _of_leaf(field: str) -> Callable[[TargetEntry], Any]:
    def read(entry: TargetEntry) -> Any:
        leaf = leaf_of(entry.report)
        return getattr(leaf, field) if leaf is not None else None

    return read


def _identity(target: Callable[[Any], Target]) -> tuple[Column[Any], ...]:
    return (
        Column("target", TEXT, "The target as the configuration has it.", lambda one: target(one).name),
        Column("module", TEXT, "How it is probed.", lambda one: target(one).module),
        Column("labels", LABELS, "The configuration's labels.", lambda one: dict(target(one).labels)),
    )


TARGET_COLUMNS: tuple[Column[TargetEntry], ...] = (
    *_identity(lambda entry: entry.row.target),
    Column("state", TEXT, "The worst that is true of the target.", lambda one: one.row.status.state.value),
    Column("severity", SEVERITY, "How severe that is; null if nothing is wrong.", lambda one: one.row.status.severity),
    Column("summary", TEXT, "That in words.", lambda one: one.row.status.summary),
    Column("detail", TEXT, "What was seen.", lambda one: one.row.status.detail),
    Column(
        "reachable",
        MAYBE_FLAG,
        "Whether the connection was established.",
        lambda one: one.first.observation.result.reachable if one.first is not None else None,
    ),
    Column("failure_phase", MAYBE_TEXT, "The phase that failed.", lambda one: _failure(one, "phase")),
    Column("failure_reason", MAYBE_TEXT, "Why it failed.", lambda one: _failure(one, "reason")),
    Column("failure_fix", MAYBE_TEXT, "What to do about it.", _explanation),
    Column(
        "checked_at",
        MAYBE_DATE,
        "When the last probe began.",
        lambda one: rfc3339(one.row.checked_at),
    ),
    Column("duration_seconds", MAYBE_NUMBER, "How long the last probe took.", _seconds),
    Column("protocol", MAYBE_TEXT, "The protocol version.", lambda one: _session(one, "protocol")),
    Column("cipher", MAYBE_TEXT, "The cipher suite by its IANA name.", lambda one: _session(one, "cipher")),
    Column("group", MAYBE_TEXT, "The key exchange group.", lambda one: _session(one, "group")),
    Column("alpn", MAYBE_TEXT, "The application protocol.", lambda one: _session(one, "alpn")),
    Column("subject", MAYBE_TEXT, "Subject of the leaf (RFC 4514).", _of_leaf("subject")),
    Column("issuer", MAYBE_TEXT, "Issuer of the leaf (RFC 4514).", _of_leaf("issuer")),
    Column("serial_number", MAYBE_TEXT, "Serial number of the leaf in hex.", _of_leaf("serial_number")),
    Column("fingerprint_sha256", MAYBE_TEXT, "SHA-256 of the leaf in hex.", _of_leaf("fingerprint_sha256")),
    Column(
        "not_after",
        MAYBE_DATE,
        "Earliest end among the certificates that clients use.",
        lambda one: rfc3339(_of_summary("not_after")(one)),
    ),
    Column("trusted_openssl", MAYBE_FLAG, "Whether OpenSSL trusts the chain.", lambda one: _trusted(one, "openssl")),
    Column("trusted_webpki", MAYBE_FLAG, "Whether the strict verifier does.", lambda one: _trusted(one, "webpki")),
    Column(
        "name_match",
        MAYBE_FLAG,
        "Whether the leaf is valid for the name (RFC 9525).",
        lambda one: one.first.observation.name_match if one.first is not None else None,
    ),
    Column("findings", TEXTS, "Findings that are present, the worst first.", lambda one: _ids(one, "findings")),
    Column("accepted", TEXTS, "Findings that are present and accepted.", lambda one: _ids(one, "accepted")),
    Column("clients", TEXTS, "Real clients that can connect.", lambda one: _clients(one, connects=True)),
    Column("clients_refused", TEXTS, "Real clients that cannot.", lambda one: _clients(one, connects=False)),
)


def _clients(one: TargetEntry, *, connects: bool) -> list[str]:
    posture = one.first.observation.posture if one.first is not None else None
    clients = posture.clients if posture is not None else {}
    return [name for name, seen in clients.items() if seen.connects is connects]


def _ids(entry: TargetEntry, field: str) -> list[str]:
    return list(getattr(entry.row.summary, field)) if entry.row.summary is not None else []


CERTIFICATE_COLUMNS: tuple[Column[CertificateRow], ...] = (
    Column("fingerprint_sha256", TEXT, "SHA-256 in hex.", lambda row: row.certificate.fingerprint_sha256),
    Column("subject", TEXT, "Subject (RFC 4514).", lambda row: row.certificate.subject),
    Column("issuer", TEXT, "Issuer (RFC 4514).", lambda row: row.certificate.issuer),
    Column("serial_number", TEXT, "Serial number in hex.", lambda row: row.certificate.serial_number),
    Column("key", TEXT, "Algorithm and size.", lambda row: row.certificate.key),
    Column("signature_algorithm", TEXT, "Algorithm of the signature.", lambda row: row.certificate.signature_algorithm),
    Column("spki_sha256", TEXT, "SHA-256 of the public key in Base64.", lambda row: row.certificate.spki_sha256),
    Column("not_before", MAYBE_DATE, "When it begins.", lambda row: rfc3339(row.certificate.not_before)),
    Column("not_after", MAYBE_DATE, "When it ends.", lambda row: rfc3339(row.certificate.not_after)),
    Column(
        "expiry",
        {"type": "string", "enum": list(LEVELS)},
        "How near the end is, by the configured thresholds; `early` is not valid yet.",
        lambda row: row.validity.level,
    ),
    Column("is_leaf", FLAG, "Whether some target presents it as its own.", lambda row: row.is_leaf),
    Column("dns_names", TEXTS, f"At most {MAX_NAMES}.", lambda row: list(row.certificate.dns_names[:MAX_NAMES])),
    Column("ip_addresses", TEXTS, f"At most {MAX_NAMES}.", lambda row: list(row.certificate.ip_addresses[:MAX_NAMES])),
    Column("san_count", MAYBE_COUNT, "Number of all names.", lambda row: row.certificate.san_count),
    Column("target_count", COUNT, "How many targets present it.", lambda row: len(row.targets)),
    Column("targets", TEXTS, "Their names.", lambda row: list(dict.fromkeys(one.name for one in row.targets))),
)

FINDING_COLUMNS: tuple[Column[FindingEntry], ...] = (
    *_identity(lambda entry: entry.row.target),
    Column("finding", TEXT, "Id in the catalogue.", lambda one: one.found.finding.id),
    Column("severity", SEVERITY, "Its severity for this target.", lambda one: one.found.finding.severity),
    Column("title", TEXT, "Title in the catalogue.", lambda one: one.found.finding.title),
    Column("detail", TEXT, "What was seen.", lambda one: one.found.detail),
    Column("certificate", MAYBE_COUNT, "Position in the chain, 0 is the leaf.", lambda one: one.found.certificate),
    Column("fix", TEXT, "What to do about it.", lambda one: one.found.finding.fix),
    Column("runbook", TEXT, "Path of its runbook.", lambda one: f"runbooks/{one.found.finding.id}"),
    Column("accepted", FLAG, "Whether the configuration accepts it.", lambda one: one.found.acceptance is not None),
    Column(
        "accepted_reason",
        MAYBE_TEXT,
        "Why.",
        lambda one: one.found.acceptance.reason if one.found.acceptance is not None else None,
    ),
    Column(
        "accepted_until",
        MAYBE_DATE,
        "Until when; null without an end.",
        lambda one: rfc3339(one.found.acceptance.until) if one.found.acceptance is not None else None,
    ),
    Column(
        "checked_at",
        MAYBE_DATE,
        "When the last probe began.",
        lambda one: rfc3339(one.row.checked_at),
    ),
)
