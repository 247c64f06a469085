"""The reader of Strict-Transport-Security, against the grammar of RFC 6797 section 6.1."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.probe.hsts import read_hsts_untrusted
from exporter.probe.result import HSTS


@pytest.mark.parametrize(
    ("field", "hsts"),
    [
        # the examples of RFC 6797 section 6.2
        (b"max-age=31536000", HSTS(31536000)),
        (b"max-age=15768000 ; includeSubDomains", HSTS(15768000, include_subdomains=True)),
        (b'max-age="31536000"', HSTS(31536000)),
        (b"max-age=0", HSTS(0)),
        (b"max-age=0; includeSubDomains", HSTS(0, include_subdomains=True)),
        # order, case, empty and unknown directives do not matter
        (b"INCLUDESUBDOMAINS;MAX-AGE=1;PreLoad", HSTS(1, include_subdomains=True, preload=True)),
        (b";; max-age = 1 ;;", HSTS(1)),
        (b'max-age=1; foo; bar="a;b\\"c"; baz=1', HSTS(1)),
        (b"max-age=0001", HSTS(1)),
        (b"max-age=" + b"9" * 500, HSTS(10**15)),
    ],
)
def test_well_formed(field, hsts):
    assert read_hsts_untrusted([field]) == hsts


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        (b"", "max-age is missing"),
        (b"includeSubDomains", "max-age is missing"),
        (b"max-age", "max-age is '', not a number of seconds"),
        (b"max-age=1y", "max-age is '1y', not a number of seconds"),
        (b"max-age=-1", "max-age is '-1', not a number of seconds"),
        (b'max-age=""', "max-age is '', not a number of seconds"),
        (b"max-age=1; max-age=2", "max-age is there twice"),
        (b"max-age=1; preload; Preload", "preload is there twice"),
        (b"max-age=1; includeSubDomains=yes", "includeSubDomains takes no value"),
        (b"max-age=1, max-age=2", "it cannot be read from 'max-age=1, max-age=2' on"),
        (b"max-age=1 includeSubDomains", "it cannot be read from 'max-age=1 includeSubDomains' on"),
        (b'max-age="1', "it cannot be read from 'max-age=\"1' on"),
        (b"max-age=1; \x1b[2J", r"it cannot be read from ' \\x1b[2J' on"),
        (b"max-age=\xb9", r"it cannot be read from 'max-age=¹' on"),
        (b"max-age=1;" + b" " * 2000, "2010 characters long"),
    ],
)
def test_malformed(field, problem):
    """What is not well-formed counts for nothing, and the problem is reported."""
    assert read_hsts_untrusted([field]) == HSTS(None, malformed=problem)


def test_absent():
    assert read_hsts_untrusted([]) is None


def test_only_the_first_field_counts():
    """RFC 6797 section 8.1; two are a fault of the server all the same (section 7.1)."""
    hsts = read_hsts_untrusted([b"max-age=5; preload", b"max-age=9"])
    assert hsts == HSTS(5, preload=True, malformed="the field is there 2 times, and only the first counts")
    assert read_hsts_untrusted([b"x y", b"max-age=9"]) == read_hsts_untrusted([b"x y"])


@settings(deadline=None)
@given(st.lists(st.binary(max_size=80), min_size=1, max_size=3))
def test_any_bytes_end_in_a_result(fields):
    hsts = read_hsts_untrusted(fields)
    assert (hsts.max_age is None) <= bool(hsts.malformed)
    assert hsts.malformed.isprintable()


@settings(deadline=None)
@given(st.text(alphabet='max-age=1;" \t,\\includeSubDomainspreload0', max_size=60))
def test_near_misses_end_in_a_result(text):
    hsts = read_hsts_untrusted([text.encode()])
    assert hsts.max_age is not None or hsts.malformed
