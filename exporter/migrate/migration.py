"""The whole migration: the inputs of other programs in, one configuration and notes on the differences out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from exporter.migrate.blackbox import Module, names_of, read_modules
from exporter.migrate.inputs import Inputs
from exporter.migrate.note import Note, remark
from exporter.migrate.prometheus import Files, Group, Jobs
from exporter.migrate.reading import MigrationError, read
from exporter.migrate.resources import job_of
from exporter.migrate.ssl_exporter import read_ssl_modules
from exporter.migrate.stored import StoredEntries

_HEAD = """\
# Written by `tls-exporter migrate`. Read its notes, then check this file:
#
#   tls-exporter --config.check --config.file=THIS_FILE
#
# File names are relative to this file.
"""
_OF_HTTP = (
    remark(
        "http modules: a probe succeeds here when the TLS handshake does. For the status write an alert of its own: "
        "tls_http_status_code >= 400"
    ),
    remark("http modules: redirects are not followed: the certificate is that of the target itself"),
)


@dataclass(frozen=True, slots=True)
class Migration:
    """A configuration as text, and a sentence for each thing that is not migrated as it was."""

    config_text: str
    notes: tuple[Note, ...]
    carried: tuple[str, ...] = ()  # what there is of modules, targets and files

    @property
    def is_whole(self) -> bool:
        """True if nothing was lost on the way."""
        return not any(note.is_loss for note in self.notes)

    @property
    def summary(self) -> str:
        """One line on what was migrated, and how much was not."""
        lost = sum(note.is_loss for note in self.notes)
        rest = f"{lost} thing{'s' if lost != 1 else ''} not, named above" if lost else "nothing is left out"
        return f"migrated: {', '.join(self.carried) or 'nothing'}; {rest}"


def migrate(blackbox_yaml: str, prometheus_yaml: str) -> Migration:
    """Return the configuration for what blackbox_exporter probes today. Raises MigrationError if a text is no YAML."""
    inputs = Inputs(
        blackbox=[read(blackbox_yaml, "blackbox_exporter's configuration")],
        prometheus=[read(prometheus_yaml, "Prometheus' configuration")],
    )
    return migrate_inputs(inputs)


def migrate_inputs(inputs: Inputs) -> Migration:
    """Return the configuration for everything that the inputs probe. Raises MigrationError for too many of a kind."""
    modules, notes, default = _modules_of(inputs)
    jobs = Jobs(modules, default_module=default)
    for document in inputs.prometheus:
        jobs.read(document)
    for resource in inputs.resources:
        job, of_resource = job_of(resource)
        notes += of_resource
        jobs.read({"scrape_configs": [job]})
    jobs.add_fixed()
    for entries, of_entries in inputs.stored():
        jobs.stored.add_all(entries)
        notes += of_entries
    if not jobs.groups and not jobs.files and not jobs.stored:
        notes.append(Note("no job has targets for these modules: write targets by hand"))
    if any(module.http for module in modules.values()):
        notes += _OF_HTTP
    names = names_of(modules)
    notes += [remark(f"module {old}: it is called {new} now") for old, new in names.items() if old != new]
    probing = {name: module for name, module in modules.items() if not module.reads_files}
    written = (
        _HEAD
        + _modules(probing, names)
        + _targets(jobs.groups, names)
        + _target_files(jobs.files, names)
        + _stored(jobs.stored)
    )
    unique = {str(note): note for note in [*notes, *jobs.notes]}
    return Migration(written, tuple(unique.values()), tuple(_counts(probing, jobs)))


def _modules_of(inputs: Inputs) -> tuple[dict[str, Module], list[Note], str]:
    if len(inputs.blackbox) + len(inputs.ssl_exporter) > 1:
        raise MigrationError("two configurations with modules: migrate them one after the other")
    if inputs.ssl_exporter:
        return read_ssl_modules(inputs.ssl_exporter[0])
    modules, notes = read_modules(inputs.blackbox[0] if inputs.blackbox else {})
    return modules, notes, "http_2xx"  # blackbox_exporter's own default


def _counts(modules: Mapping[str, Module], jobs: Jobs) -> Iterable[str]:
    targets = sum(len(group.targets) for group in jobs.groups)
    counts = (
        (len(modules), "module"),
        (targets, "target"),
        (len(jobs.files), "file of targets", "files of targets"),
        (jobs.stored.paths, "path of certificates", "paths of certificates"),
        (len(jobs.stored.kubernetes), "watch of a cluster", "watches of clusters"),
    )
    for number, *words in counts:
        if number:
            yield f"{number} {words[0] if number == 1 else words[-1] + ('s' if len(words) == 1 else '')}"


def _modules(modules: dict[str, Module], names: dict[str, str]) -> str:
    written = {names[name]: module.written for name, module in modules.items()}
    return "\n" + _dump({"modules": written}) if written else ""


def _targets(groups: Iterable[Group], names: dict[str, str]) -> str:
    text = ""
    for group in groups:
        body: dict[str, Any] = {"targets": list(group.targets), "module": names[group.module]}
        if group.labels:
            body["labels"] = dict(group.labels)
        text += f"  # {_comment(group.job)}\n" + "".join(f"  {line}\n" for line in _dump([body]).splitlines())
    return f"\ntargets:\n{text}" if text else ""


def _target_files(files: list[Files], names: dict[str, str]) -> str:
    entries = [{"files": [one.pattern], "module": names[one.module]} for one in files]
    return "\n" + _dump({"target_files": entries}) if entries else ""


def _stored(stored: StoredEntries) -> str:
    written = {"files": stored.files, "kubernetes": stored.kubernetes}
    return "".join("\n" + _dump({key: entries}) for key, entries in written.items() if entries)


def _comment(job: str) -> str:
    return "job " + "".join(letter if letter.isprintable() else "?" for letter in job)


def _dump(value: Any) -> str:
    dumped = yaml.dump(value, Dumper=yaml.SafeDumper, sort_keys=False, allow_unicode=True, width=10_000)
    return str(dumped)
