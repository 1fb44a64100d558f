"""How near vectors are, and which are nearest."""

from dataclasses import replace

import numpy as np
import pytest

from fake_generator import SPACE
from vecsmith import Calibration, ConfigError, InputError, StoredForm, compare, normalize, similarity, top_k
from vecsmith.compare import METRICS
from vecsmith.encodings import decode, encode

RNG = np.random.default_rng(5)
DOCUMENTS = normalize(RNG.standard_normal((300, 64)))
QUERIES = normalize(DOCUMENTS[:7] + 0.2 * normalize(RNG.standard_normal((7, 64))))


@pytest.mark.parametrize(
    ("metric", "expected"),
    [("cosine", 0.6), ("dot", 3.0), ("euclidean", -np.sqrt(20)), ("manhattan", -6.0)],
)
def test_each_metric_is_its_formula(metric, expected):
    np.testing.assert_allclose(similarity([1, 0], [[3, 4]], metric), [[expected]], rtol=1e-6)


def test_hamming_is_the_share_of_equal_bits():
    a, b = np.array([[0b11110000]], np.uint8), np.array([[0b11110011], [0b11110000]], np.uint8)
    np.testing.assert_allclose(similarity(a, b, "hamming", encoding="ubinary"), [[0.75, 1.0]])
    signed = [(x ^ 0x80).view(np.int8) for x in (a, b)]
    np.testing.assert_allclose(similarity(*signed, "hamming", encoding="binary"), [[0.75, 1.0]])


@pytest.mark.parametrize("encoding", ["float16", "int8", "uint8"])
def test_stored_vectors_are_as_near_as_the_floats_they_stand_for(encoding):
    stored = encode(DOCUMENTS, encoding)
    near = similarity(stored[:5], stored, encoding=encoding)
    np.testing.assert_allclose(near, similarity(DOCUMENTS[:5], DOCUMENTS), atol=0.02)


def test_calibrated_vectors_are_compared_after_decoding():
    calibration = Calibration.of(DOCUMENTS)
    stored = encode(DOCUMENTS, "uint8", calibration)
    near = similarity(stored[:5], stored, encoding="uint8", calibration=calibration)
    np.testing.assert_allclose(near, similarity(DOCUMENTS[:5], DOCUMENTS), atol=0.02)


@pytest.mark.parametrize("metric", [metric for metric in METRICS if metric != "hamming"])
@pytest.mark.parametrize("k", [1, 10, 1000])
def test_the_nearest_are_those_of_sorting_all(metric, k, monkeypatch):
    monkeypatch.setattr(compare, "ROWS", 37)
    places, scores = top_k(QUERIES, DOCUMENTS, k, metric)
    whole = similarity(QUERIES, DOCUMENTS, metric)
    np.testing.assert_allclose(scores, -np.sort(-whole, axis=1)[:, :k], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(np.take_along_axis(whole, places, axis=1), scores, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("encoding", ["binary", "ubinary"])
def test_bits_find_near_vectors_and_finer_ones_put_them_in_order(encoding):
    bits = encode(DOCUMENTS, encoding)
    exact, _ = top_k(QUERIES, DOCUMENTS, 5)
    for finer in (DOCUMENTS, encode(DOCUMENTS, "int8")):
        places, scores = top_k(QUERIES, bits, 5, encoding=encoding, rescore=finer, oversample=40)
        np.testing.assert_array_equal(places[:, 0], exact[:, 0])
        assert (np.diff(scores, axis=1) <= 0).all()


def test_no_vectors_are_no_neighbours():
    places, scores = top_k(QUERIES, np.empty((0, 64), np.float32), 5)
    assert places.shape == scores.shape == (7, 0)


@pytest.mark.parametrize("k", [0, -1, 1.5, True])
def test_k_is_a_whole_number(k):
    with pytest.raises(InputError, match="whole number"):
        top_k(QUERIES, DOCUMENTS, k)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ConfigError, match="cosine, dot"):
        similarity([1], [1], "angle")
    with pytest.raises(InputError, match="2 and 3 dimensions"):
        similarity([1, 2], [1, 2, 3])
    with pytest.raises(ConfigError, match="encoding"):
        similarity([1], [1], encoding="int4")


def test_huge_vectors_have_a_direction_too():
    np.testing.assert_allclose(similarity([3e30, 4e30], [3, 4]), [[1]], rtol=1e-6)


class Result:
    """Vectors that say how they are stored, as an embedder's result does."""

    def __init__(self, vectors, encoding="float32", calibration=None, **space):
        self.stored = StoredForm(replace(SPACE, **space), encoding, calibration and calibration.id)
        self.vectors = encode(vectors, encoding, calibration)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.vectors, dtype=dtype, copy=copy)


