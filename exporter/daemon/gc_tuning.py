"""When Python looks for cycles of garbage: never for long, and seldom at what lives from scrape to scrape.

Readings of ten thousand targets are a quarter of a million objects, and hold no cycles: to walk through them takes
longer than the event loop may be held up. So what has survived a scrape is set aside (`gc.freeze`), and is looked
through again only when more has come together than the readings account for: each client's connection that ends leaves
a cycle of five objects (asyncio's transport and what it holds), some of which a scrape's end has set aside.

Python counts what is made less what is freed, and the freed readings of the scrape before make up for the new ones: it
would not look for the whole of a scrape, and then at all of it in one go. So what is young is looked through after each
hundred readings. By that the connections of the moment become old: where targets are asked for one by one, at `/probe`,
no scrape sets them aside and has them looked through, so that so many readings do.
"""

import gc

READINGS_AT_ONCE = 100  # whose objects are looked through in one go, in two or three milliseconds
YOUNG_OBJECTS = 5_000  # looked through in one go, in two or three milliseconds
YOUNG_ROUNDS = 10  # of them before those that survived are looked through once more
NEVER = 1_000_000  # older objects are not looked through between scrapes
OBJECTS_PER_TARGET = 40
SPARE_OBJECTS = 2_000  # four hundred connections that have ended
SCRAPES_BETWEEN_COUNTS = 50  # to count what was set aside takes milliseconds
READINGS_BETWEEN_COUNTS = 100_000  # without a scrape that sets aside
FEW_TARGETS = 2_000  # whose scrape can be looked through at its end in a few milliseconds


class GCTuning:
    """Sets aside what stays. One for a process; the collector is the process's own."""

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
        """Set aside all that the start has made, during which nobody looked for garbage, and begin to look."""
        gc.enable()
        gc.set_threshold(YOUNG_OBJECTS, YOUNG_ROUNDS, NEVER)
        self.collect()

    def collect(self) -> None:
        """Look through everything. It holds up the loop, so only after the start or when there is need."""
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        self._after_collection = gc.get_freeze_count()

    def after_report(self) -> None:
        """Count a reading, and look through what is young if it is time."""
        self._readings += 1
        if self._readings % READINGS_AT_ONCE == 0:
            gc.collect(1)
        self._readings_since += 1
        if self._readings_since >= self._readings_between_counts:
            self._readings_since = 0
            gc.freeze()
            self._count(0)

    def set_aside(self, targets: int) -> None:
        """Set aside what has survived a scrape of so many targets."""
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
