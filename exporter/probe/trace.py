"""The course of one probe: which phase it is in, how long each took, and what happened.

The same three lines give the duration of a phase, the timeline of `debug=true` and the phase of a failure.
"""

from collections.abc import Callable
from dataclasses import dataclass

from exporter.net.resolve import Address
from exporter.probe.result import Event, Phase

MAX_EVENTS = 64


@dataclass(slots=True)
class Progress:
    """The phase that a probe in flight has reached, for a scrape that cannot wait for its end."""

    phase: Phase = Phase.RESOLVE
    began: float = 0.0  # in the loop's time


class Trace:
    """Times the phases of one probe. `clock` is monotonic, in seconds."""

    __slots__ = ("_began", "_clock", "_events", "_progress", "_seconds", "_started", "address", "phase")

    def __init__(self, clock: Callable[[], float], progress: Progress | None = None) -> None:
        self._clock = clock
        self._started = self._began = clock()
        self._seconds: dict[Phase, float] = {}
        self._events: list[Event] = []
        self._progress = progress or Progress()  # shared by the variants of a target
        self.phase = self._progress.phase  # that the probe is in
        self.address: Address | None = None  # the one to connect to, first

    def enter(self, phase: Phase) -> None:
        """Begin a phase: what fails from here on fails in it."""
        self.phase = self._progress.phase = phase

    def during(self, phase: Phase) -> "Trace":
        """Count the time of a `with` block to the phase; a failure in it is a failure of the phase."""
        self.phase = self._progress.phase = phase
        return self

    def __enter__(self) -> None:
        self._began = self._clock()

    def __exit__(self, *_: object) -> None:
        phase = self.phase
        self._seconds[phase] = self._seconds.get(phase, 0.0) + self._clock() - self._began

    def leave_out(self, seconds: float) -> None:
        """Exclude seconds that the exporter itself waited from the duration of the probe and of its present phase."""
        self._started += seconds
        self._began += seconds

    def note(self, text: str) -> None:
        """Add a line to the timeline; a peer cannot make it grow without bound."""
        if len(self._events) < MAX_EVENTS:
            self._events.append(Event(self._clock() - self._started, self.phase, text))

    @property
    def elapsed(self) -> float:
        """Seconds since the probe began, without the time it waited for others."""
        return self._clock() - self._started

    @property
    def durations(self) -> tuple[tuple[Phase, float], ...]:
        """The seconds of each phase that ran, in the order in which they began."""
        return tuple(self._seconds.items())

    @property
    def events(self) -> tuple[Event, ...]:
        """The timeline so far."""
        return tuple(self._events)
