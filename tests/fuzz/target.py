"""What a fuzz target is: a function that takes any bytes and must not raise, and inputs to begin with."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class FuzzTarget:
    """`run` raises for a fault and for nothing else; `seeds` are made when they are asked for."""

    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]


def parts(data: bytes) -> list[bytes]:
    """Cut an input into pieces of 1 to 256 bytes by its own bytes: as a stream may arrive."""
    pieces, rest = [], data
    while rest:
        length = rest[0] + 1
        pieces.append(rest[1 : 1 + length])
        rest = rest[1 + length :]
    return [piece for piece in pieces if piece]


def whole(data: bytes, size: int = 200) -> bytes:
    """Return an input that `parts` cuts into pieces of that size: the inverse, for seeds."""
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    return b"".join(bytes((len(piece) - 1,)) + piece for piece in pieces)
