"""What every handler may need: the engine, the options of the command line, and the way to reload."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from exporter.config.model import Config
from exporter.metrics.self_metrics import SelfMetrics
from exporter.scrape.engine import Engine
from exporter.target import Target
from exporter.web.scanned_names import ScannedNames


@dataclass(frozen=True, slots=True)
class Options:
    """The part of the command line that pages and scrapes follow. `route_prefix` is "" or begins with a slash."""

    telemetry_path: str = "/metrics"
    route_prefix: str = ""
    external_url: str = ""
    timeout_offset: float = 0.5
    scrape_timeout_default: float | None = None  # seconds; None: not set
    max_requests: int = 512


@dataclass(slots=True)
class WebContext:
    """The state behind the routes. `reload` returns what is wrong with the new configuration, "" for nothing.

    `authenticates` returns whether clients that reach a handler are authenticated. `after_scrape` is called when a
    scrape has been answered. `refused` says what is wrong with the configuration on disk, with file and line, while
    another one is in force.
    """

    engine: Engine
    own: SelfMetrics
    options: Options
    reload: Callable[[], Awaitable[str]]
    ready: bool = False
    authenticates: Callable[[], bool] = lambda: False
    after_scrape: Callable[[], None] = lambda: None
    refused: tuple[str, ...] = ()
    scanned_names: ScannedNames = field(default_factory=ScannedNames)
    _indexed: Config | None = None
    _by_name: dict[str, list[Target]] = field(default_factory=dict)

    def targets_named(self, name: str) -> list[Target]:
        """Return the configured targets that are written so: one for each module."""
        config = self.engine.config
        if self._indexed is not config:
            self._by_name = {}
            for target in config.targets:
                self._by_name.setdefault(target.name, []).append(target)
            self._indexed = config
        return self._by_name.get(name, [])

    def parameters_of(self, target: Target) -> dict[str, str]:
        """Return what names a target in an address: with its labels where others share its name and module."""
        found = {"target": target.name, "module": target.module}
        if sum(one.module == target.module for one in self.targets_named(target.name)) > 1:
            found["labels"] = label_set(target)
        return found


def label_set(target: Target) -> str:
    """Return the user's labels of a target as the parameter `labels` names them: `{team="web"}`."""
    pairs = (f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in target.labels)
    return f"{{{','.join(pairs)}}}"


SITE = web.AppKey("site", WebContext)
