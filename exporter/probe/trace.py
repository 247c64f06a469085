"""The course of one probe: which phase it is in, how long each took, and what happened.

The same three lines give the duration of a phase, the timeline of `debug=true` and the phase of a failure.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from exporter.probe.result import Event, Phase

MAX_EVENTS = 64


@dataclass(slots=True)
class Progress:
    """The phase that a probe under way has reached, for whoever cannot wait for its end."""

    phase: Phase = Phase.RESOLVE
    began: float = 0.0  # in the loop's time


class Trace:
    """Times the phases of one probe. `clock` is monotonic, in seconds."""

    __slots__ = ("_clock", "_events", "_progress", "_seconds", "_started")

    def __init__(self, clock: Callable[[], float], progress: Progress | None = None) -> None:
        self._clock = clock
        self._started = clock()
        self._seconds: dict[Phase, float] = {}
        self._events: list[Event] = []
        self._progress = progress or Progress()

    @property
    def phase(self) -> Phase:
        """The phase that the probe is in."""
        return self._progress.phase

    def enter(self, phase: Phase) -> None:
        """Begin a phase: what fails from here on fails in it."""
        self._progress.phase = phase

    @contextmanager
    def during(self, phase: Phase) -> Iterator[None]:
        """Count the time of the block to the phase; a failure in it is a failure of the phase."""
        self.enter(phase)
        began = self._clock()
        try:
            yield
        finally:
            self._seconds[phase] = self._seconds.get(phase, 0.0) + self._clock() - began

    def note(self, text: str) -> None:
        """Add a line to the timeline; a peer cannot make it grow without bound."""
        if len(self._events) < MAX_EVENTS:
            self._events.append(Event(self.elapsed, self.phase, text))

    @property
    def elapsed(self) -> float:
        """Seconds since the probe began."""
        return self._clock() - self._started

    @property
    def durations(self) -> tuple[tuple[Phase, float], ...]:
        """The seconds of each phase that ran, in the order in which they began."""
        return tuple(self._seconds.items())

    @property
    def events(self) -> tuple[Event, ...]:
        """The timeline so far."""
        return tuple(self._events)
