"""Texts are packed into requests: each once, in order, none over a limit that it could keep."""

from hypothesis import given
from hypothesis import strategies as st

from vecsmith.packing import Parcel, pack
from vecsmith.wire import Limits

MAYBE = st.none() | st.integers(1, 40)
COSTS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=60)


@given(COSTS, MAYBE, MAYBE, MAYBE)
def test_every_text_goes_once_and_no_parcel_is_over_a_limit(texts, items, tokens, size):
    costs, sizes = [cost for cost, _ in texts], [length for _, length in texts]
    parcels = pack(costs, sizes, Limits(items=items, tokens=tokens, bytes=size))
    assert [place for parcel in parcels for place in parcel.places] == list(range(len(texts)))
    for parcel in parcels:
        assert parcel.tokens == sum(costs[place] for place in parcel.places)
        if len(parcel.places) > 1:
            assert items is None or len(parcel.places) <= items
            assert tokens is None or parcel.tokens <= tokens
            assert size is None or sum(sizes[place] for place in parcel.places) <= size


@given(COSTS, st.integers(1, 9))
def test_no_request_more_than_is_needed(texts, items):
    parcels = pack([0] * len(texts), [0] * len(texts), Limits(items=items))
    assert len(parcels) == -(-len(texts) // items)


def test_halves_hold_what_the_whole_held():
    first, second = Parcel(range(3, 8), 15).halves([0, 0, 0, 1, 2, 3, 4, 5])
    assert (list(first.places), first.tokens, list(second.places), second.tokens) == ([3, 4], 3, [5, 6, 7], 12)
