"""What helped an endpoint whose handshake ended before any ServerHello, and for how long that is remembered."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import StrEnum

USELESS_SECONDS = 600.0  # how long nothing is tried again where nothing helped
MAX_ENDPOINTS = 10_000


class Remedy(StrEnum):
    """What helped."""

    SMALL = "small"  # a hello without post-quantum key shares
    WITHOUT_STAPLE = "without_staple"
    OLD = "old"  # a hello of the last century, answered in plaintext
    NONE = "none"


@dataclass(slots=True)
class SecondTries:
    """What helped which endpoint, and until when that is believed. Times are the loop's."""

    remedies: OrderedDict[Hashable, tuple[Remedy, float]] = field(default_factory=OrderedDict)

    def known(self, endpoint: Hashable, now: float) -> Remedy | None:
        """Return what helped last, None if that is not known."""
        remedy, until = self.remedies.get(endpoint, (None, 0.0))
        return remedy if remedy is not Remedy.NONE or now < until else None

    def note(self, endpoint: Hashable, remedy: Remedy, now: float) -> None:
        """Note what helped."""
        self.remedies[endpoint] = remedy, now + USELESS_SECONDS
        self.remedies.move_to_end(endpoint)
        while len(self.remedies) > MAX_ENDPOINTS:
            self.remedies.popitem(last=False)

    def __len__(self) -> int:
        return len(self.remedies)
