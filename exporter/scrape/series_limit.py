"""A limit of new series for each target and hour: what a peer writes into labels makes a series of its own.

An endpoint that presents other certificates at each scrape would make 24,000 series an hour, which Prometheus keeps for
two hours in memory and for weeks on disk. A renewal makes three, a server farm that disagrees some dozens.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field

MAX_NEW_SERIES = 400
WINDOW_SECONDS = 3600.0
MAX_OWNERS = 50_000


@dataclass(slots=True)
class _Window:
    """What one target has shown since the window began, as hashes."""

    began: float
    seen: set[int] = field(default_factory=set)
    is_limited: bool = False


class SeriesLimit:
    """Counts the new series of each target. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, limit: int = MAX_NEW_SERIES) -> None:
        self._clock = clock
        self._limit = limit
        self._windows: OrderedDict[Hashable, _Window] = OrderedDict()

    def admit(self, owner: Hashable, series: Iterable[Hashable]) -> bool:
        """Return whether all of these series of a target may be exposed, and count them if so.

        What was admitted within the window stays admitted, and the first that is seen in a window always is.
        """
        now, hashes = self._clock(), {hash(one) for one in series}
        window = self._windows.get(owner)
        if window is None or now - window.began >= WINDOW_SECONDS:
            window = self._windows[owner] = _Window(now)
        self._windows.move_to_end(owner)
        if len(self._windows) > MAX_OWNERS:
            self._windows.popitem(last=False)
        new = hashes - window.seen
        window.is_limited = bool(new and window.seen and len(window.seen) + len(new) > self._limit)
        if not window.is_limited:
            window.seen |= new
        return not window.is_limited

    def forget(self, owner: Hashable) -> None:
        """Drop a target that is not watched any more."""
        self._windows.pop(owner, None)

    @property
    def limited(self) -> int:
        """How many targets are beyond the limit."""
        return sum(window.is_limited for window in self._windows.values())

    def __len__(self) -> int:
        return len(self._windows)
