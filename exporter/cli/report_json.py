"""Reports as JSON for programs. Pure: reports in, text out.

The schema has a version: fields may be added to it, and none is removed or changes its meaning without a new number.
"""

import json
from collections.abc import Sequence
from typing import Any

from exporter.certificates.certificate import Certificate
from exporter.certificates.der import as_pem
from exporter.cli.report_posture import posture_fields
from exporter.findings.assessment import Assessment, Found
from exporter.findings.failure import explain
from exporter.findings.state import status, worst
from exporter.probe.result import Failure
from exporter.published.shown import published_fields
from exporter.scrape.report import TargetReport

SCHEMA_VERSION = 1


def as_json(reports: Sequence[TargetReport], *, single: bool, pem: bool = False) -> str:
    """Return reports as JSON: the one target that was asked for, or a list under `targets`."""
    targets = [_target(report, pem=pem) for report in reports]
    document = {"schema_version": SCHEMA_VERSION, **(targets[0] if single else {"targets": targets})}
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _target(report: TargetReport, *, pem: bool) -> dict[str, Any]:
    """Return one target, with one object for each variant under `results`."""
    worst_of_all = worst(report.assessments)
    return {
        "target": report.target.name,
        "module": report.target.module,
        "labels": dict(report.target.labels),
        "state": worst_of_all.state.value,
        "severity": worst_of_all.severity,
        "summary": worst_of_all.summary,
        "results": [_result(assessment, pem=pem) for assessment in report.assessments],
    }


def _result(assessment: Assessment, *, pem: bool) -> dict[str, Any]:
    observation = assessment.observation
    result = observation.result
    return {
        "state": status(assessment).state.value,
        "success": result.success,
        "reachable": result.reachable,
        "failure": _failure(assessment, result.failure),
        "address": result.endpoint_address,
        "server_name": result.server_name,
        "certificate_type": result.variant.certificate_type,
        "durations_seconds": {
            **{phase.value: seconds for phase, seconds in result.durations},
            "total": result.total_seconds,
        },
        "session": _fields(result.session, "protocol", "version", "cipher", "group", "alpn"),
        "client_certificate_requested": result.client_certificate_requested or (False if result.success else None),
        "certificates": [_certificate(one, pem=pem) for one in observation.certificates],
        "verdicts": [
            {
                "verifier": verdict.verifier,
                "trusted": verdict.trusted,
                "errors": [_fields(error, "name", "code", "depth", "message") for error in verdict.errors],
                "advice": [_fields(error, "name", "depth", "message") for error in verdict.advice],
            }
            for verdict in observation.verdicts
        ],
        "clients": [
            {
                "client": client.client,
                "trusted": client.trusted,
                "errors": [_fields(error, "name", "depth", "message") for error in client.errors],
            }
            for client in (observation.chain.clients if observation.chain is not None else ())
        ],
        "name_match": observation.name_match,
        "posture": posture_fields(observation),
        "published": published_fields(observation.published),
        "http": _fields(result.http, "status_code", "version", "location", "redirects_to_https", "failure"),
        "findings": [_found(found) for found in assessment.findings],
        "accepted": [_found(found) for found in assessment.accepted],
    }


def _failure(assessment: Assessment, failure: Failure | None) -> dict[str, Any] | None:
    if failure is None:
        return None
    words = explain(failure, assessment.observation.module, assessment.observation.target.endpoint)
    return {
        **(_fields(failure, "phase", "reason", "detail") or {}),
        **(_fields(words, "title", "meaning", "fix") or {}),
    }


def _found(found: Found) -> dict[str, Any]:
    finding, acceptance = found.finding, found.acceptance
    accepted = {} if acceptance is None else {"reason": acceptance.reason, "until": acceptance.until}
    return {
        "finding": finding.id,
        "severity": finding.severity,
        "title": finding.title,
        "detail": found.detail,
        "certificate": found.certificate,
        **accepted,
    }


def _certificate(certificate: Certificate, *, pem: bool) -> dict[str, Any]:
    return {
        **(_fields(certificate, "subject", "issuer", "serial_number", "not_before", "not_after", "key") or {}),
        **(_fields(certificate, "signature_algorithm", "fingerprint_sha256", "spki_sha256") or {}),
        "dns_names": list(certificate.dns_names),
        "ip_addresses": list(certificate.ip_addresses),
        "problems": list(certificate.problems),
        **({"pem": as_pem(certificate.der)} if pem else {}),
    }


def _fields(value: object | None, *names: str) -> dict[str, Any] | None:
    return None if value is None else {name: getattr(value, name) for name in names}
