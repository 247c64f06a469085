"""The whole HTTP surface on a free port of the loopback, in the test's own loop."""

import asyncio
import contextlib
from dataclasses import dataclass

from aiohttp import ClientSession, web
from support.exposition import Exposition

from exporter.config.model import Config, GlobalConfig, Module, ProbeEndpoint
from exporter.config.targets import make_target
from exporter.metrics.self_metrics import SelfMetrics
from exporter.net.resolve import Resolver
from exporter.net.watcher import watcher_of
from exporter.scrape.engine import Engine
from exporter.web.app import make_app
from exporter.web.context import Options, WebContext


def configuration(*targets, allow=(), modules=(), **settings):
    """Return a configuration; a target is its text, or text and module, or text, module and labels."""
    known = {"tls": Module("tls", timeout=2), "https": Module("https", timeout=2)}
    known |= {module.name: module for module in modules}
    made = [one if isinstance(one, tuple) else (one, None) for one in targets]
    return Config(
        global_=GlobalConfig(**settings),
        modules=known,
        targets=tuple(
            make_target(name, module, known, tuple(labels[0].items()) if labels else ())
            for name, module, *labels in made
        ),
        probe_endpoint=ProbeEndpoint(tuple(allow)),
    )


@dataclass
class Served:
    """A site that is served."""

    url: str
    engine: Engine
    site: WebContext
    session: ClientSession

    async def get(self, path, *, method="GET", headers=None, **keywords):
        """Ask; return status, header fields and text."""
        async with self.session.request(method, f"{self.url}{path}", headers=headers, **keywords) as response:
            return response.status, response.headers, await response.text()

    async def probe(self, target, **parameters):
        """Ask /probe; return status and text."""
        async with self.session.get(f"{self.url}/probe", params={"target": target, **parameters}) as response:
            return response.status, await response.text()

    async def series(self, target, **parameters):
        """Ask /probe, which must answer; return the Exposition."""
        status, text = await self.probe(target, **parameters)
        assert status == 200, text
        return Exposition(text)


@contextlib.asynccontextmanager
async def serving(config, *, lookup=None, authenticates=False, host="127.0.0.1", **options):
    """Serve a configuration. `lookup` stands in for getaddrinfo."""
    metrics = SelfMetrics()
    engine = Engine(config, metrics)
    if lookup is not None:
        engine.resolver.close()
        engine.resolver = Resolver(lookup)
        engine.apply(config)

    async def reload():
        return "nothing to reload"

    site = WebContext(engine, metrics, Options(**options), reload, ready=True, authenticates=lambda: authenticates)
    runner = web.AppRunner(make_app(site), handler_cancellation=True, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, 0).start()
        prefix = options.get("route_prefix", "")
        async with ClientSession() as session:
            yield Served(f"http://127.0.0.1:{runner.addresses[0][1]}{prefix}", engine, site, session)
    finally:
        await runner.cleanup()
        engine.close()
        watcher_of(asyncio.get_running_loop()).expire_all()  # connections that are being left
