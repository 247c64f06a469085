"""The configuration in force as YAML, for `/config`: whole, loadable again, every secret written `<secret>`."""

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import yaml

from exporter.config.model import Config, FileGroup, KubernetesGroup, Module, Secret, TargetFiles
from exporter.config.parsers import format_proxy_url
from exporter.config.units import format_duration
from exporter.policy import Acceptance, PolicyLayer
from exporter.target import Target

_DURATIONS = ("timeout", "refresh", "max_lifetime")


_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_DUMPER):  # type: ignore[misc]  # one of the two, both without types
    """Writes text plainly where it reads back as text, and never an anchor."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature is PyYAML's
        """Write equal values twice rather than once with an anchor."""
        return True


def mask(config: Config) -> str:
    """Write a configuration; secrets are masked, defaults that hold are written out."""
    whole = {
        "global": _block(config.global_),
        "modules": {name: _module(module) for name, module in config.modules.items()},
        "targets": _groups(tuple(target for target in config.targets if not target.endpoint.is_at_rest)),
        "target_files": [_files(entry) for entry in config.target_files],
        "files": [_stored_group(group) for group in config.file_groups],
        "kubernetes": [_stored_group(group) for group in config.kubernetes],
        "probe_endpoint": {"allow": list(config.probe_endpoint.allow)},
    }
    return yaml.dump(whole, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)


def _files(entry: TargetFiles) -> str | dict[str, Any]:
    if entry.module is None and not entry.labels:
        return entry.pattern
    written = {"files": [entry.pattern], "module": entry.module, "labels": dict(entry.labels)}
    return {key: value for key, value in written.items() if value}


def _module(module: Module) -> dict[str, Any]:
    return {key: value for key, value in _block(module).items() if key not in ("name", "policy")}


def _stored_group(group: FileGroup | KubernetesGroup) -> dict[str, Any]:
    written = _block(group) | {"labels": dict(group.labels)}
    if not written.get("urls"):
        written.pop("refresh", None)
    return {key: value for key, value in written.items() if value or key == "secrets"}


def _block(block: Any) -> dict[str, Any]:
    """Write a dataclass of the model; what is None or empty is left out, as it would be in a file."""
    written = {field.name: getattr(block, field.name) for field in fields(block)}
    layer = written.pop("layer", None)
    policy = _policy(layer) if layer is not None else {}
    proxy = written.pop("proxy", None)
    if proxy is not None:
        written["proxy_url"] = format_proxy_url(proxy)
    return policy | {key: _value(key, value) for key, value in written.items() if value is not None}


def _policy(layer: PolicyLayer | None) -> dict[str, Any]:
    """Write what one place says of findings; what it does not say is left out."""
    if layer is None:
        return {}
    expiry = {key: value if key.endswith("fraction") else format_duration(value) for key, value in layer.expiry}
    written = {"expiry": expiry, "accept": [_acceptance(one) for one in layer.accept], "severity": dict(layer.severity)}
    return {key: value for key, value in written.items() if value}


def _acceptance(one: Acceptance) -> dict[str, Any]:
    last_day = {"until": datetime.fromtimestamp(one.until - 1, UTC).date().isoformat()} if one.until else {}
    return {"finding": one.finding, "reason": one.reason, **last_day}


def _value(key: str, value: Any) -> Any:
    if key in _DURATIONS:
        return format_duration(value)
    if isinstance(value, Secret):
        return "<secret>"
    if isinstance(value, bool | int):
        return value
    if isinstance(value, tuple):
        return [str(item) for item in value]
    return _block(value) if hasattr(value, "__dataclass_fields__") else str(value)


def _groups(targets: tuple[Target, ...]) -> list[dict[str, Any]]:
    """Write targets in their order, those in a row with the same module and labels together."""
    groups: list[dict[str, Any]] = []
    for target in targets:
        head = {"module": target.module, "labels": dict(target.labels), **_policy(target.policy)}
        if target.mail_domain is not None:
            head["mail_domain"] = target.mail_domain
        if not groups or {key: value for key, value in groups[-1].items() if key != "targets"} != head:
            groups.append({"targets": [], **head})
        groups[-1]["targets"].append(target.name)
    return groups
