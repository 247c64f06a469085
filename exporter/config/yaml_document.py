"""YAML text to values that know where they were written; the only file that drives the YAML parser.

Every scalar stays text: `no`, `1:30` and dates are what was written; only null is different. Duplicate keys, tags,
documents after the first, deep nesting and alias bombs are refused. Built from events, without recursion.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from exporter.config.problems import Problem, dotted

MAX_DEPTH = 32
MAX_NODES = 1_000_000
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = ("", "~", "null", "Null", "NULL")
_MERGE = "<<"
_PLAIN_TAGS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "!")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Plain(str):
    """A scalar written without quotes: the only kind that can be a number or true or false."""

    __slots__ = ()


class Entry(NamedTuple):
    """A key with its value."""

    key: "Node"
    value: "Node"


Content = str | list["Node"] | dict[str, Entry] | None


@dataclass(slots=True, eq=False)
class Node:
    """A value and where it begins, counted from 1."""

    line: int
    column: int
    content: Content

    def below(self, steps: tuple[str | int, ...]) -> Iterator[Entry]:
        """Follow a path as far as it leads; where there is no key, the value stands for it."""
        node = self
        for step in steps:
            if isinstance(node.content, dict) and step in node.content:
                entry = node.content[str(step)]
            elif isinstance(node.content, list) and isinstance(step, int) and step < len(node.content):
                entry = Entry(node.content[step], node.content[step])
            else:
                return
            yield entry
            node = entry.value


class DocumentError(Exception):
    """Text that is no YAML document; `problems` say why and where."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(problems)
        self.problems = problems


@dataclass(slots=True)
class _Open:
    """A sequence or mapping whose end has not come yet."""

    node: Node
    anchor: str | None
    expects_key: bool  # next, rather than a value
    key: Node | None = None  # of the mapping entry whose value comes next; None when the key was refused


@dataclass(slots=True)
class _Composer:
    """Takes events one by one and builds the tree of nodes."""

    file: str
    root: Node | None = None
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, Node] = field(default_factory=dict)
    aliases: int = 0
    problems: list[Problem] = field(default_factory=list)
    nodes: int = 0
    documents: int = 0

    def problem(self, at: Any, message: str) -> Problem:
        line, column = (at.line, at.column) if isinstance(at, Node) else (at.line + 1, at.column + 1)
        return Problem(self.file, line, column, dotted(self.path()), message)

    def path(self) -> tuple[str | int, ...]:
        """Return where in the document the parser is."""
        steps: list[str | int] = []
        for frame in self.stack:
            if isinstance(frame.node.content, list):
                steps.append(len(frame.node.content))
            elif frame.key is not None:
                steps.append(str(frame.key.content))
        return tuple(steps)

    def count(self, at: Any, number: int = 1) -> None:
        self.nodes += number
        if self.nodes > MAX_NODES:
            raise DocumentError(self.problem(at, f"too many values: more than {MAX_NODES}, aliases included"))

    def take(self, event: Any) -> None:
        match event:
            case yaml.ScalarEvent():  # first, being nearly all there is
                self.scalar(event, event.start_mark)
            case yaml.AliasEvent():
                self.alias(event.anchor, event.start_mark)
            case yaml.SequenceStartEvent():
                self.begin(event, [])
            case yaml.MappingStartEvent():
                self.begin(event, {})
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                self.end()
            case yaml.DocumentStartEvent():
                self.documents += 1
                if self.documents > 1:
                    message = "one document a file: remove '---' and what follows"
                    raise DocumentError(self.problem(event.start_mark, message))

    def tag(self, event: Any) -> None:
        if event.tag not in _PLAIN_TAGS:
            self.problems.append(self.problem(event.start_mark, f"the tag {event.tag[:80]!r} is not understood here"))

    def scalar(self, event: Any, mark: Any) -> None:
        content: Content = event.value
        if event.tag is not None:
            self.tag(event)
        elif not event.style:
            null = event.value in _NULLS and not (self.stack and self.stack[-1].expects_key)
            content = None if null else Plain(event.value)
        node = Node(mark.line + 1, mark.column + 1, content)
        self.count(mark)
        if event.anchor:
            self.anchors[event.anchor] = node
        self.place(node)

    def alias(self, anchor: Any, mark: Any) -> None:
        self.aliases += 1
        if any(frame.anchor == anchor for frame in self.stack):
            raise DocumentError(self.problem(mark, f"the alias '*{anchor}' lies within itself"))
        if anchor not in self.anchors:
            raise DocumentError(self.problem(mark, f"the alias '*{anchor}' has no anchor '&{anchor}' before it"))
        self.place(self.anchors[anchor])

    def begin(self, event: Any, content: Content) -> None:
        mark = event.start_mark
        if event.tag is not None:
            self.tag(event)
        self.count(mark)
        if len(self.stack) >= MAX_DEPTH:
            raise DocumentError(self.problem(mark, f"nested too deep: more than {MAX_DEPTH} levels"))
        node = Node(mark.line + 1, mark.column + 1, content)
        self.stack.append(_Open(node, event.anchor, expects_key=isinstance(content, dict)))

    def end(self) -> None:
        frame = self.stack.pop()
        if isinstance(frame.node.content, dict):
            self.merge(frame.node.content)
        if frame.anchor:
            self.anchors[frame.anchor] = frame.node
        self.place(frame.node)

    def place(self, node: Node) -> None:
        """Put a finished node where it belongs: the root, a list, or as a key or its value."""
        if not self.stack:
            self.root = node
            return
        frame = self.stack[-1]
        content = frame.node.content
        if isinstance(content, list):
            content.append(node)
            return
        assert isinstance(content, dict)
        if frame.expects_key:
            self.key(frame, content, node)
        elif frame.key is not None:
            content[str(frame.key.content)] = Entry(frame.key, node)
            frame.key = None
        frame.expects_key = not frame.expects_key

    def key(self, frame: _Open, entries: dict[str, Entry], node: Node) -> None:
        if not isinstance(node.content, str):
            self.problems.append(self.problem(node, "a key must be plain text"))
        elif node.content in entries:
            first = entries[node.content].key
            message = f"the key {node.content[:80]!r} is written twice, first at {first.line}:{first.column}"
            self.problems.append(self.problem(node, message))
        else:
            frame.key = node

    def merge(self, entries: dict[str, Entry]) -> None:
        """Carry out a merge key (yaml.org/type/merge): what is written wins over what is merged."""
        merged = entries.get(_MERGE)
        if merged is None or not isinstance(merged.key.content, Plain):
            return
        del entries[_MERGE]
        sources = merged.value.content if isinstance(merged.value.content, list) else [merged.value]
        for source in sources:
            if not isinstance(source.content, dict):
                self.problems.append(self.problem(merged.key, "'<<' merges mappings: write '<<: *name'"))
                continue
            self.count(merged.key, len(source.content))
            for name, entry in source.content.items():
                entries.setdefault(name, entry)


