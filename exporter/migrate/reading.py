"""YAML of other programs, read for what it holds. Everything stays text, numbers too.

Shapes that are not what they should be read as empty; only what is no YAML at all is refused.
"""

from typing import Any

import yaml


class MigrationError(ValueError):
    """A file that cannot be read at all; the message says which and why."""


def read(text: str, what: str) -> dict[str, Any]:
    """Read a whole document that must be a mapping."""
    try:
        loaded = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - it makes nothing but text, lists and mappings
    except yaml.YAMLError as error:
        raise MigrationError(f"{what} is not YAML: {error}") from None
    except RecursionError:
        raise MigrationError(f"{what} is nested too deeply") from None
    if loaded in (None, ""):
        return {}
    if not isinstance(loaded, dict):
        raise MigrationError(f"{what} is not a mapping")
    return {str(key): value for key, value in loaded.items()}


def mapping(value: Any) -> dict[str, Any]:
    """Return a mapping as it is, anything else as an empty one."""
    return {str(key): inner for key, inner in value.items()} if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """Return a list as it is, anything else as an empty one."""
    return value if isinstance(value, list) else []


def texts(value: Any) -> list[str]:
    """Return the texts of a list."""
    return [item for item in sequence(value) if isinstance(item, str)]


def text(value: Any) -> str:
    """Return text as it is, anything else as empty."""
    return value if isinstance(value, str) else ""


def flag(value: Any, *, default: bool = False) -> bool:
    """Read a truth value as YAML 1.1 writes them."""
    return default if text(value) == "" else text(value).lower() in ("true", "yes", "on")
