"""How the shape of a document is read: every mistake at its own place, and all else as if it were not there."""

import pytest

from exporter.config.parsers import filled, label_name, true_or_false
from exporter.config.schema import TLSConfig
from exporter.config.schema_types import (
    Block,
    Key,
    Named,
    Needed,
    Numbered,
    Shape,
    Trail,
    between,
    each,
    named,
    text,
    value,
)
from exporter.config.yaml_document import read_document


class Part(Shape):
    instead_of_text = "write {name: text}"
    name = Needed(text(filled))
    on = Key(value(true_or_false))


class Whole(Shape):
    from_ = Key(Block(Part))
    parts = Key(Numbered(Block(Part)))
    by_name = Key(Named(named(label_name), Block(Part)))
    by_name_or_blank = Key(Named(named(label_name), Block(Part), blank=lambda: Part({"name": "blank"})))
    words = Key(each(text(filled)))
    count = Key(between(1, 9))


def read(written):
    """Return the shape, and each problem as text."""
    trail = Trail("f")
    shape = Block(Whole)(read_document("f", written.encode()).root, trail)
    return shape, [str(problem) for problem in trail.problems]


def test_what_is_not_written_is_none_and_what_is_has_its_type():
    shape, problems = read("{count: 5, words: [a, '1'], from: {name: x, on: true}, parts: }")
    assert (shape.count, shape.words, shape.from_.name, shape.from_.on) == (5, ("a", "1"), "x", True)
    assert (shape.parts, shape.by_name) == (None, None)
    assert set(shape.written) == {"count", "words", "from"}
    assert problems == []


def test_text_is_text_alone_whether_quoted_or_not():
    """A value that still knew how it was written would keep more than its text."""
    shape, _ = read("words: [plain, 'quoted']")
    assert [type(word) for word in shape.words] == [str, str]


def test_items_keep_the_number_that_they_have_in_the_file():
    shape, problems = read("parts: [{name: a}, {}, x, {name: b, more: 1}, {name: ''}, {name: c}]")
    assert {number: part.name for number, part in shape.parts.items()} == {0: "a", 3: "b", 5: "c"}
    assert problems == [
        "f:1:20: parts[1]: the key 'name' is missing",
        "f:1:24: parts[2]: write {name: text}",
        "f:1:37: parts[3].more: unknown key (known: name, on)",
        "f:1:54: parts[4].name: it must not be empty",
    ]


def test_a_wrong_name_and_its_wrong_value_are_both_reported():
    shape, problems = read("by_name: {__b: {on: 1}, c: {name: d}}")
    assert list(shape.by_name) == ["c"]
    assert sorted(problem.partition(": ")[0] for problem in problems) == ["f:1:11", "f:1:16", "f:1:21"]


def test_a_name_stays_without_its_value_where_there_is_a_blank():
    shape, problems = read("by_name_or_blank: {a: , b: [], __b: {name: x}, c: {name: y}}")
    assert {name: part.name for name, part in shape.by_name_or_blank.items()} == {"a": "blank", "b": "blank", "c": "y"}
    assert [problem.partition(": ")[0] for problem in problems] == ["f:1:28", "f:1:32"]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("words: a", "f:1:8: words: a list is wanted: write [one, two], or a line '- one' for each, not text"),
        ("words: ''", "f:1:8: words: a list is wanted: write [one, two], or a line '- one' for each"),
        ("words: [a, ]", None),
        ("words: [a, ~]", "f:1:12: words[1]: text is wanted (nothing is written here)"),
        ("words: [[a]]", "f:1:9: words[0]: text is wanted, not a list"),
        ("words: [{a: b}]", "f:1:9: words[0]: text is wanted, not a mapping"),
        ("from: [a]", "f:1:7: from: a mapping is wanted: write 'key: value' lines, or {key: value}, not a list"),
        ("count: '5'", "f:1:8: count: a whole number is wanted, without quotes"),
        ("counts: 5", "f:1:1: counts: unknown key, did you mean 'count'?"),
        ("prober: tcp", "f:1:1: prober: unknown key: not needed: every module probes TLS; "),
    ],
)
def test_what_is_reported_of_each_mistake(written, message):
    _, problems = read(written)
    assert [problem.startswith(message) for problem in problems] == ([True] if message else [])


def test_a_shape_that_needs_a_key_is_not_there_without_it():
    shape, problems = read("from: {on: true}")
    assert shape.from_ is None
    assert problems == ["f:1:7: from: the key 'name' is missing"]


@pytest.mark.parametrize(
    "key",
    [
        "insecure_skip_verify",
        "prober",
        "preferred_ip_protocol",
        "static_configs",
        "file_sd_configs",
        "scrape_timeout",
    ],
)
def test_keys_of_other_programs_are_reported_with_what_to_write_instead(key):
    _, (problem,) = read(f"{key}: x")
    assert problem.startswith(f"f:1:1: {key}: unknown key: ")
    assert "write '" in problem or "not needed" in problem


def test_one_version_may_be_both_the_lowest_and_the_highest():
    trail = Trail("f")
    written = read_document("f", b"{min_version: TLS12, max_version: TLS12}").root
    assert list(Block(TLSConfig)(written, trail).conflicts()) == []
