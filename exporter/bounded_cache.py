"""A cache that is bounded by what it keeps: entries and bytes in all, and bytes for each owner.

The least recently used entry is evicted first. An owner is what an entry is kept for, such as a target: an owner that
adds something new each time evicts its own entries, never those of others. Parts are what entries share, such as a CA
certificate: a part counts once towards the total while any entry has it, and once for each entry of an owner.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

Part = tuple[Hashable, int]
"""What entries share, and how many bytes it takes."""


@dataclass(frozen=True, slots=True)
class _Entry(Generic[Value]):
    value: Value
    size: int
    parts: tuple[Part, ...]
    owner: Hashable

    @property
    def whole(self) -> int:
        return self.size + sum(size for _, size in self.parts)


@dataclass(slots=True)
class _Owner(Generic[Key]):
    """What is kept for one owner, the least recently used first."""

    size: int = 0
    keys: OrderedDict[Key, None] = field(default_factory=OrderedDict)


class BoundedCache(Generic[Key, Value]):
    """Keeps values under keys. The caller of `put` says how many bytes a value takes. Not thread-safe."""

    def __init__(self, max_entries: int, max_bytes: int, max_bytes_per_owner: int | None = None) -> None:
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._max_bytes_per_owner = max_bytes if max_bytes_per_owner is None else max_bytes_per_owner
        self._entries: OrderedDict[Key, _Entry[Value]] = OrderedDict()
        self._owners: dict[Hashable, _Owner[Key]] = {}
        self._parts: dict[Hashable, tuple[int, int]] = {}  # how many entries have it, and its bytes
        self._bytes = 0

    def get(self, key: Key) -> Value | None:
        """Return what is kept under a key, and count that as a use."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        self._owners[entry.owner].keys.move_to_end(key)
        return entry.value

    def put(self, key: Key, value: Value, size: int, owner: Hashable = None, parts: Iterable[Part] = ()) -> None:
        """Keep a value in place of the key's former one; drop the least recently used until all bounds hold."""
        if key in self._entries:
            self._drop(key)
        entry = _Entry(value, size, tuple(parts), owner)
        self._entries[key] = entry
        self._bytes += size
        for part, weight in entry.parts:
            count, known = self._parts.get(part, (0, weight))
            self._parts[part] = (count + 1, known)
            self._bytes += 0 if count else weight
        kept = self._owners.setdefault(owner, _Owner())
        kept.keys[key] = None
        kept.size += entry.whole
        while kept.keys and kept.size > self._max_bytes_per_owner:
            self._drop(next(iter(kept.keys)))
        self._shrink()

    def _shrink(self) -> None:
        while self._entries and (len(self._entries) > self._max_entries or self._bytes > self._max_bytes):
            self._drop(next(iter(self._entries)))

    def _drop(self, key: Key) -> None:
        entry = self._entries.pop(key)
        self._bytes -= entry.size
        for part, _ in entry.parts:
            count, weight = self._parts[part]
            if count > 1:
                self._parts[part] = (count - 1, weight)
            else:
                del self._parts[part]
                self._bytes -= weight
        kept = self._owners[entry.owner]
        kept.size -= entry.whole
        del kept.keys[key]
        if not kept.keys:
            del self._owners[entry.owner]

    def resize(self, max_bytes: int) -> None:
        """Set another bound for all bytes."""
        self._max_bytes = max_bytes
        self._shrink()

    def clear(self) -> None:
        """Drop everything: memory is needed for something else."""
        self._entries.clear()
        self._owners.clear()
        self._parts.clear()
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """How many bytes the entries are said to take, shared parts once."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._entries)
