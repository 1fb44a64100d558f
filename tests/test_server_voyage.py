"""Voyage's format, over real HTTP."""

import numpy as np
import pytest

from asking import ask, unpacked, vectors
from served import serving
from vecsmith.encodings import encode
from vecsmith.testing import FakeGenerator

NULLS = dict.fromkeys(["input_type", "truncation", "output_dimension", "output_dtype", "encoding_format"])


@pytest.fixture(scope="module")
def fake():
    return FakeGenerator(longest=100)


@pytest.fixture(scope="module")
def address(fake):
    with serving({"fake": fake}) as (address, _):
        yield address


def own(fake, *texts):
    rows = np.array([fake.vector(text) for text in texts])
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_what_its_client_leaves_open_it_sends_as_null(address, fake):
    status, _, body = ask(address, "/voyage/v1/embeddings", {"input": ["a", "bb"], "model": "fake", **NULLS})
    assert (status, body["usage"], body["model"]) == (200, {"total_tokens": 3}, "fake")
    np.testing.assert_allclose(vectors(body), own(fake, "a", "bb"), rtol=1e-6)


@pytest.mark.parametrize(
    ("dtype", "encoding", "form"),
    [
        ("float", "float32", "<f4"),
        ("int8", "int8", "i1"),
        ("uint8", "uint8", "u1"),
        ("binary", "binary", "i1"),
        ("ubinary", "ubinary", "u1"),
    ],
)
def test_every_dtype_comes_printed_and_as_bytes_of_its_own_kind(address, fake, dtype, encoding, form):
    wish = {"input": ["a", "b"], "output_dtype": dtype}
    printed = vectors(ask(address, "/voyage/v1/embeddings", wish)[2])
    packed = vectors(ask(address, "/voyage/v1/embeddings", wish | {"encoding_format": "base64"})[2])
    expected = encode(np.array(own(fake, "a", "b"), np.float32), encoding)
    np.testing.assert_allclose(np.array(printed, np.float32), expected.astype(np.float32), rtol=1e-6)
    np.testing.assert_array_equal(np.array([unpacked(row, form) for row in packed]), np.array(printed, form))


def test_long_texts_are_cut_unless_the_client_says_no(address):
    status, headers, _ = ask(address, "/voyage/v1/embeddings", {"input": "a" * 103})
    assert (status, headers["x-vecsmith-dropped-tokens"]) == (200, "3")
    status, _, body = ask(address, "/voyage/v1/embeddings", {"input": "a" * 103, "truncation": False})
    assert (status, set(body)) == (400, {"detail"})


def test_the_side_and_the_width_are_the_models(address, fake):
    wish = {"input": "a", "input_type": "document", "output_dimension": 8}
    assert len(vectors(ask(address, "/voyage/v1/embeddings", wish)[2])[0]) == 8
    assert fake.calls[-1].task == "retrieval_document"


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"input": ["a"] * 1001}, "1001 texts, 1000 at most"),
        ({"input": [1, 2]}, "'$.input[0]' must be a string"),
        ({"input": [""]}, "empty string"),
        ({"input": []}, "at least one text"),
        ({"input": "a", "dimensions": 8}, "did you mean 'output_dimension'"),
        ({"input": "a", "input_type": "fly"}, "not a task"),
        ({"input": "a", "output_dtype": "int4"}, "'$.output_dtype' is invalid"),
        ({"input": "a", "encoding_format": "float"}, "'$.encoding_format' is invalid"),
    ],
)
def test_errors_have_one_member(address, wish, said):
    status, _, body = ask(address, "/voyage/v1/embeddings", wish)
    assert (status, set(body)) == (400, {"detail"})
    assert said in body["detail"]


def test_a_model_that_is_not_served_is_not_found(address):
    status, _, body = ask(address, "/voyage/v1/embeddings", {"input": "a", "model": "other"})
    assert (status, "--alias other=fake" in body["detail"]) == (400, True)
    assert [model["id"] for model in ask(address, "/voyage/v1/models")[2]["data"]] == ["fake"]
