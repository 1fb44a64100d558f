"""Vectors out: cut, normalise, check."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vecsmith import EmbedWarning, InputError, ModelError, normalize, similarity
from vecsmith.postprocess import check_dimensions, combine, combined, finish

VECTORS = np.array([[3, 4, 12], [1, 0, 0], [-1, 2, -2]], np.float32)
FLOATS = st.floats(-1e6, 1e6, width=32)


SHAPES = st.tuples(st.integers(0, 5), st.integers(1, 6))


def test_finish_leaves_what_is_not_asked_for():
    np.testing.assert_array_equal(finish(VECTORS, dimensions=None, normalize=False), VECTORS)


def test_finish_cuts_before_it_normalises():
    np.testing.assert_allclose(finish(VECTORS, dimensions=2, normalize=True)[0], [0.6, 0.8], rtol=1e-6)


def test_finish_cuts_without_normalising():
    np.testing.assert_array_equal(finish(VECTORS, dimensions=2, normalize=False), VECTORS[:, :2])


def test_finish_takes_no_vectors():
    assert finish(np.empty((0, 3), np.float32), dimensions=2, normalize=True).shape == (0, 2)


def test_finish_gives_float32_in_rows_of_its_own():
    finished = finish(VECTORS, dimensions=2, normalize=False)
    assert finished.dtype == np.float32
    assert finished.flags.c_contiguous


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_vector_that_is_not_finite_is_an_error_with_its_index(value):
    vectors = VECTORS.copy()
    vectors[1, 2] = value
    with pytest.raises(ModelError, match=r"1 of 3 texts .the first at index 1"):
        finish(vectors, dimensions=None, normalize=True)


def test_a_vector_of_length_zero_is_an_error():
    vectors = VECTORS * np.array([[1], [0], [0]], np.float32)
    with pytest.raises(ModelError, match=r"2 of 3 texts .the first at index 1"):
        finish(vectors, dimensions=None, normalize=False)


def test_a_vector_that_is_zero_after_the_cut_is_an_error():
    with pytest.raises(ModelError, match="index 0"):
        finish(np.array([[0, 0, 1]], np.float32), dimensions=2, normalize=True)


@given(SHAPES.flatmap(lambda shape: arrays(np.float32, shape, elements=FLOATS)))
def test_normalised_vectors_have_length_one_or_zero(vectors):
    lengths = np.linalg.norm(normalize(vectors).astype(np.float64), axis=-1)
    np.testing.assert_allclose(lengths, (vectors != 0).any(axis=-1), rtol=0, atol=1e-4)


def test_normalize_takes_one_vector():
    np.testing.assert_allclose(normalize([3, 4]), [0.6, 0.8], rtol=1e-6)


def test_normalize_leaves_a_vector_of_length_zero():
    np.testing.assert_array_equal(normalize([[0, 0]]), [[0, 0]])


def test_normalize_leaves_its_argument():
    vectors = VECTORS.copy()
    normalize(vectors)
    np.testing.assert_array_equal(vectors, VECTORS)


def test_normalize_gives_float32():
    assert normalize(np.ones((2, 2), np.float64)).dtype == np.float32


def test_similarity_is_the_cosine_of_every_pair():
    expected = [[a @ b / np.linalg.norm(a) / np.linalg.norm(b) for b in VECTORS[:2]] for a in VECTORS]
    np.testing.assert_allclose(similarity(VECTORS, VECTORS[:2]), expected, rtol=1e-5)


def test_similarity_takes_single_vectors():
    assert similarity([1, 0], [0, 1]).shape == (1, 1)


def test_similarity_takes_results(tiny):
    _, embedder = tiny
    result = embedder.embed(["cat", "dog"])
    np.testing.assert_allclose(np.diag(similarity(result, result)), [1, 1], rtol=1e-5)


def test_similarity_of_different_widths_says_which():
    with pytest.raises(InputError, match="vectors of 2 and 3 dimensions cannot be compared"):
        similarity([1, 0], [1, 0, 0])


@pytest.mark.parametrize("dimensions", [None, 1, 383, 384])
def test_a_width_up_to_the_native_one_is_possible(dimensions):
    check_dimensions(dimensions, 384)


@pytest.mark.parametrize("dimensions", [0, -1, 385, True, False, 1.5, 384.0, "256"], ids=repr)
def test_an_impossible_width_names_those_that_are_possible(dimensions):
    with pytest.raises(InputError, match=f"from 1 to 384, not {dimensions!r}"):
        check_dimensions(dimensions, 384)


def test_true_is_no_width_even_of_one_dimension():
    with pytest.raises(InputError, match="not True"):
        check_dimensions(dimensions=True, native=1)


def test_a_numpy_integer_is_a_width():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EmbedWarning)
        check_dimensions(np.int64(256), 384)


CHUNKS = np.array([[1, 0], [0, 1], [4, 4], [2, -2], [0, 6]], np.float32)
OWNERS = [0, 0, 1, 2, 2]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("weighted_mean", [[0.75, 0.25], [4, 4], [1, 2]]),
        ("mean", [[0.5, 0.5], [4, 4], [1, 2]]),
        ("max", [[1, 1], [4, 4], [2, 6]]),
        ("first", [[1, 0], [4, 4], [2, -2]]),
    ],
)
def test_the_vectors_of_chunks_become_one_of_each_text(how, expected):
    vectors = combined(CHUNKS, OWNERS, [3, 1, 7, 5, 5], how)
    assert vectors.dtype == np.float32
    assert vectors.tolist() == expected
    assert combine(CHUNKS[3:], [5, 5], how).tolist() == expected[2]


@pytest.mark.parametrize("how", ["weighted_mean", "mean", "max", "first"])
def test_one_chunk_is_its_text_to_the_bit(how):
    vectors = np.random.default_rng(1).standard_normal((50, 7)).astype(np.float32)
    assert (combined(vectors, np.arange(50), np.arange(50), how) == vectors).all()


def test_chunks_without_tokens_count_alike():
    assert combine(CHUNKS[:2], [0, 0]).tolist() == [0.5, 0.5]


def test_no_chunks_are_no_vectors():
    assert combined(np.empty((0, 3), np.float32), [], [], "mean").shape == (0, 3)
