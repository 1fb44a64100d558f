"""Every committed model against sentence-transformers: alone and in batches, whatever the architecture or pooling."""

import numpy as np
import pytest

from reference_models import MODELS, NAMES, TEXTS, reference_vectors, worst_cosine
from vecsmith import Embedder

TOLERANCE = 1e-4
COSINE = 0.99999


@pytest.fixture(scope="module", params=NAMES)
def opened(request):
    """A model and the vectors it should give."""
    with Embedder(MODELS / request.param, compute="f32", threads=1) as embedder:
        yield embedder, reference_vectors(request.param)


def assert_close(vectors, expected):
    assert vectors.shape == expected.shape
    assert worst_cosine(vectors, expected) >= COSINE
    assert np.abs(vectors - expected).max() <= TOLERANCE


def test_texts_in_one_call_give_the_vectors_of_sentence_transformers(opened):
    embedder, expected = opened
    assert_close(embedder.embed(TEXTS, on_long="truncate").vectors, expected)


def test_texts_one_by_one_give_the_same(opened):
    embedder, expected = opened
    vectors = [embedder.embed(text, on_long="truncate").vector for text in TEXTS]
    assert_close(np.stack(vectors), expected)


def test_dimensions_are_the_width_of_the_vectors(opened):
    embedder, expected = opened
    assert embedder.generator.metadata.dimensions == expected.shape[1]


def test_there_are_models_to_compare():
    assert len(NAMES) >= 15
