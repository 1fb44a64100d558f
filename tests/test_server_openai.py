"""OpenAI's format and Azure's, over real HTTP."""

import json

import numpy as np
import pytest

from asking import ask, unpacked, vectors
from served import serving
from vecsmith.testing import FakeGenerator


@pytest.fixture(scope="module")
def address():
    models = {"fake": FakeGenerator(longest=100), "org/big:v1": FakeGenerator()}
    with serving(models, aliases={"text-embedding-3-small": "fake"}) as (address, _):
        yield address


def test_an_answer_has_the_members_of_openais_and_no_others(address):
    status, headers, body = ask(address, "/openai/v1/embeddings", {"input": ["a", "bb"], "model": "fake"})
    assert (status, headers["content-type"]) == (200, "application/json")
    assert set(body) == {"object", "data", "model", "usage"}
    assert body["usage"] == {"prompt_tokens": 3, "total_tokens": 3}
    assert (body["object"], body["model"]) == ("list", "fake")
    assert {item["object"] for item in body["data"]} == {"embedding"}


def test_base64_and_printed_numbers_are_the_same_to_the_bit(address):
    wish = {"input": ["a", "b"], "model": "fake"}
    printed = vectors(ask(address, "/openai/v1/embeddings", wish | {"encoding_format": "float"})[2])
    packed = vectors(ask(address, "/openai/v1/embeddings", wish | {"encoding_format": "base64"})[2])
    np.testing.assert_array_equal([unpacked(row) for row in packed], np.array(printed, np.float32))


@pytest.mark.parametrize(
    ("given", "said", "param"),
    [
        ("", "'$.input[0]' is invalid", "input"),
        (["a", ""], "'$.input[1]' is invalid", "input"),
        ([], "'$.input' is invalid", "input"),
        (["a"] * 2049, "2049 texts, 2048 at most", "input"),
        (["a", 1], "'$.input[1]' must be a string, not a number", "input"),
        ([[1], "a"], "texts and token ids are mixed", "input"),
        ([[]], "texts and token ids are mixed", "input"),
        (None, "'$.input' is invalid", "input"),
    ],
)
def test_input_that_is_none_is_refused_in_openais_words(address, given, said, param):
    status, _, body = ask(address, "/openai/v1/embeddings", {"input": given, "model": "fake"})
    assert (status, set(body), set(body["error"])) == (400, {"error"}, {"message", "type", "param", "code"})
    assert said in body["error"]["message"]
    assert (body["error"]["type"], body["error"]["param"]) == ("invalid_request_error", param)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "not JSON"),
        (b"[]", "must be an object of JSON"),
        ({"model": "fake"}, "has no 'input'"),
        ({"input": "a", "output_dimension": 4}, "did you mean 'dimensions'"),
        ({"input": "a", "input_type": "query"}, "did you mean 'task'"),
        ({"input": "a", "dimensions": 17}, "from 1 to 16"),
        ({"input": "a", "dimensions": "4"}, "'$.dimensions' is invalid"),
        ({"input": "a", "encoding_format": "hex"}, "'$.encoding_format' is invalid"),
        ({"input": "a", "task": "fly"}, "is not a task"),
        ({"input": "a", "task": "x" * 10_000}, "a task of 10000 characters"),
        ({"input": "a"} | {f"z{n}": n for n in range(200)}, "200 members that mean nothing"),
    ],
)
def test_a_body_that_means_nothing_is_refused(address, body, said):
    status, _, answer = ask(address, "/openai/v1/embeddings", body)
    assert status == 400
    assert said in answer["error"]["message"]


def test_null_is_as_good_as_nothing(address):
    wish = {"input": "a", "model": None, "dimensions": None, "encoding_format": None, "user": None}
    assert ask(address, "/openai/v1/embeddings", wish)[0] == 200


