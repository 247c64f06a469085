"""Results made by hand: what belongs to the handshake is given beside the rest."""

from dataclasses import fields, replace

from exporter.probe.result import Handshake, Result

_OF_THE_HANDSHAKE = frozenset(field.name for field in fields(Handshake))


def _split(changes: dict[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    handshake = {name: value for name, value in changes.items() if name in _OF_THE_HANDSHAKE}
    return handshake, {name: value for name, value in changes.items() if name not in _OF_THE_HANDSHAKE}


def make_result(started_at: float = 0.0, total_seconds: float = 0.1, *others: object, **values: object) -> Result:
    """Return a result with these values, the handshake's own among them."""
    handshake, rest = _split(values)
    return Result(started_at, total_seconds, *others, handshake=Handshake(**handshake), **rest)


def changed(result: Result, **changes: object) -> Result:
    """Return a result with other values, the handshake's own among them."""
    handshake, rest = _split(changes)
    return replace(result, handshake=replace(result.handshake, **handshake), **rest)
