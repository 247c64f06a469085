"""One configuration file: what is right of it, what is wrong with it, and where each value stands.

Reads the whole file whatever is wrong with it; `build` checks what its values mean together.
"""

from dataclasses import dataclass, field
from typing import Generic

from exporter.config.problems import Problem, dotted
from exporter.config.schema_types import AnyShape, Block, Trail
from exporter.config.vocabulary import ANY_NAMES, Vocabulary
from exporter.config.yaml_document import DocumentError, Node, read_document

Steps = tuple[str | int, ...]


@dataclass(slots=True, eq=False)
class Source(Generic[AnyShape]):
    """The valid part of a file, and its problems. `name` is as given, for messages.

    `shape` starts empty; `whole` is False when so much is missing that references to it cannot be checked.
    """

    name: str
    shape: AnyShape
    root: Node = field(default_factory=lambda: Node(1, 1, None))
    problems: list[Problem] = field(default_factory=list)
    whole: bool = True

    @property
    def is_empty(self) -> bool:
        """Whether nothing is written in the file, as where a write broke off: no value of any key."""
        content = self.root.content
        return content is None or (
            isinstance(content, dict)
            and bool(content)
            and all(entry.value.content is None for entry in content.values())
        )

    def problem(self, path: Steps, message: str, *, at_key: bool = False) -> Problem:
        """Make a problem about the value (or its key) at a path, or about the nearest thing around it."""
        node = self.root
        for reached, entry in enumerate(node.below(path), 1):
            node = entry.key if at_key and reached == len(path) else entry.value
        return Problem(self.name, node.line, node.column, dotted(path), message)


def read_source(name: str, data: bytes, empty: AnyShape, vocabulary: Vocabulary = ANY_NAMES) -> Source[AnyShape]:
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
    source.root = document.root
    if isinstance(document.root.content, dict):
        trail = Trail(name, vocabulary)
        source.shape = Block(type(empty))(document.root, trail) or empty
        source.problems.extend(trail.problems)
        source.whole = all(problem.path != "modules" for problem in trail.problems)
        return source
    message = f"a mapping is wanted: write lines 'key: value' (known keys: {', '.join(empty.keys)})"
    source.problems.append(source.problem((), message))
    source.whole = False
    return source
