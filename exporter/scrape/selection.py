"""Which targets a request is about: all, or those of some modules, with some names, in one shard of several."""

import hashlib
from dataclasses import dataclass

from exporter.config.model import Config
from exporter.target import Target


class SelectionError(ValueError):
    """A selection that names what is not configured, or is not of the form asked for."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which targets a scrape is about: all, or those of some modules, with some names, in one shard of several."""

    modules: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    shard: tuple[int, int] | None = None


def selected(config: Config, selection: Selection) -> list[Target]:
    """Return the targets of a selection, in the order of the configuration. Raises SelectionError."""
    for module in selection.modules:
        if module not in config.modules:
            raise SelectionError(f"unknown module {module!r}")
    names = {target.name for target in config.targets} if selection.targets else set()
    for name in selection.targets:
        if name not in names:
            raise SelectionError(f"target {name!r} is not configured")
    return [
        target
        for target in config.targets
        if (not selection.modules or target.module in selection.modules)
        and (not selection.targets or target.name in selection.targets)
        and (selection.shard is None or in_shard(target, *selection.shard))
    ]


def in_shard(target: Target, index: int, count: int) -> bool:
    """Return whether a target is in a shard. It depends on the target's name alone, so a reload moves nothing."""
    digest = hashlib.sha256(target.name.encode()).digest()
    return int.from_bytes(digest[:8]) % count == index % count


def parse_shard(text: str) -> tuple[int, int]:
    """Read `I/N`. Raises SelectionError. I counts modulo N, so that both 0..N-1 and 1..N number all shards."""
    index, slash, count = text.partition("/")
    if not slash or not (index.isascii() and index.isdigit() and count.isascii() and count.isdigit()):
        raise SelectionError(f"bad shard {text!r}: write I/N, as 0/2 and 1/2")
    if len(text) > 16 or int(count) == 0 or int(index) > int(count):  # noqa: PLR2004
        raise SelectionError(f"bad shard {text!r}: I is at most N, and N at least 1")
    return int(index), int(count)
