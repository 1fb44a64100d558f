"""Late chunking: windows over a long text, and the mean of each chunk's tokens."""

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vecsmith import ConfigError, InputError
from vecsmith.late import owned, pool_late, windows

SIZES = st.integers(1, 20).flatmap(lambda room: st.tuples(st.integers(1, 200), st.just(room), st.integers(0, room - 1)))


@given(SIZES)
def test_windows_cover_the_text_and_share_what_was_asked(sizes):
    tokens, room, overlap = sizes
    found = windows(*sizes)
    assert (found[0][0], found[-1][1]) == (0, tokens)
    assert all(end - start == min(room, tokens) for start, end in found)
    assert all(left[1] - right[0] == overlap for left, right in pairwise(found[:-1]))
    assert all(left[0] < right[0] <= left[1] - overlap for left, right in pairwise(found))


@given(SIZES)
def test_each_token_is_owned_by_the_window_where_it_is_farthest_from_the_edges(sizes):
    found = windows(*sizes)
    ranges = owned(found)
    assert [i for start, end in ranges for i in range(start, end)] == list(range(sizes[0]))
    for (start, end), (first, last) in zip(found, ranges, strict=True):
        for i in range(first, last):
            assert min(i - start, end - 1 - i) == max(min(i - s, e - 1 - i) for s, e in found)


def test_a_text_without_tokens_has_no_windows():
    assert windows(0, 8, 2) == []
    assert owned([]) == []


def test_a_text_that_fits_is_one_window():
    assert windows(8, 8, 7) == [(0, 8)]


@pytest.mark.parametrize("overlap", [8, 9, -1])
def test_an_impossible_overlap_is_refused(overlap):
    with pytest.raises(ConfigError, match=f"must be from 0 to 7, not {overlap}"):
        windows(20, 8, overlap)


@given(SIZES, st.data())
def test_chunks_are_the_means_of_the_tokens_they_own(sizes, data):
    tokens = sizes[0]
    span = st.tuples(st.integers(0, tokens - 1), st.integers(1, tokens)).map(lambda s: (s[0], max(s[0] + 1, s[1])))
    spans = data.draw(st.lists(span, min_size=1, max_size=8))
    found = windows(*sizes)
    numbers = np.random.default_rng(tokens)
    read = [numbers.standard_normal((end - start, 3)).astype(np.float32) for start, end in found]
    whole = np.concatenate(
        [rows[a - start : b - start] for rows, (start, _), (a, b) in zip(read, found, owned(found), strict=True)]
    )
    pooled = pool_late(iter(read), found, spans)
    assert pooled.dtype == np.float32
    expected = np.array([whole[start:end].astype(np.float64).mean(axis=0) for start, end in spans])
    np.testing.assert_allclose(pooled, expected, atol=1e-5)


@pytest.mark.parametrize("spans", [[(0, 2), (2, 2)], []])
def test_a_chunk_without_tokens_is_refused(spans):
    with pytest.raises(InputError, match=re.escape("a chunk without tokens has no vectors to pool")):
        pool_late([np.ones((4, 2), np.float32)], [(0, 4)], spans)
