"""What readers remember: the same bytes are read once, and all of it together is bounded."""

import pytest

from exporter.wire import memo
from exporter.wire.memo import BYTES_PER_TARGET, LEAST_BYTES, remembered


@pytest.fixture
def reader(monkeypatch):
    monkeypatch.setattr(memo, "_memos", [])
    read = []

    @remembered(1000)
    def length(content: bytes, factor: int = 1) -> int:
        """Return a length."""
        read.append(content)
        return len(content) * factor

    length.read = read
    return length


def test_the_same_bytes_are_read_once(reader):
    assert [reader(b"abc"), reader(b"abc"), reader(b"abc", 2), reader(b"abc", factor=2)] == [3, 3, 6, 6]
    assert reader(b"abc", 2) == 6
    assert len(reader.read) == 3
    assert reader.__doc__ == "Return a length."
    assert memo.entries() == 3


def test_longer_bytes_are_not_remembered(reader):
    assert [reader(bytes(1001)), reader(bytes(1001))] == [1001, 1001]
    assert memo.entries() == 0


def test_what_is_new_each_time_fills_no_more_than_its_bound(reader):
    for number in range(5_000):
        reader(number.to_bytes(1000))
    assert memo.entries() * 3_600 <= LEAST_BYTES < (memo.entries() + 1) * 3_600
    memo.resize(1_000)
    for number in range(50_000):
        reader(number.to_bytes(1000))
    assert memo.entries() * 3_600 <= LEAST_BYTES + 1_000 * BYTES_PER_TARGET
    memo.resize(0)
    assert memo.entries() * 3_600 <= LEAST_BYTES
    memo.clear()
    assert memo.entries() == 0


def test_an_error_is_not_remembered(reader):
    @remembered(10)
    def fails(_: bytes) -> int:
        raise ValueError

    for _ in range(2):
        with pytest.raises(ValueError, match=r"^$"):
            fails(b"a")
