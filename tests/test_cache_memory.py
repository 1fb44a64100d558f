"""The cache in memory keeps to its size, and what was used last."""

from collections import OrderedDict

from hypothesis import given
from hypothesis import strategies as st

from cached import entries, entry, fill, key, keys
from vecsmith.cache.memory import MemoryCache, weight

ONE = weight(entry(0))
uses = st.lists(st.tuples(st.booleans(), st.integers(0, 12)))


def test_what_was_used_longest_ago_goes_first():
    cache = MemoryCache(size=2 * ONE)
    fill(cache, [1, 2])
    cache.get(keys(1))
    fill(cache, [3])
    assert cache.get(keys(1, 2, 3)) == [entry(1), None, entry(3)]


def test_an_entry_larger_than_the_cache_is_not_kept():
    cache = MemoryCache(size=ONE)
    cache.put(keys(1), entries(1, width=4096))
    assert (len(cache), cache.taken) == (0, 0)


@given(uses, st.integers(1, 8))
def test_it_holds_exactly_the_entries_used_last(uses, room):
    cache, kept = MemoryCache(size=room * ONE), OrderedDict()
    for put, number in uses:
        if put:
            cache.put([key(number)], [entry(number)])
            kept[number] = entry(number)
            kept.move_to_end(number)
            while len(kept) > room:
                kept.popitem(last=False)
        else:
            assert cache.get([key(number)]) == [kept.get(number)]
            if number in kept:
                kept.move_to_end(number)
        assert cache.taken == len(kept) * ONE <= cache.size
