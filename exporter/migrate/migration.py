"""The whole way over: two texts in, our configuration and the notes of what could not be carried over out."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import yaml

from exporter.migrate.blackbox import Module, names_of, read_modules
from exporter.migrate.prometheus import Group, Jobs
from exporter.migrate.reading import read

_HEAD = """\
# Written by `tls-exporter migrate`. Read its notes, then check this file:
#
#   tls-exporter --config.check --config.file=THIS_FILE
#
# File names are relative to this file.
"""
_OF_HTTP = (
    (
        "http modules: a probe succeeds here when the TLS handshake does. For the status write an alert of its own: "
        "tls_http_status_code >= 400"
    ),
    "http modules: redirects are not followed: the certificate is that of the target itself",
)


@dataclass(frozen=True, slots=True)
class Migration:
    """Our configuration as text, and a sentence for each thing that could not be carried over as it was."""

    config_text: str
    notes: tuple[str, ...]


def migrate(blackbox_yaml: str, prometheus_yaml: str) -> Migration:
    """Return our configuration for what is probed today. Raises MigrationError if a text is no YAML."""
    modules, notes = read_modules(read(blackbox_yaml, "blackbox_exporter's configuration"))
    jobs = Jobs(modules)
    jobs.read(read(prometheus_yaml, "Prometheus' configuration"))
    if not jobs.groups and not jobs.files:
        notes.append("Prometheus' configuration has no job with targets for these modules: write targets by hand")
    if any(module.http for module in modules.values()):
        notes += _OF_HTTP
    names = names_of(modules)
    notes += [f"module {old}: it is called {new} now" for old, new in names.items() if old != new]
    text = _HEAD + _modules(modules, names) + _targets(jobs.groups, names) + _files(jobs.files)
    return Migration(text, tuple(dict.fromkeys([*notes, *jobs.notes])))


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


def _files(files: list[str]) -> str:
    return "\n" + _dump({"target_files": files}) if files else ""


def _comment(job: str) -> str:
    return "job " + "".join(letter if letter.isprintable() else "?" for letter in job)


def _dump(value: Any) -> str:
    dumped = yaml.dump(value, Dumper=yaml.SafeDumper, sort_keys=False, allow_unicode=True, width=10_000)
    return str(dumped)
