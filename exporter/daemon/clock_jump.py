"""Whether the machine's clock has jumped. Verdicts depend on the clock, so operators should know about a jump."""

import time
from collections.abc import Callable

JUMP_SECONDS = 60.0  # time services correct smaller differences


class ClockJumpDetector:
    """Compares the clock, `clock` in Unix seconds, with one that cannot be set, `steady`."""

    def __init__(self, clock: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._steady = clock, steady
        self._ahead = clock() - steady()

    def jumped(self) -> float:
        """Return by how many seconds the clock has jumped since it was last asked, 0.0 for not at all."""
        ahead = self._clock() - self._steady()
        seconds, self._ahead = ahead - self._ahead, ahead
        return seconds if abs(seconds) >= JUMP_SECONDS else 0.0
