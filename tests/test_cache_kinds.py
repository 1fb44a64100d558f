"""What every kind of cache does."""

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cached import Clock, closing, entries, entry, fill, key, keys
from vecsmith.cache.memory import MemoryCache
from vecsmith.cache.sqlite import SqliteCache

numbers = st.integers(0, 30)
calls = st.lists(st.tuples(st.sampled_from(["get", "put"]), st.lists(st.tuples(numbers, numbers), max_size=12)))


@pytest.fixture(params=["memory", "sqlite"])
def make(request, tmp_path):
    """Open a cache of each kind."""
    made = []

    def make_(**options):
        kind = MemoryCache if request.param == "memory" else SqliteCache
        place = () if request.param == "memory" else (tmp_path / f"{len(made)}.sqlite",)
        made.append(kind(*place, **options))
        return made[-1]

    yield make_
    for cache in made:
        cache.close()


def test_what_was_put_is_found_and_the_rest_is_not(make):
    cache = make()
    fill(cache, [1, 3])
    assert cache.get(keys(3, 2, 1)) == [entry(3), None, entry(1)]


def test_answers_stand_beside_their_keys_even_where_a_key_comes_twice(make):
    cache = make()
    fill(cache, [1, 2])
    assert cache.get(keys(2, 9, 2, 1, 2)) == [entry(2), None, entry(2), entry(1), entry(2)]


def test_nothing_asked_is_nothing_answered(make):
    cache = make()
    cache.put([], [])
    assert cache.get([]) == []


def test_a_key_put_again_has_the_new_entry(make):
    cache = make()
    cache.put(keys(1, 2), entries(1, 2))
    cache.put(keys(1), entries(5))
    assert cache.get(keys(1, 2)) == entries(5, 2)


def test_the_last_of_two_entries_for_one_key_stays(make):
    cache = make()
    cache.put(keys(1, 1), entries(4, 5))
    assert cache.get(keys(1)) == [entry(5)]


def test_more_keys_than_a_query_takes_are_answered_in_order(make):
    cache = make()
    fill(cache, range(5000))
    wanted = list(range(7000, 0, -1))
    assert cache.get(keys(*wanted)) == [entry(n) if n < 5000 else None for n in wanted]


def test_keys_and_entries_of_different_number_are_refused(make):
    with pytest.raises(ValueError, match="zip"):
        make().put(keys(1, 2), entries(1))


def test_an_entry_is_found_until_its_time_is_over(make):
    clock = Clock()
    cache = make(ttl=100, clock=clock)
    fill(cache, [1])
    clock.now += 99
    assert cache.get(keys(1)) == [entry(1)]
    clock.now += 2
    assert cache.get(keys(1)) == [None]
    fill(cache, [1])
    assert cache.get(keys(1)) == [entry(1)]


def test_a_closed_cache_finds_and_keeps_nothing(make):
    cache = make()
    fill(cache, [1])
    cache.close()
    fill(cache, [2])
    assert cache.get(keys(1, 2)) == [None, None]
    cache.close()


def test_an_empty_vector_is_an_entry_too(make):
    cache = make()
    cache.put(keys(1), [entry(1)._replace(vector=b"")])
    assert cache.get(keys(1))[0].vector == b""


@given(calls)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
def test_a_cache_with_room_is_a_dictionary(make, calls):
    with closing(make()) as cache:
        kept = {}
        for kind, pairs in calls:
            names = [key(name) for name, _ in pairs]
            if kind == "put":
                values = [entry(value) for _, value in pairs]
                cache.put(names, values)
                kept.update(zip(names, values, strict=True))
            else:
                assert cache.get(names) == [kept.get(name) for name in names]


def test_threads_share_a_cache_and_never_see_a_wrong_entry(make):
    cache, wrong = make(), []

    def work(start):
        for turn in range(30):
            numbers = range(start + turn, start + turn + 20)
            fill(cache, numbers)
            for number, found in zip(numbers, cache.get(keys(*numbers)), strict=True):
                if found != entry(number):
                    wrong.append((number, found))

    threads = [threading.Thread(target=work, args=[start]) for start in (0, 10, 20, 300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
