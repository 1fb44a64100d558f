"""PaLM's format, served over real HTTP."""

import numpy as np
import pytest

from asking import post
from served import serving
from vecsmith.testing import FakeGenerator

NAME = "embedding-gecko-001"
QUERY = "?$alt=json;enum-encoding=int"


@pytest.fixture(scope="module")
def fake():
    with serving({"fake": FakeGenerator()}, aliases={NAME: "fake"}) as (address, _):
        yield address


def unit(text):
    vector = FakeGenerator().vector(text)
    return vector / np.linalg.norm(vector)


@pytest.mark.parametrize("base", ["/v1beta", "/v1beta2", "/v1beta3", "/gemini/v1beta2"])
def test_a_text_becomes_a_value(fake, base):
    status, _, body = post(fake, f"{base}/models/{NAME}:embedText{QUERY}", {"text": "a"})
    assert status == 200
    np.testing.assert_allclose(body["embedding"]["value"], unit("a"), atol=1e-6)


@pytest.mark.parametrize(
    "body",
    [
        {"texts": ["a", "b"]},
        {"requests": [{"model": f"models/{NAME}", "text": "a"}, {"text": "b"}]},
        {"texts": ["a", "b"], "requests": None},
    ],
)
def test_texts_become_values_in_either_shape(fake, body):
    status, _, answer = post(fake, f"/v1beta/models/{NAME}:batchEmbedText{QUERY}", body)
    assert status == 200
    for one, text in zip(answer["embeddings"], "ab", strict=True):
        np.testing.assert_allclose(one["value"], unit(text), atol=1e-6)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "either texts or requests"),
        ({"texts": ["a"], "requests": [{"text": "a"}]}, "either texts or requests"),
        ({"texts": []}, "texts is empty"),
        ({"texts": ["a"] * 101}, "at most 100"),
        ({"texts": ["a", ""]}, "index 1"),
        ({"texts": ["a", 2]}, "$.texts[1]"),
        ({"requests": [{"text": "a", "model": "models/other"}]}, "model"),
    ],
)
def test_a_batch_that_cannot_be_is_refused(fake, body, words):
    status, _, answer = post(fake, f"/v1beta/models/{NAME}:batchEmbedText", body)
    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert words in answer["error"]["message"]


def test_a_text_that_is_none_is_refused(fake):
    for body in ({}, {"text": ""}, {"text": None}, {"text": ["a"]}):
        assert post(fake, f"/v1beta/models/{NAME}:embedText", body)[0] == 400
    assert post(fake, "/v1beta/models/other:embedText", {"text": "a"})[0] == 404
