"""Makes `stores` and `ct` of a module from what is written, with the files that they name checked."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from exporter.certificates.log_list import LogListError, read_log_list
from exporter.config.files import NamedFileError, check_pem, read_named
from exporter.config.model import CTConfig, RootStore
from exporter.config.schema import CT, Conflict
from exporter.config.schema import RootStore as WrittenStore

Written = Sequence[object]
"""Texts, and shapes with a name and a file."""
NamedFile = Callable[[str | int, str, Callable[[str], None]], str]
"""Takes a key, the file name written there and a check; returns the whole name. What is wrong is noted."""


def make_stores(written: Written, named_file: NamedFile) -> tuple[RootStore, ...]:
    """Make `stores`."""
    return tuple(
        RootStore(one.name, named_file(number, one.file, lambda file: check_pem(file, "CERTIFICATE")))
        if isinstance(one, WrittenStore)
        else RootStore(str(one))
        for number, one in enumerate(written)
    )


def twice(written: Written) -> Iterator[Conflict]:
    """Yield each store whose name is already used: each store is a separate series."""
    names: set[str] = set()
    for number, one in enumerate(written):
        name = one.name if isinstance(one, WrittenStore) else str(one)
        if name in names:
            yield number, f"the store {name[:80]!r} is written twice"
        names.add(name)


def make_ct(written: CT, named_file: NamedFile) -> CTConfig:
    """Make `ct`."""
    return CTConfig(named_file("log_list_file", written.log_list_file, _check_log_list))


def _check_log_list(file: str) -> None:
    try:
        read_log_list(read_named(file))
    except LogListError as error:
        raise NamedFileError(f"{Path(file)}: {error}") from None
