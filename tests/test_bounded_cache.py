"""The cache of two bounds."""

from hypothesis import given
from hypothesis import strategies as st

from exporter.bounded_cache import BoundedCache


def test_what_was_used_last_stays():
    cache = BoundedCache(2, 100)
    cache.put("a", 1, 1)
    cache.put("b", 2, 1)
    assert cache.get("a") == 1
    cache.put("c", 3, 1)
    assert [cache.get(key) for key in "abc"] == [1, None, 3]


def test_large_values_push_out_small_ones():
    cache = BoundedCache(100, 10)
    for number in range(10):
        cache.put(number, number, 1)
    cache.put("large", 0, 8)
    assert len(cache) == 3
    assert cache.get("large") == 0


def test_what_is_larger_than_the_cache_is_not_kept():
    cache = BoundedCache(100, 10)
    cache.put("a", 1, 11)
    assert len(cache) == 0
    cache.put("b", 1, 10)
    assert len(cache) == 1


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 30)), max_size=100))
def test_both_bounds_always_hold(puts):
    cache = BoundedCache(5, 60)
    sizes = {}
    for key, size in puts:
        cache.put(key, size, size)
        sizes[key] = size
        kept = [key for key in range(10) if key in cache._entries]
        assert len(kept) <= 5
        assert sum(sizes[key] for key in kept) <= 60
        assert all(cache.get(key) == sizes[key] for key in kept)
