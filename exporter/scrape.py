"""One scrape, as a story: from a selection of targets to the lines of an exposition.

Each target is read (probed and judged, see `watch`) before the deadline. A scrape never fails because targets fail:
whatever is not finished in time is reported as a failure by timeout.
"""

import asyncio
from collections.abc import Sequence

from exporter.config.model import Config
from exporter.course import Course
from exporter.metrics.collect import Lines
from exporter.reading import Reading
from exporter.selection import Selection, selected
from exporter.target import Target
from exporter.watch import Watch


async def scrape(watch: Watch, selection: Selection, deadline: float) -> list[Lines]:
    """Return the sample lines of every selected target, before the deadline (loop time). Raises SelectionError."""
    config = watch.config  # a reload does not touch a scrape under way
    targets = selected(config, selection)
    readings = await read(watch, config, targets, deadline)
    return [reading.lines for reading in readings]


async def read(watch: Watch, config: Config, targets: Sequence[Target], deadline: float) -> list[Reading]:
    """Read targets: as many at once as the configuration allows, none left out."""
    course = Course(watch, config, targets, deadline)
    try:
        async with asyncio.timeout_at(deadline):
            await course.run()
    except TimeoutError:
        await course.cut()
    finally:
        course.leave()
    return [reading for reading in course.readings if reading is not None]
