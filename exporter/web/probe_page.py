"""GET /probe?target=&module=: blackbox_exporter's multi-target pattern, for configured targets and those allowed.

A target that is not configured is checked against the allowlist twice: as it is written, before anything is resolved,
and by each address that it resolves to, before anything is connected.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from aiohttp import web

from exporter.config.model import Config, Module
from exporter.config.problems import did_you_mean
from exporter.config.targets import make_target
from exporter.metrics.blackbox import BLACKBOX_FAMILIES, NEWER_FAMILIES, blackbox_lines
from exporter.metrics.blackbox_http import HTTP_FAMILIES
from exporter.metrics.catalogue import FAMILIES
from exporter.metrics.exposition import pages
from exporter.metrics.labels import clean
from exporter.net.resolve import Address
from exporter.probe.runner import plain_route
from exporter.scrape.report import TargetReport
from exporter.target import AT_REST, Target, TargetError, parse_endpoint
from exporter.web.allowlist import Allowlist
from exporter.web.context import SITE, WebContext, label_set
from exporter.web.debug_text import debug_text
from exporter.web.metrics_page import deadline_of, send_exposition

_PARAMETERS = ("target", "module", "labels", "hostname", "debug")


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
        """Return whether the address may be connected."""
        return self.allowlist.permits_address(address.ip, address.port, self.host)


@dataclass(frozen=True, slots=True)
class Permit:
    """What will be probed, and how; `addresses` is None for configured targets.

    One endpoint may be configured several times with different labels: then there are several targets.
    """

    targets: tuple[Target, ...]
    module: Module
    addresses: PermittedAddresses | None = None


async def probe(request: web.Request) -> web.StreamResponse:
    """Probe one target and answer with its series, also under blackbox_exporter's names."""
    site = request.app[SITE]
    if (
        request.query.get("target", "").partition(":")[0] in AT_REST
    ):  # which files there are is seen when they are asked for
        await site.engine.look_at_files(deadline_of(request))
    try:
        permit = _permit(request, site)
    except _RefusedError as refused:
        return web.Response(status=refused.status, text=f"{refused}\n")
    site.own.scrapes.labels("probe").inc()
    deadline = deadline_of(request)
    timeout = min(
        permit.module.timeout or site.engine.config.global_.timeout, deadline - asyncio.get_running_loop().time()
    )
    reads = (site.engine.report(target, permit.module, deadline, permit.addresses) for target in permit.targets)
    reports = await asyncio.gather(*reads)
    if request.query.get("debug", "") in ("true", "1"):
        text = debug_text(reports[0], exposition(*reports, timeout=timeout).decode())
        return web.Response(text=text, headers={"X-Content-Type-Options": "nosniff"})
    accept = request.headers.get("Accept", "")
    return await send_exposition(request, _pages(reports, accept, timeout))


def exposition(*reports: TargetReport, timeout: float | None = None) -> bytes:
    """Return reports in the text format."""
    return b"".join(_pages(reports, "", timeout))


def _pages(reports: Sequence[TargetReport], accept: str, timeout: float | None) -> Iterator[bytes]:
    assessments = [assessment for report in reports for assessment in report.assessments]
    lines = [blackbox_lines(assessments, timeout), *(report.lines for report in reports)]
    return pages(accept, lines, [], (*BLACKBOX_FAMILIES, *HTTP_FAMILIES, *NEWER_FAMILIES, *FAMILIES))


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
    labels = request.query.get("labels")
    if labels is not None:
        configured = tuple(target for target in configured if label_set(target) == labels)
        if not configured:
            raise _RefusedError(400, f"no configured target of this name has the labels {clean(labels, 200)}")
    if configured:
        permit = Permit(configured, config.modules[configured[0].module])
    else:
        permit = _allowed(config, names[0], module)
    hostname = request.query.get("hostname", "")
    return _by_name(permit, hostname, site) if hostname else permit


def _by_name(permit: Permit, hostname: str, site: WebContext) -> Permit:
    """Return the permit with `hostname` as server name. Raises _RefusedError."""
    module = _asked_by_name(permit.module, hostname)
    if module is not permit.module:
        target = permit.targets[0]
        module = site.scanned_names.limited((target.name, target.module), module.tls_config.server_name or "", module)
    return replace(permit, module=module)


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


def _configured(found: list[Target], module: str) -> tuple[Target, ...]:
    """Return the configured targets of a name, one for each set of labels; with the module asked for, if any is."""
    exact = tuple(target for target in found if target.module == module)
    if exact or not found:
        return exact
    if module:
        return tuple(dict.fromkeys(replace(target, module=module) for target in found))
    return tuple(target for target in found if target.module == found[0].module)


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
        return Permit((target,), found, PermittedAddresses(allowlist, target.endpoint.host))
    if not target.endpoint.is_ip:
        why = "goes through a proxy, which resolves the name itself: what it would connect to cannot be checked"
        raise _RefusedError(403, f"the target {shown!r} is not configured, and the module {found.name!r} {why}")
    return Permit((target,), found)  # the address was checked as it is written; the proxy's address is configured


def _without_other_ports(module: Module, target: Target, allowlist: Allowlist) -> Module:
    """Return the module without its request on the port for plain HTTP, unless that port is allowed as well."""
    http = module.http
    if http is None or http.redirect_from_port is None:
        return module
    if allowlist.permits_name(replace(target.endpoint, port=http.redirect_from_port)):
        return module
    return replace(module, http=replace(http, redirect_from_port=None))
