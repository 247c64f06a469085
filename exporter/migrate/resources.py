"""Probe and ScrapeConfig of the Prometheus operator as the scrape jobs that the operator makes of them."""

from typing import Any

from exporter.migrate.note import Note
from exporter.migrate.reading import mapping, sequence, text

_PATTERN = {"source_labels": ["__address__"], "target_label": "__param_target"}
_CREDENTIALS = ("basicAuth", "authorization", "oauth2", "bearerTokenSecret", "tlsConfig")


def job_of(resource: dict[str, Any]) -> tuple[dict[str, Any], list[Note]]:
    """Return one resource as a job of Prometheus' own configuration, with notes on what has no counterpart there."""
    metadata = mapping(resource.get("metadata"))
    name = "/".join(part for part in (text(metadata.get("namespace")), text(metadata.get("name"))) if part)
    make = _probe if text(resource.get("kind")) == "Probe" else _scrape_config
    job, notes = make(f"{text(resource.get('kind'))} {name or '(no name)'}", mapping(resource.get("spec")))
    return job, notes


def _probe(name: str, spec: dict[str, Any]) -> tuple[dict[str, Any], list[Note]]:
    notes: list[Note] = []
    targets = mapping(spec.get("targets"))
    static = mapping(targets.get("staticConfig"))
    if "ingress" in targets:
        notes.append(
            Note(f"job {name}: hosts of Ingress resources are for Prometheus to discover, see docs/kubernetes.md")
        )
    relabelings = sequence(static.get("relabelingConfigs")) + sequence(spec.get("metricRelabelings"))
    job = {
        "job_name": name,
        "metrics_path": text(mapping(spec.get("prober")).get("path")) or "/probe",
        "params": {"module": [text(spec.get("module"))]} if text(spec.get("module")) else {},
        "static_configs": [{"targets": sequence(static.get("static")), "labels": mapping(static.get("labels"))}],
        "relabel_configs": [_PATTERN, *map(_relabelling, relabelings)],
    }
    if text(spec.get("interval")):
        job["scrape_interval"] = text(spec.get("interval"))
    used = [key for key in _CREDENTIALS if key in spec]
    notes += [Note(f"job {name}: {key} was for the prober itself and is not migrated") for key in used]
    return job, notes


def _scrape_config(name: str, spec: dict[str, Any]) -> tuple[dict[str, Any], list[Note]]:
    job: dict[str, Any] = {
        "job_name": text(spec.get("jobName")) or name,
        "metrics_path": text(spec.get("metricsPath")),
        "params": mapping(spec.get("params")),
        "static_configs": sequence(spec.get("staticConfigs")),
        "file_sd_configs": sequence(spec.get("fileSDConfigs")),
        "relabel_configs": [_relabelling(one) for one in sequence(spec.get("relabelings"))],
    }
    if text(spec.get("scrapeInterval")):
        job["scrape_interval"] = text(spec.get("scrapeInterval"))
    for key, value in spec.items():
        if key.endswith("SDConfigs") and key != "fileSDConfigs":
            job[f"{key.removesuffix('SDConfigs').lower()}_sd_configs"] = value
    return job, []


def _relabelling(rule: Any) -> dict[str, Any]:
    """Return a relabelling in Prometheus' spelling."""
    known = {"sourceLabels": "source_labels", "targetLabel": "target_label"}
    return {known.get(key, key): value for key, value in mapping(rule).items()}
