"""When Python collects cyclic garbage: never for long, and seldom among objects that live from scrape to scrape.

The reports of ten thousand targets are a quarter of a million objects, and hold no cycles: traversing them would block
the event loop for too long. So what has survived a scrape is frozen (`gc.freeze`), and is collected again only when
there are more frozen objects than the reports account for: each client connection that ends leaves a cycle of five
objects (asyncio's transport and what it holds), some of which the end of a scrape has frozen.

Python triggers on allocations minus deallocations, and the freed reports of the last scrape offset the new ones: it
would not collect during a scrape, and then traverse all of it at once. So the young generation is collected after each
hundred reports. That makes the open connections old. Where targets are probed one by one, at `/probe`, no scrape
freezes them and has them collected, so a number of reports does.
"""

import gc

READINGS_AT_ONCE = 100  # whose objects are collected at once, in two or three milliseconds
YOUNG_OBJECTS = 5_000  # collected at once, in two or three milliseconds
YOUNG_ROUNDS = 10  # of them before the survivors are collected once more
NEVER = 1_000_000  # older objects are not collected between scrapes
OBJECTS_PER_TARGET = 40
SPARE_OBJECTS = 2_000  # four hundred connections that have ended
SCRAPES_BETWEEN_COUNTS = 50  # counting the frozen objects takes milliseconds
READINGS_BETWEEN_COUNTS = 100_000  # without a scrape that freezes
FEW_TARGETS = 2_000  # whose scrape can be collected at its end in a few milliseconds


class GCTuning:
    """Freezes what stays. One for each process, since the collector is the process's."""

    def __init__(
        self,
        scrapes_between_counts: int = SCRAPES_BETWEEN_COUNTS,
        readings_between_counts: int = READINGS_BETWEEN_COUNTS,
    ) -> None:
        self._after_collection = 0
        self._scrapes_between_counts = scrapes_between_counts
        self._readings_between_counts = readings_between_counts
        self._readings_since = 0  # the last scrape, or count
        self._scrapes = 0
        self._readings = 0

    def begin(self) -> None:
        """Freeze what startup has made, during which collection was off, and turn collection on."""
        gc.enable()
        gc.set_threshold(YOUNG_OBJECTS, YOUNG_ROUNDS, NEVER)
        self.collect()

    def collect(self) -> None:
        """Collect everything. It blocks the loop, so it runs only after startup or when needed."""
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        self._after_collection = gc.get_freeze_count()

    def after_report(self) -> None:
        """Count a report, and collect the young generation if it is time."""
        self._readings += 1
        if self._readings % READINGS_AT_ONCE == 0:
            gc.collect(1)
        self._readings_since += 1
        if self._readings_since >= self._readings_between_counts:
            self._readings_since = 0
            gc.freeze()
            self._count(0)

    def set_aside(self, targets: int) -> None:
        """Freeze what has survived a scrape of this many targets."""
        if targets <= FEW_TARGETS:
            gc.collect(1)
        gc.freeze()
        self._readings_since = 0
        self._scrapes += 1
        if self._scrapes % self._scrapes_between_counts == 0:
            self._count(targets)

    def _count(self, targets: int) -> None:
        if gc.get_freeze_count() > self._after_collection + SPARE_OBJECTS + OBJECTS_PER_TARGET * targets:
            self.collect()
