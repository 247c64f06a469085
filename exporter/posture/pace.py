"""How fast a scan may open connections, so that no server takes it for an attack.

Firewalls and servers ban clients that open many connections in a short time (fail2ban, connection limits of mail
servers, rate limits of load balancers), and the ban would hit the ordinary probe as well. So the connections of all
scans to one address are counted together.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Hashable

BURST = 8
WINDOW = 5.2
"""At most BURST connections in WINDOW seconds: with the ordinary probe that stays within ten in five seconds."""
MAX_ADDRESSES = 10_000


class Pace:
    """The connections of the last seconds, by address. Times are those of the running loop."""

    def __init__(self) -> None:
        self._opened: OrderedDict[Hashable, deque[float]] = OrderedDict()

    async def wait(self, address: Hashable, pause: float | None) -> None:
        """Wait until one more connection may be opened, and count it.

        `pause` is the time in seconds between two connections; None is for the limit above, 0 for none at all.
        """
        opened = self._opened.setdefault(address, deque(maxlen=BURST))
        self._opened.move_to_end(address)
        while len(self._opened) > MAX_ADDRESSES:
            self._opened.popitem(last=False)
        now = asyncio.get_running_loop().time()
        at = max(now, _earliest(opened, pause))
        opened.append(at)
        if at > now:
            await asyncio.sleep(at - now)

    def __len__(self) -> int:
        return len(self._opened)


def _earliest(opened: deque[float], pause: float | None) -> float:
    if pause is not None:
        return opened[-1] + pause if opened else 0.0
    return opened[0] + WINDOW if len(opened) == BURST else 0.0
