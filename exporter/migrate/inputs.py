"""Which program each input belongs to, recognised by what is in it, so that their order does not matter.

An input that belongs to none of them is refused: a configuration with nothing in it would look like a success.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from exporter.migrate import x509_certificate_exporter as x509
from exporter.migrate.note import Note
from exporter.migrate.reading import MigrationError, mapping, sequence, text
from exporter.migrate.stored import StoredEntries

_OF_SSL_EXPORTER = {"https", "file", "http_file", "kubernetes", "kubeconfig", "tls_cipher", "keystore"}
_OF_BLACKBOX = {"http", "icmp", "dns", "grpc", "unix", "websocket"}
_OWN_KEYS = {"targets", "target_files", "probe_endpoint", "files", "kubernetes"}
_OPERATOR = "monitoring.coreos.com/"
_SUPPORTED = ("Probe", "ScrapeConfig")


@dataclass(slots=True)
class Inputs:
    """All documents, by the program that they belong to."""

    blackbox: list[dict[str, Any]] = field(default_factory=list)
    ssl_exporter: list[dict[str, Any]] = field(default_factory=list)
    prometheus: list[dict[str, Any]] = field(default_factory=list)
    resources: list[dict[str, Any]] = field(default_factory=list)
    x509_flags: list[list[str]] = field(default_factory=list)
    x509_files: list[dict[str, Any]] = field(default_factory=list)

    def take(self, name: str, content: str) -> None:
        """Sort the documents of one file by program. Raises MigrationError for one that no program reads."""
        if commands := x509.command_lines(content):
            self.x509_flags += commands
            return
        documents = list(_documents(name, content))
        if not documents:
            raise MigrationError(f"{name} is empty")
        for document in documents:
            self._take(name, document)

    def stored(self) -> Iterator[tuple[StoredEntries, list[Note]]]:
        """Yield what x509-certificate-exporter reads at rest, and notes on it."""
        yield from map(x509.read_flags, self.x509_flags)
        yield from map(x509.read_file, self.x509_files)

    def _take(self, name: str, document: dict[str, Any]) -> None:
        if "apiVersion" in document or "kind" in document:
            self._resource(name, document)
        elif "scrape_configs" in document or "scrape_config_files" in document:
            self.prometheus.append(document)
        elif "modules" in document and _OWN_KEYS.isdisjoint(document):
            self._modules(name, document)
        elif x509.is_its_file(document):
            self.x509_files.append(document)
        elif _OWN_KEYS & set(document):
            raise MigrationError(f"{name} is a configuration of this exporter already")
        else:
            known = ", ".join(sorted(document)[:5])
            raise MigrationError(
                f"{name} is no configuration of blackbox_exporter, ssl_exporter, {x509.PROGRAM} or Prometheus, "
                f"and no Probe or ScrapeConfig: its keys are {known[:200]}"
            )

    def _resource(self, name: str, document: dict[str, Any]) -> None:
        kind = text(document.get("kind"))
        if kind == "List":
            for item in map(mapping, sequence(document.get("items"))):
                self._resource(name, item)
        elif kind in _SUPPORTED and text(document.get("apiVersion")).startswith(_OPERATOR):
            self.resources.append(document)
        elif kind == "ConfigMap":
            for key, content in mapping(document.get("data")).items():
                self.take(f"{name} ({key[:80]})", text(content))
        elif arguments := x509.container_arguments(document):
            self.x509_flags += arguments
        else:
            raise MigrationError(
                f"{name} is a resource of the kind {kind[:80] or '(none)'}: Probe and ScrapeConfig are read"
            )

    def _modules(self, name: str, document: dict[str, Any]) -> None:
        modules = [mapping(body) for body in mapping(document.get("modules")).values()]
        probers = {text(body.get("prober")) for body in modules}
        if modules and probers == {""}:
            raise MigrationError(
                f"{name} has modules without a prober: it is neither blackbox_exporter's nor ssl_exporter's"
            )
        is_ssl = bool(probers & _OF_SSL_EXPORTER) or "default_module" in document
        is_ssl = is_ssl or any({"target", "tls_config"} & set(body) for body in modules)
        (self.ssl_exporter if is_ssl and not probers & _OF_BLACKBOX else self.blackbox).append(document)


def _documents(name: str, content: str) -> Iterator[dict[str, Any]]:
    try:
        loaded = list(yaml.load_all(content, Loader=yaml.BaseLoader))
    except yaml.YAMLError as error:
        raise MigrationError(f"{name} is not YAML: {error}") from None
    except RecursionError:
        raise MigrationError(f"{name} is nested too deeply") from None
    for document in loaded:
        if document in (None, ""):
            continue
        if not isinstance(document, dict):
            raise MigrationError(f"{name} is not a mapping")
        yield {str(key): value for key, value in document.items()}
