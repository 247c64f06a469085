"""One scrape, from a selection of targets to the lines of an exposition. Start reading here.

1. `stored_reports` looks which of the configured files have changed and reads those, on a thread of its own.
2. `selection` picks the targets that the request asks for.
3. `scheduler` asks the engine for a report on each, a few at a time at first, more while the event loop keeps up.
4. `engine` probes a target (`probe.runner`), or shares a probe that another scrape has in flight (`single_flight`).
5. `assess` turns the results into assessments: trust, revocation, posture, names, and the findings that they cause.
6. `report` turns the assessments into lines; what did not change since the previous report is reused.
7. When the deadline comes, every target without a report is reported as failed by timeout.

A scrape never fails because targets fail.
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
    looked = await engine.look_at_files(deadline)
    config = engine.config  # a reload does not change a scrape in flight
    targets = selected(config, selection)
    probed = [target for target in targets if not target.endpoint.is_at_rest]
    stored = targets if not probed else [target for target in targets if target.endpoint.is_at_rest]
    reports = await reports_of(engine, config, probed, deadline) if probed else []
    reports += await engine.stored_reports(stored, looked, deadline) if stored else []
    return [report.lines for report in reports]


async def reports_of(engine: Engine, config: Config, targets: Sequence[Target], deadline: float) -> list[TargetReport]:
    """Return a report on each target, in their order, before the deadline (loop time)."""
    scheduler = ScrapeScheduler(engine, config, targets, deadline)
    try:
        async with asyncio.timeout_at(deadline):
            await scheduler.run()
    except TimeoutError:
        await scheduler.time_out()
    finally:
        scheduler.release()
    return [report for report in scheduler.reports if report is not None]
