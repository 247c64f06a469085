"""Label values: whatever bytes they came from, they can neither break the format nor grow without bound."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.metrics.labels import MAX_LABEL_LENGTH, clean, joined, label

HOSTILE = st.text(st.characters(codec=None, exclude_categories=[]), max_size=2000)


@given(HOSTILE)
def test_any_text_makes_one_well_formed_sample(text):
    line = f"a{{{label('x', text)}}} 1\n"
    (family,) = parse_text(line.encode("utf-8").decode("utf-8"))
    assert family.samples[0].labels == {"x": clean(text)}


@given(HOSTILE)
def test_a_cleaned_value_is_printable_and_bounded(text):
    value = clean(text)
    assert value.isprintable()
    assert len(value) <= MAX_LABEL_LENGTH


def test_what_is_cut_says_so():
    assert clean("a" * 2000).endswith("...")
    assert clean("a" * MAX_LABEL_LENGTH) == "a" * MAX_LABEL_LENGTH


def test_joined_values_can_be_matched_one_by_one():
    assert joined(("a.example", "b.example")) == ",a.example,b.example,"
    assert joined(()) == ""
    assert joined(("a,b",)) == ",a\\,b,", "a comma in a value is not a separator"


@given(st.lists(HOSTILE, max_size=50).map(tuple))
def test_joined_values_are_whole_and_bounded(values):
    text = joined(values)
    assert len(text) <= MAX_LABEL_LENGTH
    assert not values or (text.startswith(",") and text.endswith(","))
