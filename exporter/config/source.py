"""One configuration file: its shape checked, and the place of every value kept for the messages about it.

What is wrong in shape is left out and the rest goes on, so that one pass tells every mistake.
"""

import types
import typing
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from exporter.config.document import DocumentError, Node, plain, read_document
from exporter.config.problems import Problem, did_you_mean, dotted

Steps = tuple[str | int, ...]
_ROUNDS = 8  # leaving something out may show another mistake around it
_FOREIGN_KEYS = {  # what people bring along from blackbox_exporter and Prometheus
    "insecure_skip_verify": "not needed: a probe always completes and tells trust apart, in tls_certificate_trusted",
    "prober": "not needed: every module probes TLS; 'http' asks for a request on the same connection",
    "preferred_ip_protocol": "write 'ip_protocol: ip4' or 'ip_protocol: ip6'",
    "static_configs": "write 'targets', a list of {targets, module, labels}",
    "file_sd_configs": "write 'target_files', a list of file names",
    "scrape_timeout": "write 'timeout'; the deadline of a scrape comes from Prometheus",
}
_MAPPING = "a mapping is wanted: write 'key: value' lines, or {key: value}"
_WANTED = {
    "string_type": "text is wanted",
    "list_type": "a list is wanted: write [one, two], or a line '- one' for each",
    "dict_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "string_too_short": "it must not be empty",
}
_GROUP_DEPTH = 2  # of `targets[0]`
_KINDS = {dict: "a mapping", list: "a list", str: "text"}


Shape = TypeVar("Shape", bound=BaseModel)


@dataclass(slots=True, eq=False)
class Source(Generic[Shape]):
    """A file as far as it is right, and what is wrong with it. `name` is as given, for messages.

    `shape` is empty to begin with; `whole` is False when so much is missing that what refers to it cannot be judged.
    """

    name: str
    shape: Shape
    root: Node | None = None
    problems: list[Problem] = field(default_factory=list)
    whole: bool = True
    _left_out: dict[Steps, list[int]] = field(default_factory=dict)  # the items of each list that are gone

    def problem(self, path: Steps, message: str, *, at_key: bool = False) -> Problem:
        """Make a problem about the value (or its key) at a path of the shape."""
        steps = self._as_written(path)
        return Problem(self.name, *_place(self.root, steps, at_key=at_key), dotted(steps), message)

    def _as_written(self, path: Steps) -> Steps:
        """Count the list items that were left out back in."""
        steps: Steps = ()
        for step in path:
            index = step
            if isinstance(index, int):
                for gone in sorted(self._left_out.get(steps, ())):
                    index += gone <= index
            steps = (*steps, index)
        return steps

    def read(self, root: Node) -> None:
        """Check the shape of a whole document; leave out what is wrong, and note it."""
        self.root = root
        data = plain(root)
        told: set[Steps] = set()
        for _ in range(_ROUNDS):
            try:
                self.shape = type(self.shape).model_validate(data)
            except ValidationError as error:
                found = [(tuple(one["loc"]), dict(one)) for one in error.errors(include_url=False)]
            else:
                return
            self.problems.extend(
                _shape_problem(self, path, one)
                for path, one in found
                if one["type"] != "missing" or self._as_written(path) not in told
            )
            told.update(self._as_written(path) for path, _ in found)
            self._leave_out(data, [path[:-1] if one["type"] == "missing" else path for path, one in found])
        self.whole = False

    def _leave_out(self, data: Any, paths: list[Steps]) -> None:
        """Take values away; a module whose body is wrong keeps its name, for the targets that refer to it."""
        gone: dict[Steps, set[int]] = {}
        for path in paths:
            steps = path[:-1] if path[-1:] == ("[key]",) else path
            if steps in ((), ("modules",)):
                self.whole = False
            holder = _follow(data, steps[:-1])
            if isinstance(holder, dict) and steps[:-1] == ("modules",) and steps == path:
                holder[steps[-1]] = None
            elif isinstance(holder, dict) and steps:
                holder.pop(steps[-1], None)
            elif isinstance(holder, list):
                gone.setdefault(steps[:-1], set()).add(typing.cast("int", steps[-1]))
        for steps in sorted(gone, key=len, reverse=True):  # inner lists first: their places do not move then
            items = _follow(data, steps)
            items[:] = [item for index, item in enumerate(items) if index not in gone[steps]]
        written = [self._as_written((*steps, index)) for steps, indexes in gone.items() for index in indexes]
        for steps in written:
            self._left_out.setdefault(steps[:-1], []).append(typing.cast("int", steps[-1]))


