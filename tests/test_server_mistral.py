"""Mistral's format, over real HTTP."""

import numpy as np
import pytest

from asking import ask, unpacked, vectors
from served import serving
from vecsmith.testing import FakeGenerator


@pytest.fixture(scope="module")
def address():
    with serving({"fake": FakeGenerator(longest=100)}, aliases={"mistral-embed": "fake"}) as (address, _):
        yield address


def test_an_answer_has_an_id_and_all_of_the_usage(address):
    wish = {"input": ["a", "b"], "model": "mistral-embed", "metadata": {"a": 1}}
    status, headers, body = ask(address, "/mistral/v1/embeddings", wish)
    assert (status, body["id"], body["model"]) == (200, headers["x-request-id"], "mistral-embed")
    assert body["usage"] == {
        "prompt_tokens": 2,
        "completion_tokens": 0,
        "total_tokens": 2,
        "prompt_audio_seconds": None,
    }


def test_dtype_width_and_bytes_are_honoured(address):
    wish = {"input": ["a"], "output_dtype": "ubinary", "output_dimension": 8}
    (printed,) = vectors(ask(address, "/mistral/v1/embeddings", wish)[2])
    (packed,) = vectors(ask(address, "/mistral/v1/embeddings", wish | {"encoding_format": "base64"})[2])
    np.testing.assert_array_equal(unpacked(packed, "u1"), printed)
    assert len(printed) == 1


@pytest.mark.parametrize(
    ("wish", "loc", "kind"),
    [
        ({"model": "fake"}, ["body", "input"], "missing"),
        ({"input": "a", "user": "u"}, ["body", "user"], "extra_forbidden"),
        ({"input": "a", "dimensions": 8}, ["body", "dimensions"], "extra_forbidden"),
        ({"input": "a", "output_dimension": "8"}, ["body", "output_dimension"], "type_error"),
        ({"input": ["a", 3]}, ["body", "input", 1], "type_error"),
        ({"input": [[1, 2]]}, ["body", "input", 0], "type_error"),
        ({"input": []}, ["body", "input"], "value_error"),
        (b"{", ["body"], "json_invalid"),
    ],
)
def test_a_body_of_another_shape_is_told_where(address, wish, loc, kind):
    status, _, body = ask(address, "/mistral/v1/embeddings", wish)
    assert (status, set(body)) == (422, {"detail"})
    (found,) = body["detail"]
    assert (found["loc"], found["type"], bool(found["msg"])) == (loc, kind, True)


def test_other_errors_have_its_own_shape(address):
    status, _, body = ask(address, "/mistral/v1/embeddings", {"input": "a", "model": "other"})
    assert (status, body["object"], body["raw_status_code"]) == (404, "error", 404)
    assert (body["type"], body["code"]) == ("invalid_model", "1500")
    status, _, body = ask(address, "/mistral/v1/embeddings", {"input": ["a", "b" * 101]})
    assert (status, body["type"]) == (400, "invalid_request_error")
    assert "input 1" in body["message"]


def test_models_have_what_its_client_wants(address):
    model = ask(address, "/mistral/v1/models/mistral-embed")[2]
    assert (model["type"], model["aliases"], model["max_context_length"]) == ("base", ["fake"], 100)
    assert model["capabilities"]["completion_chat"] is False
