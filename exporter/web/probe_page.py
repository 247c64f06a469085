"""GET /probe?target=&module=: blackbox_exporter's multi-target pattern, for configured targets and those allowed.

A target that is not configured is judged by the allowlist twice: as it is written, before anything is resolved, and
by each address that it resolves to, before anything is connected.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from aiohttp import web
from prometheus_client import CollectorRegistry

from exporter.config.model import Config, Module
from exporter.config.problems import did_you_mean
from exporter.config.targets import make_target
from exporter.metrics.blackbox import BLACKBOX_FAMILIES, blackbox_lines
from exporter.metrics.catalogue import FAMILIES
from exporter.metrics.exposition import pages
from exporter.metrics.labels import clean
from exporter.net.resolve import Address
from exporter.probe.runner import plain_route
from exporter.scrape.report import TargetReport
from exporter.target import Target, TargetError, parse_endpoint
from exporter.web.allowlist import Allowlist
from exporter.web.context import SITE, WebContext
from exporter.web.debug_text import debug_text
from exporter.web.metrics_page import deadline_of, send_exposition

_PARAMETERS = ("target", "module", "hostname", "debug")


class _RefusedError(Exception):
    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, slots=True)
class PermittedAddresses:
    """Asked for each address that a name resolves to. Equal for equal lists, so that equal probes are shared."""

    allowlist: Allowlist
    host: str

    def __call__(self, address: Address) -> bool:
        """Tell whether the address may be connected."""
        return self.allowlist.permits_address(address.ip, address.port, self.host)


@dataclass(frozen=True, slots=True)
class Permit:
    """What will be probed, and how; `addresses` is None for configured targets."""

    target: Target
    module: Module
    addresses: PermittedAddresses | None = None


async def probe(request: web.Request) -> web.StreamResponse:
    """Probe one target and answer with its series, also under blackbox_exporter's names."""
    site = request.app[SITE]
    try:
        permit = _permit(request, site)
    except _RefusedError as refused:
        return web.Response(status=refused.status, text=f"{refused}\n")
    site.own.scrapes.labels("probe").inc()
    report = await site.engine.read(permit.target, permit.module, deadline_of(request), permit.addresses)
    if request.query.get("debug", "") in ("true", "1"):
        text = debug_text(report, exposition(report).decode())
        return web.Response(text=text, headers={"X-Content-Type-Options": "nosniff"})
    accept = request.headers.get("Accept", "")
    return await send_exposition(request, _pages(report, accept))


def exposition(report: TargetReport) -> bytes:
    """Return a reading in the text format."""
    return b"".join(_pages(report, ""))


def _pages(report: TargetReport, accept: str) -> Iterator[bytes]:
    lines = report.lines | blackbox_lines(report.assessments)
    return pages(accept, [lines], [CollectorRegistry()], (*BLACKBOX_FAMILIES, *FAMILIES))


def _permit(request: web.Request, site: WebContext) -> Permit:
    """Decide what may be probed. Raises _RefusedError."""
    config = site.engine.config
    unknown = set(request.query) - set(_PARAMETERS)
    if unknown:
        raise _RefusedError(400, f"unknown parameter {clean(min(unknown), 80)!r}: known are {', '.join(_PARAMETERS)}")
    names, modules = request.query.getall("target", []), request.query.getall("module", [])
    if len(names) != 1 or not names[0]:
        raise _RefusedError(400, "the parameter target must be given, and once")
    if len(modules) > 1:
        raise _RefusedError(400, "the parameter module must be given once at most")
    module = modules[0] if modules else ""
    if module and module not in config.modules:
        raise _RefusedError(400, f"unknown module {clean(module, 80)!r}{did_you_mean(module, config.modules)}")
    configured = _configured(site.targets_named(names[0]), module)
    if configured is not None:
        permit = Permit(configured, config.modules[configured.module])
    else:
        permit = _allowed(config, names[0], module)
    hostname = request.query.get("hostname", "")
    return replace(permit, module=_asked_by_name(permit.module, hostname)) if hostname else permit


def _asked_by_name(module: Module, hostname: str) -> Module:
    """Return the module with blackbox_exporter's `hostname` as its server name, unless it names one itself.

    Raises _RefusedError.
    """
    try:
        endpoint = parse_endpoint(hostname)
    except TargetError as error:
        raise _RefusedError(400, f"bad hostname {clean(hostname, 80)!r}: {error}") from None
    if endpoint.port is not None or endpoint.scheme or endpoint.unix_path is not None:
        raise _RefusedError(400, f"bad hostname {clean(hostname, 80)!r}: a name alone is wanted")
    if module.tls_config.server_name:
        return module
    return replace(module, tls_config=replace(module.tls_config, server_name=endpoint.host))


def _configured(found: list[Target], module: str) -> Target | None:
    """Return one of the configured targets of a name; with the module asked for, if one is."""
    if not found:
        return None
    exact = next((target for target in found if target.module == module), None)
    return exact or (replace(found[0], module=module) if module else found[0])


def _allowed(config: Config, name: str, module: str) -> Permit:
    """Return the permit for a target that is not configured. Raises _RefusedError."""
    shown = clean(name, 200)
    try:
        target = make_target(name, module or None, config.modules)
    except TargetError as error:
        raise _RefusedError(403, f"the target {shown!r} is not configured, and cannot be allowed: {error}") from None
    allowlist = Allowlist.of(config.probe_endpoint.allow)
    if not allowlist.permits_name(target.endpoint):
        raise _RefusedError(403, f"the target {shown!r} is neither configured nor allowed by probe_endpoint.allow")
    found = _without_other_ports(config.modules[target.module], target, allowlist)
    if plain_route(target, found).proxy is None:
        return Permit(target, found, PermittedAddresses(allowlist, target.endpoint.host))
    if not target.endpoint.is_ip:
        why = "goes through a proxy, which resolves the name itself: what it would connect to cannot be judged"
        raise _RefusedError(403, f"the target {shown!r} is not configured, and the module {found.name!r} {why}")
    return Permit(target, found)  # the address was judged as it is written; the proxy's own is nobody's choice


def _without_other_ports(module: Module, target: Target, allowlist: Allowlist) -> Module:
    """Return the module without its request on the port for plain HTTP, unless that port is allowed as well."""
    http = module.http
    if http is None or http.redirect_from_port is None:
        return module
    if allowlist.permits_name(replace(target.endpoint, port=http.redirect_from_port)):
        return module
    return replace(module, http=replace(http, redirect_from_port=None))
