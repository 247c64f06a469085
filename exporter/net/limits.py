"""The limits that hold whatever a peer does, and the courtesy of few connections to one address.

Nothing here waits longer than its caller: whoever waits for a slot is cancelled or timed out from outside.
"""

from exporter.net.limiter import Limiter

MAX_HANDSHAKE_BYTES = 256 * 1024
MAX_CERTIFICATES = 100
MAX_ADDRESSES = 32  # of one name; what a lying resolver adds beyond it is not probed
MAX_DETAIL = 200  # characters of what a peer said that a log line or page repeats


def printable(text: str, limit: int = MAX_DETAIL) -> str:
    """Return text from a peer fit for a terminal or a log: escaped, on one line, cut."""
    escaped = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[: limit + 1])
    return escaped if len(text) <= limit else escaped[:limit] + "..."


class KeyedLimiter:
    """At most `limit` connections to one (address, port) at once; an address is forgotten with its last slot."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._turns: dict[object, Limiter] = {}

    def take(self, address: object) -> bool:
        """Take a slot if one is free."""
        return self._of(address).take()

    async def acquire(self, address: object) -> None:
        """Take a slot; a cancelled wait takes none."""
        try:
            await self._of(address).acquire()
        finally:
            self._forget(address)

    def release(self, address: object) -> None:
        """Give a slot back, to the next in the queue if there is one."""
        self._turns[address].release()
        self._forget(address)

    def _of(self, address: object) -> Limiter:
        turns = self._turns.get(address)
        if turns is None:
            turns = self._turns[address] = Limiter(self.limit)
        return turns

    def _forget(self, address: object) -> None:
        if address in self._turns and not self._turns[address]:
            del self._turns[address]

    def __len__(self) -> int:
        return len(self._turns)
