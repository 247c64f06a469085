"""One scrape, as a story: from a selection of targets to the lines of an exposition.

Each target is read (probed and judged, see `watch`) before the deadline. A scrape never fails because targets fail:
whatever is not finished in time is reported as a failure by timeout.
"""

import asyncio
from collections.abc import Sequence

from exporter.config.model import Config
from exporter.metrics.collect import Lines
from exporter.scrape.engine import Engine
from exporter.scrape.report import TargetReport
from exporter.scrape.scheduler import ScrapeScheduler
from exporter.scrape.selection import Selection, selected
from exporter.target import Target


async def scrape(engine: Engine, selection: Selection, deadline: float) -> list[Lines]:
    """Return the sample lines of every selected target, before the deadline (loop time). Raises SelectionError."""
    config = engine.config  # a reload does not touch a scrape under way
    targets = selected(config, selection)
    reports = await read(engine, config, targets, deadline)
    return [report.lines for report in reports]


async def read(engine: Engine, config: Config, targets: Sequence[Target], deadline: float) -> list[TargetReport]:
    """Read targets: as many at once as the configuration allows, none left out."""
    scheduler = ScrapeScheduler(engine, config, targets, deadline)
    try:
        async with asyncio.timeout_at(deadline):
            await scheduler.run()
    except TimeoutError:
        await scheduler.cut()
    finally:
        scheduler.leave()
    return [report for report in scheduler.reports if report is not None]
