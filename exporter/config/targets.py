"""From what is written as a target to a Target: which module probes it and which port it means."""

from collections.abc import Mapping
from dataclasses import replace

from exporter.config.model import Module
from exporter.policy import PolicyLayer
from exporter.target import HTTPS_PORT, Endpoint, Target, parse_endpoint
from exporter.wire.starttls import PROTOCOLS


def default_module(endpoint: Endpoint) -> str:
    """Return `https` for https:// and port 443 (which is also what no port means), else `tls`."""
    if endpoint.unix_path is not None or endpoint.scheme == "tls":
        return "tls"
    return "https" if endpoint.scheme == "https" or endpoint.port in (None, HTTPS_PORT) else "tls"


def default_port(module: Module) -> int:
    """Return the port of a target without one: 443, or the STARTTLS protocol's own."""
    return PROTOCOLS[module.starttls].port if module.starttls else HTTPS_PORT


def make_target(
    text: str,
    module_name: str | None,
    modules: Mapping[str, Module],
    labels: tuple[tuple[str, str], ...] = (),
    policy: PolicyLayer | None = None,
) -> Target:
    """Read a target and fill in its module and port; TargetError if it is badly written, KeyError if no such module."""
    endpoint = parse_endpoint(text)
    module = modules[module_name or default_module(endpoint)]
    if endpoint.port is None and endpoint.unix_path is None:
        port = HTTPS_PORT if endpoint.scheme == "https" else default_port(module)
        endpoint = replace(endpoint, port=port)
    return Target(text, endpoint, module.name, labels, policy if policy != PolicyLayer() else None)


def served_key(endpoint: Endpoint) -> tuple[str, int, str | None]:
    """Return what an entry of `serves` and the target that it names have in common, however either is written."""
    return endpoint.host, endpoint.port or HTTPS_PORT, endpoint.unix_path
