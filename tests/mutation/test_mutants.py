"""The mutants of a module: what is changed, what is left alone, and that each is the module with one change."""

import ast

import pytest

from tests.mutation.mutants import mutants


def changes(source):
    return [str(one) for one in mutants(source)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = a < 1", ["1:4: a < 1 -> a <= 1", "1:8: 1 -> 2"]),
        ("x = a in b", ["1:4: a in b -> a not in b"]),
        ("x = a and b", ["1:4: a and b -> a or b"]),
        ("x = a + b", ["1:4: a + b -> a - b"]),
        ("x += b", ["1:0: x += b -> x -= b"]),
        ("x = not a", ["1:4: not a -> a"]),
        ("x = a if b else c", ["1:4: a if b else c -> c if b else a"]),
        ("x = True", ["1:4: True -> False"]),
        ("x = 'a'", ["1:4: 'a' -> 'XXa'"]),
        ("x = b'a'", ["1:4: b'a' -> b'XXa'"]),
        ("f(a)", ["1:0: f(a) -> pass"]),
        ("def f():\n    return a", ["2:4: return a -> return None"]),
        ("def f():\n    raise a", ["2:4: raise a -> pass"]),
        ("if a:\n    b", ["1:0: if a: b -> if not a: b"]),
        ("for a in b:\n    continue", ["2:4: continue -> break"]),
    ],
)
def test_what_is_changed(source, expected):
    assert changes(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring."""',
        "def f(a: 'text') -> 'text':\n    pass",
        "@dataclass(frozen=True)\nclass A:\n    pass",
        "T = TypeVar('T')",
        "__slots__ = ('a',)",
        "x: TypeAlias = 'A'",
        "x = f'{a} and {b}'",
        "import a",
        "x = A | None",
        "x = E(b, 'a sentence')",
    ],
)
def test_what_is_left_alone(source):
    assert changes(source) == []


def test_each_mutant_is_the_module_with_one_change():
    source = "def f(a, b):\n    if a == 1 and b:\n        return a * 2\n    return None\n"
    original = ast.unparse(ast.parse(source))
    texts = [ast.unparse(one.tree()) for one in mutants(source)]
    assert len(set(texts)) == len(texts) == 6
    for text in texts:
        before, after = original.splitlines(), text.splitlines()
        assert sum(one != other for one, other in zip(before, after, strict=True)) == 1
