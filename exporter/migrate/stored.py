"""What other exporters read at rest, as entries of `files` and `kubernetes`."""

from dataclasses import dataclass, field
from typing import Any

from exporter.migrate.blackbox import Module

Labels = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class StoredEntries:
    """Entries of the new configuration, as they are written."""

    files: list[dict[str, Any]] = field(default_factory=list)
    kubernetes: list[dict[str, Any]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.files or self.kubernetes)

    def add_targets(self, module: Module, targets: list[str], labels: Labels) -> None:
        """Take over the targets of ssl_exporter's module that reads files or Secrets."""
        if module.reads_secrets:
            for target in targets:
                self.add(self.kubernetes, _secrets(target, module.kubeconfig), labels)
        elif targets:
            urls = [target for target in targets if target.startswith(("http://", "https://"))]
            paths = [target for target in targets if target not in urls]
            entry = {"paths": paths, "urls": urls, "password_file": module.password_file}
            self.add(self.files, entry, labels)

    def add(self, entries: list[dict[str, Any]], entry: dict[str, Any], labels: Labels = ()) -> None:
        """Add an entry without what is empty, if it is not there yet."""
        kept = {key: value for key, value in (entry | {"labels": dict(labels)}).items() if value or value is False}
        if kept not in entries:
            entries.append(kept)

    def add_all(self, other: "StoredEntries") -> None:
        """Take over all entries of another."""
        for entry in other.files:
            self.add(self.files, entry)
        for entry in other.kubernetes:
            self.add(self.kubernetes, entry)

    @property
    def paths(self) -> int:
        """How many patterns of files there are."""
        return sum(len(entry.get("paths", ())) + len(entry.get("urls", ())) for entry in self.files)


def _secrets(target: str, kubeconfig: str | None) -> dict[str, Any]:
    """Return the entry for ssl_exporter's `NAMESPACE/NAME`, both of them patterns."""
    namespace, _, name = target.partition("/")
    return {
        "secrets": True,
        "namespaces": [namespace] if namespace not in ("", "*") else [],
        "names": [name] if name not in ("", "*") else [],
        "kubeconfig": kubeconfig,
    }
