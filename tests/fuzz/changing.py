"""Changed inputs without a coverage-guided fuzzer: the same seed gives the same changes on every machine."""

import random
from collections.abc import Iterator

_TELLING = (
    b"\x00",
    b"\xff",
    b"\x80",
    b"\x7f",
    b"\xff\xff",
    b"\xff\xff\xff\xff",
    b"\n",
    b"\r\n",
    b'"',
    b"<",
    b"[",
    b"%",
)


def changed(seeds: list[bytes], chance: random.Random) -> Iterator[bytes]:
    """Yield inputs made of the seeds, for ever."""
    while True:
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.choice((1, 1, 2, 4, 8))):
            _change(data, seeds, chance)
        yield bytes(data[:8192])


def _change(data: bytearray, seeds: list[bytes], chance: random.Random) -> None:
    place = chance.randint(0, len(data))
    match chance.randrange(7):
        case 0 if data:
            data[place - 1] ^= 1 << chance.randrange(8)
        case 1 if data:
            data[place - 1] = chance.randrange(256)
        case 2:
            data[place:place] = chance.choice(_TELLING)
        case 3:
            del data[place:]
        case 4:
            del data[place : place + chance.randint(1, 8)]
        case 5:
            other = chance.choice(seeds)
            start = chance.randint(0, len(other))
            data[place:place] = other[start : start + chance.randint(1, 64)]
        case _:
            data[place:place] = data[place : place + chance.randint(1, 32)] * chance.randint(1, 4)