@pytest.mark.parametrize("encoding", ["float16", "int8", "uint8", "binary", "ubinary"])
def test_results_say_themselves_how_they_are_stored(encoding):
    stored = Result(DOCUMENTS, encoding)
    floats = similarity(QUERIES, decode(stored.vectors, encoding))
    np.testing.assert_allclose(similarity(Result(QUERIES), stored), floats, rtol=1e-5)
    places, _ = top_k(Result(QUERIES), stored, 1, "cosine")
    np.testing.assert_array_equal(places[:, 0], floats.argmax(axis=1))


def test_results_of_two_spaces_are_not_compared():
    with pytest.raises(InputError, match=r"two spaces cannot be compared \(pooling: 'mean' and 'cls'\)"):
        similarity(Result(QUERIES), Result(DOCUMENTS, pooling="cls"))
    with pytest.raises(InputError, match="two spaces"):
        top_k(Result(QUERIES), Result(DOCUMENTS, pooling="cls"))


def test_a_calibrated_result_asks_for_its_calibration():
    calibration = Calibration.of(DOCUMENTS)
    stored = Result(DOCUMENTS, "int8", calibration)
    np.testing.assert_allclose(
        similarity(QUERIES, stored, calibration=calibration), similarity(QUERIES, DOCUMENTS), atol=0.02
    )
    for wrong in (None, Calibration.of(QUERIES)):
        with pytest.raises(InputError, match=calibration.id):
            similarity(QUERIES, stored, calibration=wrong)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rescore": DOCUMENTS[:1]}, "1 vectors for 300"),
        ({"rescore": DOCUMENTS[:, :8]}, "64 and 8 dimensions"),
        ({"rescore": DOCUMENTS, "oversample": 0}, "oversample must be"),
    ],
    ids=["rows", "width", "oversample"],
)
def test_what_cannot_rescore_is_refused(options, said):
    with pytest.raises(InputError, match=said):
        top_k(QUERIES, encode(DOCUMENTS, "ubinary"), 2, encoding="ubinary", **options)


def test_a_vector_is_no_distance_from_itself():
    assert np.abs(np.diag(similarity(DOCUMENTS, DOCUMENTS, "euclidean"))).max() < 1e-6


@pytest.mark.parametrize(
    "odd", [[["a"]], [[1], [1, 2]], np.zeros((2, 2, 64)), "abc"], ids=["text", "ragged", "deep", "str"]
)
def test_what_is_no_array_of_vectors_is_refused(odd):
    for call in (lambda: similarity(QUERIES, odd), lambda: top_k(odd, DOCUMENTS)):
        with pytest.raises(InputError, match="array"):
            call()


@pytest.mark.parametrize("metric", [metric for metric in METRICS if metric != "hamming"])
def test_no_vectors_are_near_none(metric):
    assert similarity(np.empty((0, 64)), DOCUMENTS, metric).shape == (0, 300)


@pytest.mark.parametrize("number", [np.nan, np.inf])
@pytest.mark.parametrize("compare_", [similarity, top_k])
def test_a_vector_that_is_none_is_named(compare_, number):
    wrong = DOCUMENTS.copy()
    wrong[4, 2] = number
    with pytest.raises(InputError, match="vector 4"):
        compare_(QUERIES, wrong)
    with pytest.raises(InputError, match="vector 4"):
        compare_(wrong, DOCUMENTS)


def test_finer_vectors_of_another_space_do_not_rescore():
    bits, other = Result(DOCUMENTS, "ubinary"), Result(DOCUMENTS, model="another")
    with pytest.raises(InputError, match="two spaces"):
        top_k(Result(QUERIES), bits, 3, rescore=other)


def test_calibrated_vectors_rescore_with_their_calibration():
    calibration = Calibration.of(DOCUMENTS)
    finer = Result(DOCUMENTS, "int8", calibration)
    bits = encode(DOCUMENTS, "ubinary")
    places, scores = top_k(QUERIES, bits, 3, encoding="ubinary", rescore=finer, calibration=calibration, oversample=40)
    expected, near = top_k(QUERIES, DOCUMENTS, 3)
    np.testing.assert_array_equal(places[:, 0], expected[:, 0])
    np.testing.assert_allclose(scores[:, 0], near[:, 0], atol=0.02)