@dataclass(frozen=True, slots=True)
class Document:
    """What a file holds, None when it is empty, and what is wrong with single keys and tags."""

    root: Node | None
    problems: tuple[Problem, ...] = ()


def read_document(file: str, data: bytes) -> Document:
    """Read one YAML file. Raises DocumentError, and nothing else, when it cannot be read to its end."""
    text = _decode(file, data)
    composer = _Composer(file)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            composer.take(event)
    except yaml.YAMLError as error:
        raise DocumentError(*composer.problems, _syntax_problem(file, text, error)) from None
    except (ValueError, OverflowError) as error:  # of PyYAML's own parser, where libyaml is missing
        problem = Problem(file, 1, 1, "", f"not YAML: a number in it is out of bounds: {str(error)[:100]}")
        raise DocumentError(*composer.problems, problem) from None
    root = composer.root
    if root is not None and composer.aliases:  # else everything was counted as it came
        _check_expansion(file, root)
    return Document(None if root is None or root.content is None else root, tuple(composer.problems))


def plain(node: Node) -> Any:
    """Return the values alone: dict, list, str (`Plain` where not quoted) and None."""
    if isinstance(node.content, dict):
        return {name: plain(entry.value) for name, entry in node.content.items()}
    if isinstance(node.content, list):
        return [plain(item) for item in node.content]
    return node.content


def _decode(file: str, data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", "replace")
        raise DocumentError(_at(file, before, "not UTF-8: save the file in that encoding")) from None
    forbidden = _FORBIDDEN.search(text.removeprefix("\ufeff"))
    if forbidden is not None:
        message = f"the control character U+{ord(forbidden.group()):04X} is not allowed"
        raise DocumentError(_at(file, text[: forbidden.start()], message))
    return text


def _at(file: str, before: str, message: str) -> Problem:
    line = before.count("\n") + 1
    return Problem(file, line, len(before) - (before.rfind("\n") + 1) + 1, "", message)


def _syntax_problem(file: str, text: str, error: yaml.YAMLError) -> Problem:
    if not isinstance(error, yaml.MarkedYAMLError):
        return Problem(file, 1, 1, "", f"not YAML: {str(error).splitlines()[0][:200]}")
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    message = f"not YAML: {error.problem or error.context}"
    rows = text.splitlines()
    if line < len(rows) and "\t" in rows[line][: column + 1]:
        message = "a tab: YAML is indented with spaces"
    elif error.problem and error.context and error.problem != error.context:
        message += f", {error.context}"
    return Problem(file, line + 1, column + 1, "", message)


def _check_expansion(file: str, root: Node) -> None:
    """Refuse what aliases make too large or too deep, before anything walks it."""
    seen = 0
    waiting = [(root, 1)]
    while waiting:
        node, depth = waiting.pop()
        if isinstance(node.content, dict):
            children = [entry.value for entry in node.content.values()]
        else:
            children = node.content if isinstance(node.content, list) else []
        seen += 1
        if seen + len(waiting) > MAX_NODES or depth > 2 * MAX_DEPTH:
            message = f"aliases make this too large or too deep: at most {MAX_NODES} values, {2 * MAX_DEPTH} levels"
            raise DocumentError(Problem(file, node.line, node.column, "", message))
        waiting.extend((child, depth + 1) for child in children)
