"""Small changes of a module's syntax tree, one at a time: each is a fault that some test should notice.

Left alone: docstrings, annotations, decorators, type variables, and the sentences of error messages.
"""

import ast
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

_COMPARISONS = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
}
_SKIPPED_CALLS = frozenset({"TypeVar", "field", "cast"})


@dataclass(frozen=True)
class Mutant:
    """One change: where it is, what stood there, and what stands there now."""

    line: int
    column: int
    before: str
    after: str
    source: str = field(repr=False)
    number: int = 0  # among the changes of this source

    def tree(self) -> ast.Module:
        """Return the whole changed module."""
        tree = ast.parse(self.source)
        spot, replacement = next(itertools.islice(_changes(tree), self.number, None))
        _put(tree, spot, replacement)
        return ast.fix_missing_locations(tree)

    def __str__(self):
        return f"{self.line}:{self.column}: {self.before} -> {self.after}"


def mutants(source: str) -> list[Mutant]:
    """Return every mutant of a module, in the order of its text."""
    found = [
        Mutant(node.lineno, node.col_offset, _shown(node), _shown(changed), source, number)
        for number, (node, changed) in enumerate(_changes(ast.parse(source)))
    ]
    return sorted(found, key=lambda mutant: (mutant.line, mutant.column))


def _shown(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())[:100]


def _put(tree: ast.Module, spot: ast.AST, replacement: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is spot:
                setattr(parent, name, replacement)
                return
            if isinstance(value, list) and any(item is spot for item in value):
                value[:] = [replacement if item is spot else item for item in value]
                return
    raise AssertionError("the node is not in the tree")


def _changes(tree: ast.Module) -> Iterator[tuple[ast.AST, ast.AST]]:
    for node in _fertile(tree):
        for changed in _replacements(node):
            yield node, ast.copy_location(changed, node)


def _fertile(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes whose change may mean something."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_comment", "bases", "keywords_only"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or _is_barren(node, child):
                continue
            yield child
            yield from _fertile(child)


def _is_barren(parent: ast.AST, child: ast.AST) -> bool:
    if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
        return True  # a docstring
    if isinstance(child, ast.JoinedStr | ast.Import | ast.ImportFrom):
        return True
    if isinstance(child, ast.Call) and isinstance(child.func, ast.Name) and child.func.id in _SKIPPED_CALLS:
        return True
    if isinstance(child, ast.Assign) and isinstance(child.targets[0], ast.Name):
        return child.targets[0].id in ("__slots__", "__all__")
    if isinstance(child, ast.AnnAssign) and "TypeAlias" in ast.unparse(child.annotation):
        return True
    is_sentence = isinstance(child, ast.Constant) and isinstance(child.value, str) and " " in child.value
    return is_sentence and isinstance(parent, ast.Call)


def _replacements(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(left=left, ops=[operator, *others], comparators=comparators):
            yield ast.Compare(left, [_COMPARISONS[type(operator)](), *others], comparators)
        case ast.BoolOp(op=operator, values=values):
            yield ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS and not _is_none(right):
            yield ast.BinOp(left, _OPERATORS[type(operator)](), right)
        case ast.AugAssign(target=target, op=operator, value=value) if type(operator) in _OPERATORS:
            yield ast.AugAssign(target, _OPERATORS[type(operator)](), value)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.If(test=test, body=body, orelse=orelse) if _is_bare(test):
            yield ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield ast.IfExp(test, orelse, body)
        case ast.Return(value=value) if value is not None and not _is_none(value):
            yield ast.Return(ast.Constant(None))
        case ast.Raise() | ast.Delete() | ast.Expr(value=ast.Call()):
            yield ast.Pass()
        case ast.Continue():
            yield ast.Break()
        case ast.Constant(value=value):
            yield from _constants(value)


def _is_bare(test: ast.AST) -> bool:
    """Return whether nothing within a condition is negated already."""
    return not isinstance(test, ast.Compare | ast.BoolOp | ast.UnaryOp)


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _constants(value: object) -> Iterator[ast.Constant]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float):
        yield ast.Constant(value + 1)
    elif isinstance(value, str):
        yield ast.Constant(f"XX{value}")
    elif isinstance(value, bytes):
        yield ast.Constant(b"XX" + value)
