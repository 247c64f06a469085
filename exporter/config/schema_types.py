"""Reads a document where it stands: which keys a mapping has, and how the value of each is read.

What is wrong is noted at its place and left out, and the rest is still read. Nothing is filled in here or compared.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar

from exporter.config import parsers
from exporter.config.hints import FOREIGN_KEYS, refuse_templates
from exporter.config.problems import Problem, did_you_mean, dotted
from exporter.config.vocabulary import ANY_NAMES, Vocabulary
from exporter.config.yaml_document import Entry, Node

T = TypeVar("T")
U = TypeVar("U")
Word = TypeVar("Word", bound=StrEnum)
AnyShape = TypeVar("AnyShape", bound="Shape")

_KINDS = {dict: "a mapping", list: "a list", str: "text"}


class Trail:
    """Where in a file the reader is, and what was wrong on the way."""

    def __init__(self, file: str, vocabulary: Vocabulary = ANY_NAMES) -> None:
        self.vocabulary = vocabulary
        self.problems: list[Problem] = []
        self._file = file
        self._steps: list[str | int] = []

    def read(self, step: str | int, node: Node, reader: "Reader[T]") -> T | None:
        """Read what is one step further; None, with a problem, when it is wrong."""
        self._steps.append(step)
        try:
            return reader(node, self)
        except ValueError as error:
            self.wrong(node, str(error))
            return None
        finally:
            self._steps.pop()

    def wrong(self, node: Node, message: str) -> None:
        """Note what is wrong with a value, or with the key that is read."""
        self.problems.append(Problem(self._file, node.line, node.column, dotted(tuple(self._steps)), message))


Reader = Callable[[Node, Trail], T | None]  # ValueError: it is wrong. None: what is wrong with it has been noted


class Key(Generic[T]):
    """A key that a mapping may have. Without a value it counts as not written; its value is then None."""

    def __init__(self, read: Reader[T]) -> None:
        self.read = read
        self.name = ""

    def __set_name__(self, shape: type["Shape"], name: str) -> None:
        self.name = name.rstrip("_")  # some are words of Python

    def __get__(self, shape: "Shape", kind: type["Shape"]) -> T | None:
        written: T | None = shape.written.get(self.name)
        return written


class Needed(Key[T]):
    """A key without which the mapping is of no use, and left out."""

    def __get__(self, shape: "Shape", kind: type["Shape"]) -> T:
        written: T = shape.written[self.name]
        return written


class Shape:
    """A mapping of a file with the keys that it may have, which are attributes of the class; `written` are its own."""

    keys: ClassVar[dict[str, Key[Any]]] = {}
    instead_of_text: ClassVar[str] = ""  # the message where text stands in place of this mapping
    elsewhere: ClassVar[Mapping[str, str]] = {}  # keys that stand in another mapping, and where

    def __init__(self, written: dict[str, Any] | None = None) -> None:
        self.written = written or {}

    def __init_subclass__(cls) -> None:
        own = {key.name: key for key in vars(cls).values() if isinstance(key, Key)}
        cls.keys = own | {name: key for name, key in cls.keys.items() if name not in own}


class Block(Generic[AnyShape]):
    """Reads a mapping with known keys."""

    def __init__(self, shape: type[AnyShape], *, true_is_empty: bool = False) -> None:
        self.shape, self.true_is_empty = shape, true_is_empty

    def __call__(self, node: Node, trail: Trail) -> AnyShape | None:
        """Read it; without a key that is needed it is of no use. `true` may stand for {}: all of it, as by default."""
        if self.true_is_empty and isinstance(node.content, str):
            if parsers.is_true(node.content):
                return self.shape()
            raise ValueError("write true, or a mapping of its keys; without it, leave the key out")
        if isinstance(node.content, str) and self.shape.instead_of_text:
            raise ValueError(self.shape.instead_of_text)
        keys, entries = self.shape.keys, _mapping(node)
        written = {}
        for name, entry in entries.items():
            key = keys.get(name)
            if key is None:
                trail.read(name, entry.key, self._refuse)
            elif entry.value.content is not None or isinstance(key, Needed):
                value = trail.read(name, entry.value, key.read)
                if value is not None:
                    written[name] = value
        needed = [name for name, key in keys.items() if isinstance(key, Needed)]
        for name in needed:
            if name not in entries:
                trail.wrong(node, f"the key {name!r} is missing")
        return self.shape(written) if all(name in written for name in needed) else None

    def _refuse(self, key: Node, _: Trail) -> None:
        name, known = str(key.content), self.shape.keys
        near = did_you_mean(name, known)
        if name in self.shape.elsewhere:
            raise ValueError(f"unknown key: {self.shape.elsewhere[name]}")
        if name in FOREIGN_KEYS:
            raise ValueError(f"unknown key: {FOREIGN_KEYS[name]}")
        raise ValueError(f"unknown key{near or ' (known: ' + ', '.join(known) + ')'}")


class Named(Generic[T]):
    """Reads a mapping from names to values of one kind. Where there is a `blank`, a name stays without its value."""

    def __init__(self, name: Reader[str], item: Reader[T], blank: Callable[[], T] | None = None) -> None:
        self.name, self.item, self.blank = name, item, blank

    def __call__(self, node: Node, trail: Trail) -> dict[str, T]:
        """Read it; a name that is wrong is left out with its value."""
        kept = {}
        for written, entry in _mapping(node).items():
            name, value = trail.read(written, entry.key, self.name), None
            if entry.value.content is not None or self.blank is None:
                value = trail.read(written, entry.value, self.item)
            if value is None and self.blank is not None:
                value = self.blank()
            if name is not None and value is not None:
                kept[name] = value
        return kept


class Numbered(Generic[T]):
    """Reads a list, and keeps of each item which one of the written it is."""

    def __init__(self, item: Reader[T]) -> None:
        self.item = item

    def __call__(self, node: Node, trail: Trail) -> dict[int, T]:
        """Read it; of an item that is wrong the number is missing."""
        if not isinstance(node.content, list):
            raise unfit("a list is wanted: write [one, two], or a line '- one' for each", node)
        kept = {}
        for number, item in enumerate(node.content):
            value = trail.read(number, item, self.item)
            if value is not None:
                kept[number] = value
        return kept


class OneOrMore(Numbered[T]):
    """Reads a list, or what could be its only item without the list around it."""

    def __call__(self, node: Node, trail: Trail) -> dict[int, T]:
        """Read it."""
        if not isinstance(node.content, dict):
            return super().__call__(node, trail)
        value = self.item(node, trail)
        return {} if value is None else {0: value}


class TextOr(Generic[T, U]):
    """Reads text by one reader, and whatever else is written by another."""

    def __init__(self, of_text: Reader[T], item: Reader[U]) -> None:
        self.of_text, self.item = of_text, item

    def __call__(self, node: Node, trail: Trail) -> T | U | None:
        """Read it."""
        return self.of_text(node, trail) if isinstance(node.content, str) else self.item(node, trail)


def each(item: Reader[T]) -> Reader[tuple[T, ...]]:
    """Read a list."""
    numbered = Numbered(item)
    return lambda node, trail: tuple(numbered(node, trail).values())


def text(read: Callable[[str], T], *, literal: bool = False) -> Reader[T]:
    """Read text, as a reader of values understands it. Only what is `literal` may look like a template."""

    def read_text(node: Node, _: Trail) -> T:
        if isinstance(node.content, str):
            if not literal:
                refuse_templates(node.content)
            return read(str(node.content))
        raise unfit("text is wanted", node)

    return read_text


def named(read: Callable[[str, Vocabulary], T]) -> Reader[T]:
    """Read text that other rooms must know, or must not, as a reader of values understands it."""
    return lambda node, trail: text(lambda written: read(written, trail.vocabulary))(node, trail)


def value(read: Callable[[object], T]) -> Reader[T]:
    """Read what a reader of values understands; it sees whether there are quotes, and what is no text."""
    return lambda node, _: read(node.content)


def between(low: int, high: int) -> Reader[int]:
    """Read a whole number within bounds."""
    return value(lambda written: parsers.whole_number(written, low, high))


def one_of(words: type[Word]) -> Reader[Word]:
    """Read one of a few words."""
    known = tuple(word.value for word in words)
    return text(lambda written: words(parsers.choice(written, known)))


def unfit(wanted: str, node: Node) -> ValueError:
    """Return what to raise where something of another kind is written than is wanted."""
    if node.content is None:
        return ValueError(f"{wanted} (nothing is written here)")
    kind = next(word for kind, word in _KINDS.items() if isinstance(node.content, kind))
    return ValueError(f"{wanted}, not {kind}" if node.content else wanted)


def _mapping(node: Node) -> dict[str, Entry]:
    if isinstance(node.content, dict):
        return node.content
    raise unfit("a mapping is wanted: write 'key: value' lines, or {key: value}", node)
