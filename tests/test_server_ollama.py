"""Ollama's format, over real HTTP."""

import numpy as np
import pytest

from asking import ask, unpacked, vectors
from served import serving
from vecsmith.testing import FakeGenerator


@pytest.fixture(scope="module")
def fake():
    return FakeGenerator(longest=100)


@pytest.fixture(scope="module")
def address(fake):
    with serving({"fake": fake, "org/big:v1": FakeGenerator()}, aliases={"nomic": "fake"}) as (address, _):
        yield address


@pytest.fixture(params=["/ollama", ""], ids=["prefix", "root"])
def base(address, request):
    return address + request.param


def test_one_text_or_several_are_embedded(base, fake):
    status, _, body = ask(base, "/api/embed", {"model": "fake", "input": ["a", "bb"]})
    assert (status, set(body)) == (
        200,
        {"model", "embeddings", "total_duration", "load_duration", "prompt_eval_count"},
    )
    expected = [fake.vector(text) / np.linalg.norm(fake.vector(text)) for text in ("a", "bb")]
    np.testing.assert_allclose(body["embeddings"], expected, rtol=1e-6)
    assert (body["model"], body["prompt_eval_count"]) == ("fake", 3)
    assert body["total_duration"] > 0
    assert ask(base, "/api/embed", {"model": "fake", "input": "a"})[2]["embeddings"] == body["embeddings"][:1]


@pytest.mark.parametrize("wish", [{}, {"input": ""}, {"input": []}, {"input": None}])
def test_no_input_is_no_mistake(base, wish):
    status, _, body = ask(base, "/api/embed", {"model": "fake", **wish})
    assert (status, body["embeddings"]) == (200, [])


def test_an_empty_text_among_several_is_a_text(base):
    assert len(ask(base, "/api/embed", {"model": "fake", "input": ["", "a"]})[2]["embeddings"]) == 2


@pytest.mark.parametrize("name", ["fake", "fake:latest", "nomic", "nomic:latest", "org/big:v1"])
def test_a_model_is_found_with_its_tag_and_without(base, name):
    status, _, body = ask(base, "/api/embed", {"model": name, "input": "a"})
    assert (status, body["model"]) == (200, name)
    assert ask(base, "/api/show", {"model": name})[0] == 200


@pytest.mark.parametrize(("asked", "width"), [(8, 8), (16, 16), (17, 16), (100_000, 16), (0, 16), (-1, 16), (None, 16)])
def test_only_a_width_below_the_models_own_is_a_wish(base, asked, width):
    (row,) = ask(base, "/api/embed", {"model": "fake", "input": "a", "dimensions": asked})[2]["embeddings"]
    assert len(row) == width
    assert np.linalg.norm(row) == pytest.approx(1)


def test_long_texts_are_cut_unless_the_client_says_no(base):
    wish = {"model": "fake", "input": "a" * 103}
    status, headers, _ = ask(base, "/api/embed", wish)
    assert (status, headers["x-vecsmith-dropped-tokens"]) == (200, "3")
    status, _, body = ask(base, "/api/embed", wish | {"truncate": False})
    assert (status, set(body)) == (400, {"error"})


@pytest.mark.parametrize("keep", ["5m", 0, -1, 2.5])
def test_what_is_the_operators_affair_is_accepted(base, keep):
    wish = {"model": "fake", "input": "a", "keep_alive": keep, "options": {"num_ctx": 10}}
    status, headers, _ = ask(base, "/api/embed", wish)
    assert (status, headers["x-vecsmith-ignored"]) == (200, None)


@pytest.mark.parametrize("given", [["a", 1], [[1, 2]], 7, {"text": "a"}])
def test_input_that_is_no_text_is_refused(base, given):
    status, _, body = ask(base, "/api/embed", {"model": "fake", "input": given})
    assert (status, body["error"].startswith("invalid input type")) == (400, True)


def test_the_older_call_gives_the_vector_as_the_model_has_it(base, fake):
    status, _, body = ask(base, "/api/embeddings", {"model": "fake", "prompt": "a", "keep_alive": "1m"})
    assert (status, set(body)) == (200, {"embedding"})
    np.testing.assert_array_equal(np.array(body["embedding"], np.float32), fake.vector("a"))
    assert ask(base, "/api/embeddings", {"model": "fake", "prompt": ""})[2] == {"embedding": []}
    assert ask(base, "/api/embeddings", {"model": "fake", "prompt": "a" * 101})[0] == 400


def test_a_model_that_is_not_served_is_not_found(base):
    for path, wish in (("embed", {"input": "a"}), ("embeddings", {"prompt": "a"}), ("show", {})):
        status, _, body = ask(base, f"/api/{path}", {"model": "other:7b", **wish})
        assert (status, set(body)) == (404, {"error"})
        assert "--alias other:7b=fake" in body["error"]


def test_models_are_listed_with_their_tags(base):
    for path in ("tags", "ps"):
        status, _, body = ask(base, f"/api/{path}")
        assert (status, [model["name"] for model in body["models"]]) == (
            200,
            ["fake:latest", "nomic:latest", "org/big:v1"],
        )
        assert body["models"][0]["details"]["embedding_length"] == 16


def test_a_model_shows_what_it_is(base):
    body = ask(base, "/api/show", {"name": "fake"})[2]
    assert body["capabilities"] == ["embedding"]
    info = body["model_info"]
    assert info[f"{info['general.architecture']}.embedding_length"] == 16
    assert info[f"{info['general.architecture']}.context_length"] == 100


def test_the_version_is_told(base):
    assert ask(base, "/api/version")[2]["version"].split(".")[0].isdecimal()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/ollama", "/ollama/"])
def test_it_says_that_it_runs(address, path, method):
    status, headers, body = ask(address, path, method=method)
    assert (status, headers["content-type"].split(";")[0]) == (200, "text/plain")
    assert body == (b"Ollama is running" if method == "GET" else b"")


def test_its_openai_route_takes_texts_and_cuts_long_ones(address):
    wish = {"model": "fake", "input": ["a" * 101, ""], "encoding_format": "BASE64", "dimensions": 99}
    status, _, body = ask(address, "/ollama/v1/embeddings", wish)
    assert status == 200
    assert [len(unpacked(row)) for row in vectors(body)] == [16, 16]
    assert body["usage"] == {"prompt_tokens": 100, "total_tokens": 100}


@pytest.mark.parametrize(
    ("wish", "status", "kind", "said"),
    [
        ({"input": [1, 2]}, 400, "invalid_request_error", "check_embedding_ctx_length=False"),
        ({"input": [[1], [2]]}, 400, "invalid_request_error", "check_embedding_ctx_length=False"),
        ({"input": None}, 400, "invalid_request_error", "invalid input"),
        ({"input": []}, 400, "invalid_request_error", "invalid input"),
        ({"input": "a", "encoding_format": "hex"}, 400, "invalid_request_error", "'float' or 'base64'"),
        ({"input": "a", "model": "other"}, 404, "not_found_error", "not served here"),
    ],
)
def test_its_openai_route_has_errors_of_its_own(address, wish, status, kind, said):
    answered, _, body = ask(address, "/ollama/v1/embeddings", wish)
    assert (answered, body["error"]["type"], said in body["error"]["message"]) == (status, kind, True)