def test_models_are_listed_under_each_of_their_names(address):
    status, _, body = ask(address, "/openai/v1/models")
    assert (status, body["object"]) == (200, "list")
    assert [model["id"] for model in body["data"]] == ["fake", "text-embedding-3-small", "org/big:v1"]
    assert set(body["data"][0]) == {"id", "object", "created", "owned_by"}


@pytest.mark.parametrize("name", ["fake", "text-embedding-3-small", "org/big:v1", "org%2Fbig%3Av1", "org%2fbig:v1"])
@pytest.mark.parametrize("base", ["/openai/v1", "/v1", "/voyage/v1", "/mistral/v1", "/jina/v1", "/ollama/v1"])
def test_a_model_is_described_by_its_name_raw_or_encoded(address, base, name):
    status, _, body = ask(address, f"{base}/models/{name}")
    assert (status, body["id"]) == (200, name.replace("%2F", "/").replace("%2f", "/").replace("%3A", ":"))


def test_a_model_that_is_not_served_is_not_found_and_the_answer_says_what_is(address):
    for path, body in (("models/other/one", None), ("embeddings", {"input": "a", "model": "other/one"})):
        status, _, said = ask(address, f"/openai/v1/{path}", body)
        assert (status, said["error"]["code"]) == (404, "model_not_found")
        assert "--alias other/one=fake" in said["error"]["message"]


def test_a_deployment_in_the_path_is_the_model_whatever_the_body_says(address):
    for name in ("text-embedding-3-small", "org/big:v1", "org%2Fbig:v1"):
        path = f"/openai/deployments/{name}/embeddings?api-version=2024-10-21"
        status, _, body = ask(address, path, {"input": ["a"], "model": "other"}, api_key="x")
        assert (status, body["model"]) == (200, name.replace("%2F", "/"))
        assert set(body["usage"]) == {"prompt_tokens", "total_tokens"}


@pytest.mark.parametrize("path", ["/openai/deployments/fake/embeddings?api-version=1", "/openai/v1/embeddings"])
def test_both_of_azures_forms_say_errors_as_azure_does(address, path):
    status, _, body = ask(address, path, {"input": [""]}, api_key="x")
    assert (status, set(body), set(body["error"])) == (400, {"error"}, {"code", "message"})
    assert body["error"]["code"] == "400"


def test_a_deployment_that_is_not_there_has_azures_code(address):
    status, _, body = ask(address, "/openai/deployments/other/embeddings?api-version=1", {"input": "a"})
    assert (status, body["error"]["code"]) == (404, "DeploymentNotFound")


@pytest.mark.parametrize(
    ("path", "members"),
    [
        ("/v1/rerank", {"error", "detail", "message"}),
        ("/wherever", {"error", "detail", "message"}),
        ("/openai/v1/images/generations", {"error"}),
        ("/openai/deployments/fake/images", {"error"}),
        ("/voyage/v1/rerank", {"detail"}),
        ("/mistral/v1/chat/completions", {"object", "message", "type", "param", "code", "raw_status_code"}),
        ("/jina/v1/rerank", {"detail", "code", "request_id"}),
        ("/ollama/api/chat", {"error"}),
        ("/api/generate", {"error"}),
        ("/ollama/v1/chat/completions", {"error"}),
    ],
)
def test_where_nothing_is_the_dialect_of_the_path_says_so(address, path, members):
    status, headers, body = ask(address, path, {"model": "fake"})
    assert (status, set(body)) == (404, members)
    assert "nothing at this address" in json.dumps(body)
    assert headers["x-request-id"]


def test_another_method_is_refused_in_the_dialect_of_the_path(address):
    assert ask(address, "/voyage/v1/embeddings")[::2] == (
        405,
        {"detail": "this address does not take GET: the methods are listed at /openapi.json"},
    )


def test_an_address_with_too_many_parameters_is_refused(address):
    path = "/openai/deployments/fake/embeddings?" + "&".join(f"a{n}=1" for n in range(101))
    status, _, body = ask(address, path, {"input": "a"})
    assert status == 400
    assert "too many parameters" in body["error"]["message"]
