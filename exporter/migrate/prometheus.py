"""Prometheus' scrape jobs that use blackbox_exporter's multi-target pattern, as groups of tls-exporter's targets.

Jobs of other kinds are left alone. What a job does beyond the pattern is noted.
"""

from dataclasses import dataclass, field
from typing import Any

from exporter.metrics.vocabulary import VOCABULARY
from exporter.migrate.blackbox import Module
from exporter.migrate.note import Note, remark
from exporter.migrate.reading import mapping, sequence, text, texts
from exporter.migrate.stored import StoredEntries
from exporter.target import TargetError, parse_endpoint

Labels = tuple[tuple[str, str], ...]
_PATTERN_LABELS = {"__param_target", "__address__", "instance"}


@dataclass(frozen=True, slots=True)
class Group:
    """Targets of one job with the same module (its old name) and labels."""

    job: str
    module: str
    targets: tuple[str, ...]
    labels: Labels


@dataclass(frozen=True, slots=True)
class Files:
    """Files of targets in Prometheus' file_sd format, with the module (its old name) that probes them."""

    pattern: str
    module: str


@dataclass(slots=True)
class Jobs:
    """What was found in all jobs."""

    modules: dict[str, Module]
    groups: list[Group] = field(default_factory=list)
    files: list[Files] = field(default_factory=list)
    stored: StoredEntries = field(default_factory=StoredEntries)
    notes: list[Note] = field(default_factory=list)
    default_module: str = "http_2xx"
    _seen: set[tuple[str, str, Labels]] = field(default_factory=set)

    def read(self, document: dict[str, Any]) -> None:
        """Take over every job that probes by blackbox_exporter."""
        for number, body in enumerate(sequence(document.get("scrape_configs"))):
            job = mapping(body)
            name = text(job.get("job_name")) or f"number {number}"
            if _is_multi_target(job):
                self._job(name, job)
            elif _asks_probe(job) and texts(mapping(job.get("params")).get("target")):
                self._single(name, job)

    def note(self, sentence: str) -> None:
        """Note what is not migrated."""
        self.notes.append(Note(sentence))

    def remark(self, sentence: str) -> None:
        """Explain something."""
        self.notes.append(remark(sentence))

    def add_fixed(self) -> None:
        """Take over the targets that modules themselves name."""
        for name, module in self.modules.items():
            if module.fixed_target is not None:
                self._static(f"module {name}", name, {"targets": [module.fixed_target]})

    def _single(self, name: str, job: dict[str, Any]) -> None:
        """Take over a job that names its target as a parameter; its static targets are the exporter itself."""
        parameters = mapping(job.get("params"))
        module = (texts(parameters.get("module")) or [self.default_module])[0]
        labels = mapping(mapping((sequence(job.get("static_configs")) or [{}])[0]).get("labels"))
        self._static(name, module, {"targets": texts(parameters.get("target")), "labels": labels})

    def _job(self, name: str, job: dict[str, Any]) -> None:
        parameters = mapping(job.get("params"))
        asked = texts(parameters.get("module"))
        module = asked[0] if asked else self.default_module
        if hostname := texts(parameters.get("hostname")):
            self.note(f"job {name}: hostname {hostname[0]} becomes tls_config.server_name in its module by hand")
        self._relabelling(name, job)
        if interval := text(job.get("scrape_interval")):
            self.remark(
                f"job {name}: it was scraped every {interval}; for an interval of its own make a job with "
                f"params: {{module: [{module}]}}",
            )
        for group in sequence(job.get("static_configs")):
            self._static(name, module, mapping(group))
        for key, value in job.items():
            if key == "file_sd_configs":
                self._files(name, module, value)
            elif key.endswith("_sd_configs"):
                self.note(f"job {name}: {key} is not migrated: let it write a file for target_files")

    def _relabelling(self, name: str, job: dict[str, Any]) -> None:
        for rule in map(mapping, sequence(job.get("relabel_configs"))):
            if text(rule.get("target_label")) not in _PATTERN_LABELS or text(rule.get("regex")) not in ("", "(.*)"):
                label = text(rule.get("target_label")) or text(rule.get("action")) or "?"
                self.note(f"job {name}: the relabelling of {label} is not migrated")

    def _static(self, name: str, module: str, group: dict[str, Any]) -> None:
        labels = {key: text(value) for key, value in mapping(group.get("labels")).items()}
        module = labels.pop("__param_module", module)
        found = self.modules.get(module)
        written = texts(group.get("targets"))
        if found is None:
            self.note(f"job {name}: {', '.join(written)} stay with the other exporter, as module {module} does")
            return
        kept = self._labels(name, labels)
        if found.reads_files:
            self.stored.add_targets(found, written, kept)
            return
        targets = []
        for target in written:
            carried = self._target(name, target, found)
            if carried is not None and (carried, module, kept) not in self._seen:
                self._seen.add((carried, module, kept))
                targets.append(carried)
        if targets:
            self.groups.append(Group(name, module, tuple(targets), kept))

    def _labels(self, name: str, labels: dict[str, str]) -> Labels:
        kept = {}
        for label, value in labels.items():
            if label.startswith("__"):
                self.note(f"job {name}: the label {label} is not migrated")
            elif label in VOCABULARY.reserved_labels:
                kept[f"original_{label}"] = value
                self.note(f"job {name}: the label {label} is the exporter's own: it becomes original_{label}")
            elif value:
                kept[label] = value
        return tuple(sorted(kept.items()))

    def _target(self, name: str, target: str, module: Module) -> str | None:
        """Return a target as tls-exporter writes it, or None with a note."""
        carried = target
        if module.http:
            scheme, separator, rest = target.partition("://")
            if not separator:
                scheme, rest = "http", target
            if scheme.lower() == "http":
                if not _on_port_80(rest):
                    self.note(f"job {name}: {target} is asked without TLS: it stays with blackbox_exporter")
                    return None
                carried = "https://" + rest.replace(":80", "", 1)
                self.remark(
                    f"job {name}: {target} was asked on port 80 first; now {carried} is probed "
                    "(http: {redirect_from_port: 80} judges the redirect)",
                )
        elif module.secure_urls:
            carried = target if "://" in target else f"https://{target}"
        elif target.startswith("/"):
            carried = f"unix:{target}"
        try:
            parse_endpoint(carried)
        except TargetError as error:
            self.note(f"job {name}: the target {target} is not migrated: {error}")
            return None
        return carried

    def _files(self, name: str, module: str, configs: Any) -> None:
        for pattern in (file for config in sequence(configs) for file in texts(mapping(config).get("files"))):
            if module not in self.modules or self.modules[module].reads_files:
                self.note(f"job {name}: {pattern} stays with the other exporter, as module {module} does")
            elif Files(pattern, module) not in self.files:
                self.files.append(Files(pattern, module))


def _on_port_80(rest: str) -> bool:
    try:
        endpoint = parse_endpoint(f"https://{rest}")
    except TargetError:
        return True  # said where the target is read
    return endpoint.port in (None, 80)


def _is_multi_target(job: dict[str, Any]) -> bool:
    """Return whether a job passes its targets on as a parameter to /probe."""
    rules = map(mapping, sequence(job.get("relabel_configs")))
    passes_on = any(text(rule.get("target_label")) == "__param_target" for rule in rules)
    return passes_on and _asks_probe(job)


def _asks_probe(job: dict[str, Any]) -> bool:
    return text(job.get("metrics_path")).rstrip("/").endswith("/probe")
