"""The server, over real HTTP."""

import base64
import json
import urllib.error
import urllib.request

import numpy as np
import pytest

from served import serving, started
from vecsmith.testing import FakeGenerator


def post(address, path, body, headers=None, *, raw=False):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(address + path, data, {"content-type": "application/json", **(headers or {})})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            said = answer.read()
            return answer.status, answer.headers, said if raw else json.loads(said)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, json.loads(error.read())


@pytest.fixture(scope="module")
def fake():
    with serving({"fake": FakeGenerator(longest=100)}, aliases={"text-embedding-3-small": "fake"}) as (address, _):
        yield address


def test_texts_become_vectors_in_order(fake):
    status, headers, body = post(fake, "/v1/embeddings", {"input": ["a", "b"], "model": "fake"})
    assert status == 200
    own = FakeGenerator()
    for place, text in enumerate("ab"):
        expected = own.vector(text) / np.linalg.norm(own.vector(text))
        np.testing.assert_allclose(body["data"][place]["embedding"], expected, atol=1e-6)
    assert headers["x-vecsmith-dropped-tokens"] == "0"


def test_base64_is_the_same_numbers(fake):
    wish = {"input": "a", "model": "text-embedding-3-small"}
    floats = post(fake, "/v1/embeddings", wish)[2]["data"][0]["embedding"]
    packed = post(fake, "/v1/embeddings", {**wish, "encoding_format": "base64"})[2]["data"][0]["embedding"]
    np.testing.assert_array_equal(np.frombuffer(base64.b64decode(packed), "<f4"), np.float32(floats))


def test_a_near_miss_is_named_and_another_unknown_member_is_listed(fake):
    status, _, body = post(fake, "/v1/embeddings", {"input": "a", "dimension": 4})
    assert status == 400
    assert "did you mean 'dimensions'" in body["error"]["message"]
    status, headers, _ = post(fake, "/v1/embeddings", {"input": "a", "wibble": 4})
    assert (status, headers["x-vecsmith-ignored"]) == (200, "wibble")


def test_a_text_that_is_too_long_is_refused_or_cut_as_the_request_says(fake):
    status, _, body = post(fake, "/v1/embeddings", {"input": ["a", "b" * 101]})
    assert status == 400
    assert "[server]" in body["error"]["message"]
    status, headers, _ = post(fake, "/v1/embeddings", {"input": ["a", "b" * 101], "on_long": "truncate"})
    assert (status, headers["x-vecsmith-dropped-tokens"]) == (200, "1")


def test_raw_vectors_are_bytes(fake):
    wish = {"input": ["a", "b"], "dimensions": 4}
    _, headers, body = post(fake, "/v1/embeddings", wish, {"accept": "application/octet-stream"}, raw=True)
    assert headers["x-vecsmith-shape"] == "2,4"
    assert len(body) == 2 * 4 * 4


def test_a_model_that_is_not_served_is_refused_with_those_that_are(fake):
    status, _, body = post(fake, "/v1/embeddings", {"input": "a", "model": "other"})
    assert status == 404
    assert "--alias other=fake" in body["error"]["message"]


def test_the_command_serves_until_it_is_told_to_stop():
    with started() as (address, process):
        assert post(address, "/v1/embeddings", {"input": "a cat"})[0] == 200
        process.terminate()
        assert process.wait(30) == 0