def read_source(name: str, data: bytes, empty: Shape) -> Source[Shape]:
    """Read one file of the shape of `empty`: what is right of it, and all that is wrong with its text and shape."""
    source = Source(name, empty)
    try:
        document = read_document(name, data)
    except DocumentError as error:
        source.problems.extend(error.problems)
        source.whole = False
        return source
    source.problems.extend(document.problems)
    if document.root is None:
        return source
    if isinstance(document.root.content, dict):
        source.read(document.root)
    else:
        keys = ", ".join(_known_keys(empty, ()))
        message = f"a mapping is wanted: write lines 'key: value' (known keys: {keys})"
        source.problems.append(Problem(name, document.root.line, document.root.column, "", message))
        source.whole = False
    return source


def _follow(data: Any, steps: Steps) -> Any:
    """Return what is at a path, None when it is gone."""
    for step in steps:
        index: Any = step
        data = data.get(step) if isinstance(data, dict) else data[index] if isinstance(data, list) else None
    return data


def _place(root: Node | None, path: Steps, *, at_key: bool) -> tuple[int, int]:
    """Return line and column of the value at a path, or of the nearest thing around it."""
    if root is None:
        return 1, 1
    node = root
    for reached, entry in enumerate(root.below(path), 1):
        node = entry.key if at_key and reached == len(path) else entry.value
    return node.line, node.column


def _shape_problem(source: Source[Shape], path: Steps, error: dict[str, Any]) -> Problem:
    if path and path[-1] == "[key]":
        return source.problem(path[:-1], _sentence(error), at_key=True)
    if error["type"] == "extra_forbidden":
        return source.problem(path, _unknown_key(source.shape, path), at_key=True)
    if error["type"] == "missing":
        return source.problem(path[:-1], f"the key {str(path[-1])!r} is missing")
    if path[:1] == ("targets",) and len(path) == _GROUP_DEPTH and isinstance(error.get("input"), str):
        return source.problem(path, "a mapping is wanted: write '- targets: [example.com:443]'")
    return source.problem(path, _sentence(error))


def _sentence(error: dict[str, Any]) -> str:
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    wanted = _WANTED.get(error["type"], error["msg"])
    given = error.get("input")
    if given is None:
        return f"{wanted} (nothing is written here)"
    given_kind = next((word for kind, word in _KINDS.items() if isinstance(given, kind)), "")
    return f"{wanted}, not {given_kind}" if given_kind and given else str(wanted)


def _unknown_key(shape: BaseModel, path: Steps) -> str:
    key = str(path[-1])
    if key in _FOREIGN_KEYS:
        return f"unknown key: {_FOREIGN_KEYS[key]}"
    known = _known_keys(shape, path[:-1])
    return f"unknown key{did_you_mean(key, known) or ' (known: ' + ', '.join(known) + ')'}"


def _known_keys(shape: BaseModel, path: Steps) -> list[str]:
    """Return the keys that may stand at a path, by following the types of the shape."""
    kind: Any = type(shape)
    for step in path:
        if hasattr(kind, "model_fields"):
            names = {inner.alias or name: inner.annotation for name, inner in kind.model_fields.items()}
            kind = _bare(names.get(str(step)))
        else:
            kind = _bare(typing.get_args(kind)[-1])  # the item of a list, the value of a dict
    return [inner.alias or name for name, inner in kind.model_fields.items()]


def _bare(kind: Any) -> Any:
    """Take `| None` off a type."""
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        return next(one for one in typing.get_args(kind) if one is not types.NoneType)
    return kind
