"""What every handler may need: the watch, the options of the command line, and the way to reload."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from exporter.metrics.own import OwnMetrics
from exporter.watch import Watch


@dataclass(frozen=True, slots=True)
class Options:
    """The part of the command line that pages and scrapes follow. `route_prefix` is "" or begins with a slash."""

    telemetry_path: str = "/metrics"
    route_prefix: str = ""
    external_url: str = ""
    timeout_offset: float = 0.5
    max_requests: int = 40


@dataclass(slots=True)
class Site:
    """The state behind the routes. `reload` returns what is wrong with the new configuration, "" for nothing."""

    watch: Watch
    own: OwnMetrics
    options: Options
    reload: Callable[[], Awaitable[str]]
    ready: bool = False


SITE = web.AppKey("site", Site)
