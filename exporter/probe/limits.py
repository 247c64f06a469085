"""The limits that hold whatever a peer does, and the courtesy of few connections to one address.

Nothing here waits longer than its caller: whoever waits for a slot is cancelled or timed out from outside.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

MAX_HANDSHAKE_BYTES = 256 * 1024
MAX_CERTIFICATES = 100
MAX_ADDRESSES = 32  # of one name; what a lying resolver adds beyond it is not probed
MAX_DETAIL = 200  # characters of what a peer said that a log line or page repeats


def printable(text: str, limit: int = MAX_DETAIL) -> str:
    """Return text from a peer fit for a terminal or a log: escaped, on one line, cut."""
    escaped = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[: limit + 1])
    return escaped if len(text) <= limit else escaped[:limit] + "..."


class AddressSlots:
    """At most `limit` connections to one (address, port) at once; an address is forgotten with its last slot."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._taken: dict[object, int] = {}
        self._queues: dict[object, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def slot(self, address: object) -> AsyncIterator[None]:
        """Hold one of the address's slots, waiting in order of arrival."""
        await self.acquire(address)
        try:
            yield
        finally:
            self.release(address)

    def take(self, address: object) -> bool:
        """Take a slot if one is free."""
        taken = self._taken.get(address, 0)
        if taken >= self.limit:
            return False
        self._taken[address] = taken + 1
        return True

    async def acquire(self, address: object) -> None:
        """Take a slot; a cancelled wait takes none."""
        if self.take(address):
            return
        ticket: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(address, deque()).append(ticket)
        try:
            await ticket
        except asyncio.CancelledError:
            if ticket.done() and not ticket.cancelled():
                self.release(address)  # the slot was handed over in the same turn: pass it on
            raise

    def release(self, address: object) -> None:
        """Give a slot back, to the next in the queue if there is one."""
        queue = self._queues.get(address)
        while queue:
            ticket = queue.popleft()
            if not ticket.done():
                ticket.set_result(None)
                return
        self._queues.pop(address, None)
        left = self._taken.get(address, 0) - 1
        if left > 0:
            self._taken[address] = left
        else:
            self._taken.pop(address, None)

    def __len__(self) -> int:
        return len(self._taken)
