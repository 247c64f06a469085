"""Which of the names in /probe requests (blackbox_exporter's `hostname`) get posture scans and DNS lookups.

A client can invent any number of names, and a target may behave differently with each: each would need a posture scan
of some forty connections, and DNS lookups. So only a few names of a target get them; the others are only probed, and
their posture and published facts are unknown.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace

from exporter.config.model import Module

MAX_NAMES = 8  # of one target
MAX_TARGETS = 10_000
FORGET_SECONDS = 86_400.0  # after which a name without requests makes room for another


class ScannedNames:
    """The names of each target that came first. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked: OrderedDict[Hashable, OrderedDict[str, float]] = OrderedDict()

    def limited(self, target: Hashable, name: str, module: Module) -> Module:
        """Return the module, without what looks further than the probe where a target has too many names already."""
        if module.posture is None and module.dns is None and module.mail_domain is None:
            return module
        return module if self._admits(target, name) else replace(module, posture=None, dns=None, mail_domain=None)

    def _admits(self, target: Hashable, name: str) -> bool:
        now = self._clock()
        names = self._asked.setdefault(target, OrderedDict())
        self._asked.move_to_end(target)
        if len(self._asked) > MAX_TARGETS:
            self._asked.popitem(last=False)
        if name not in names and len(names) >= MAX_NAMES:
            oldest, asked = next(iter(names.items()))
            if now - asked < FORGET_SECONDS:
                return False
            del names[oldest]
        names[name] = now
        names.move_to_end(name)
        return True

    def __len__(self) -> int:
        return len(self._asked)
