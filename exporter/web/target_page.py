"""GET /target?target=&module=: one target's last report in full. POST: probe it now, if the client may.

GET causes no probe. A probe by POST needs a password, a client certificate or a loopback client, must come from one
of the exporter's own pages, and is rate limited.
"""

import asyncio
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from aiohttp import web

from exporter.certificates.der import as_pem
from exporter.scrape.history import Probe, TargetHistory
from exporter.target import Target
from exporter.web.access import RateLimit
from exporter.web.context import SITE, WebContext, label_set
from exporter.web.error_page import error_page
from exporter.web.pages import Shell, page, render, shell_of, url
from exporter.web.request_origin import ELSEWHERE, is_from_elsewhere, is_on_this_machine, read_form
from exporter.web.target_list import row
from exporter.web.target_view import recent_bars, view

PROBES_AT_ONCE = 10  # by hand, of all targets together
SECONDS_FOR_A_PROBE = 2.0
LONGEST_WAIT = 60.0
NO_SUCH_TARGET = "there is no such target"
NO_SUCH_CHAIN = "no chain is known of this target"
_MAX_DIGITS = 4
LIMIT = web.AppKey("probes by hand", RateLimit)


def limit() -> RateLimit:
    """Return the limit of probes by hand, for one application."""
    return RateLimit(SECONDS_FOR_A_PROBE, PROBES_AT_ONCE, 0.0)


async def show(request: web.Request) -> web.Response:
    """Answer with the page of one target."""
    site = request.app[SITE]
    target = find(site, request.query)
    if target is None:
        return error_page(request, 404, NO_SUCH_TARGET)
    past = site.engine.history.histories.get(target)
    recent = past.recent if past else []  # taken here: probes that end meanwhile add to it
    return page(await asyncio.to_thread(_page, site, shell_of(request), target, past, recent, may_probe(request)))


async def probe_now(request: web.Request) -> web.StreamResponse:
    """Probe a configured target once, then show it."""
    site = request.app[SITE]
    if not may_probe(request):
        return web.Response(status=403, text="probing by hand needs authentication, or the exporter's own machine\n")
    if is_from_elsewhere(request):
        return web.Response(status=403, text=ELSEWHERE)
    form = await read_form(request)
    target = find(site, form)
    if target is None or target not in site.targets_named(target.name):
        return error_page(request, 404, NO_SUCH_TARGET)
    now = asyncio.get_running_loop().time()
    if not request.app[LIMIT].admits(now):
        return web.Response(status=429, text="too many probes by hand\n", headers={"Retry-After": "2"})
    module = site.engine.config.modules[target.module]
    timeout = module.timeout or site.engine.config.global_.timeout
    site.own.scrapes.labels("probe now").inc()
    await site.engine.report(target, module, now + min(timeout, LONGEST_WAIT) + 1.0)
    raise web.HTTPSeeOther(url("target", **site.parameters_of(target)))


async def chain(request: web.Request) -> web.Response:
    """Answer with a chain as it was presented, as PEM, leaf first; `result` counts a target's variants from 0."""
    site = request.app[SITE]
    target = find(site, request.query)
    report = site.engine.last.get(target) if target is not None else None
    index = request.query.get("result", "0")
    chains = [one.observation.result.chain for one in report.assessments] if report is not None else []
    if not index.isdecimal() or len(index) > _MAX_DIGITS or int(index) >= len(chains) or not chains[int(index)]:
        return error_page(request, 404, NO_SUCH_CHAIN)
    text = "\n".join(as_pem(der) for der in chains[int(index)]) + "\n"
    headers = {"Content-Disposition": 'attachment; filename="chain.pem"', "X-Content-Type-Options": "nosniff"}
    return web.Response(text=text, content_type="application/x-pem-file", headers=headers)


def may_probe(request: web.Request) -> bool:
    """Return whether the client may probe by hand."""
    site = request.app[SITE]
    return site.authenticates() or is_on_this_machine(request, urlsplit(site.options.external_url).hostname)


def find(site: WebContext, asked: Mapping[str, str]) -> Target | None:
    """Return the target that a query or form names: a configured one, else one that /probe was asked for."""
    name, module, labels = (asked.get(field, "") for field in ("target", "module", "labels"))
    asked_for = [target for target in tuple(site.engine.last) if target.name == name]
    found = (
        target
        for target in (*site.targets_named(name), *asked_for)
        if module in ("", target.module) and labels in ("", label_set(target))
    )
    return next(found, None)


def _page(
    site: WebContext, shell: Shell, target: Target, past: TargetHistory | None, recent: Sequence[Probe], may: bool
) -> str:
    engine = site.engine
    now = engine.clock()
    report = engine.last.get(target)
    return render(
        "target.html",
        shell,
        target=target,
        parameters=site.parameters_of(target),
        row=row(target, past, now),
        past=past,
        bars=recent_bars(recent),
        views=[view(assessment, now) for assessment in report.assessments] if report else [],
        probe_now=may and target in site.targets_named(target.name),
        now=now,
    )
