"""Blocks of PEM, read in one pass."""

import base64

import pytest

from exporter.certificates.pem import pem_blocks_untrusted


def block(label, content):
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label, base64.encodebytes(content), label)


def blocks(data, *labels):
    return list(pem_blocks_untrusted(data, *(labels or (b"A",))))


def test_blocks_come_in_their_order_whatever_stands_between_them():
    data = b"text\n" + block(b"B", b"1") + b"more" + block(b"A", b"2" * 100) + block(b"C", b"3") + block(b"B", b"4")
    assert blocks(data, b"A", b"B") == [b"1", b"2" * 100, b"4"]
    assert blocks(data) == [b"2" * 100]
    assert blocks(b"") == blocks(b"-----BEGIN A-----") == blocks(b"-----END A-----") == []


def test_a_block_without_an_end_is_none():
    assert blocks(b"-----BEGIN B-----\n" + block(b"A", b"1"), b"A", b"B") == [b"1"]


def test_what_is_no_base64_is_an_error():
    with pytest.raises(ValueError, match=r"base64|padding"):
        blocks(b"-----BEGIN A-----\n!\n-----END A-----")


class Searched(bytes):
    """Bytes that count what is searched."""

    steps = 0

    def find(self, mark, start=0):
        found = super().find(mark, start)
        Searched.steps += (found if found >= 0 else len(self)) - start
        return found


@pytest.mark.parametrize(
    "piece", [b"-----BEGIN A-----", b"-----END A-----", b"-----BEGIN A----------BEGIN B-----", b"-----BEGIN B-----"]
)
def test_every_byte_is_searched_a_few_times_and_not_once_for_each_beginning(piece):
    data = Searched(piece * 20_000)
    Searched.steps = 0
    assert blocks(data, b"A", b"B") == []
    assert Searched.steps <= 4 * len(data)


def test_many_blocks_are_searched_once():
    data = Searched(block(b"A", b"x") * 5_000)
    Searched.steps = 0
    assert len(blocks(data, b"A", b"B")) == 5_000
    assert Searched.steps <= 4 * len(data)
