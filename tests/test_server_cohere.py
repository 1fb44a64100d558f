"""Cohere's format, in both versions, served over real HTTP."""

import base64

import numpy as np
import pytest

from asking import get, post
from served import serving
from vecsmith import Embedder
from vecsmith.dialects import Asked
from vecsmith.dialects.cohere import CohereClient, CohereServer
from vecsmith.dialects.serving import Incoming, Problem
from vecsmith.encodings import encode
from vecsmith.server.access.callers import Visitor, key_of
from vecsmith.testing import FakeGenerator
from vecsmith.wire import Service

KINDS = ("float", "int8", "uint8", "binary", "ubinary", "base64")


class Words(FakeGenerator):
    """A generator whose tokens are words, as a model's own tokenizer would count them."""

    def room(self, options):
        return self.longest

    def count(self, texts):
        return [len(text.split()) for text in texts]

    def offsets(self, text):
        places, start = [], 0
        for word in text.split():
            start = text.index(word, start)
            places.append((start, start + len(word)))
            start += len(word)
        return np.array(places, np.int64).reshape(-1, 2)


@pytest.fixture(scope="module")
def fake():
    with serving({"fake": FakeGenerator(longest=100)}, aliases={"embed-v4.0": "fake"}) as (address, _):
        yield address


@pytest.fixture
def words():
    generator = Words()
    with serving({"words": generator}) as (address, _):
        yield address, generator


def wish(*texts, **members):
    return {"model": "fake", "texts": texts, "input_type": "search_document", **members}


def vectors(*texts):
    return Embedder.from_generator(FakeGenerator()).embed(texts).vectors


# --- version 2


@pytest.mark.parametrize("path", ["/v2/embed", "/cohere/v2/embed"])
def test_texts_become_vectors_in_order(fake, path):
    status, _, body = post(fake, path, wish("a", "bb"))
    assert status == 200
    np.testing.assert_array_equal(np.float32(body["embeddings"]["float"]), vectors("a", "bb"))
    assert list(body["embeddings"]) == ["float"]
    assert body["texts"] == ["a", "bb"]
    assert body["meta"] == {"api_version": {"version": "2"}, "billed_units": {"input_tokens": 3}}
    assert (body["response_type"], bool(body["id"])) == ("embeddings_by_type", True)


def test_every_type_comes_bit_for_bit_and_all_at_once(fake):
    given = post(fake, "/v2/embed", wish("a", "b", embedding_types=KINDS))[2]["embeddings"]
    assert tuple(given) == KINDS
    own = vectors("a", "b")
    np.testing.assert_array_equal(np.float32(given["float"]), own)
    for kind in ("int8", "uint8", "binary", "ubinary"):
        np.testing.assert_array_equal(given[kind], encode(own, kind))
    decoded = [np.frombuffer(base64.b64decode(row), "<f4") for row in given["base64"]]
    np.testing.assert_array_equal(decoded, own)


def test_base64_alone_is_not_printed_as_numbers(fake):
    given = post(fake, "/v2/embed", wish("a", embedding_types=["base64"]))[2]["embeddings"]
    assert list(given) == ["base64"]


def test_bits_of_a_width_that_fills_no_bytes_are_refused(fake):
    status, _, body = post(fake, "/v2/embed", wish("a", embedding_types=["binary"], output_dimension=4))
    assert status == 400
    assert "multiple of 8" in body["message"]


def test_inputs_of_several_texts_give_one_vector_each(fake):
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    body = {"inputs": [{"content": parts}, {"content": parts[:1]}], "input_type": "search_query", "model": "fake"}
    given = post(fake, "/v2/embed", body)[2]["embeddings"]["float"]
    np.testing.assert_array_equal(np.float32(given), vectors("a\nb", "a"))


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"texts": None}, "exactly one"),
        ({"inputs": [{"content": [{"type": "text", "text": "a"}]}]}, "exactly one"),
        ({"texts": None, "images": ["data:image/png;base64,"]}, "images"),
        ({"texts": None, "inputs": [{"content": [{"type": "image_url", "image_url": {"url": ""}}]}]}, "inputs[0]"),
        ({"input_type": None}, "input_type"),
        ({"input_type": "searching"}, "not a task"),
        ({"texts": []}, "no texts"),
        ({"texts": ["a"] * 97}, "at most 96"),
        ({"texts": ["a", ""]}, "index 1"),
        ({"texts": ["a", 3]}, "$.texts[1]"),
        ({"embedding_types": []}, "embedding_types"),
        ({"embedding_types": ["float64"]}, "$.embedding_types[0]"),
        ({"truncate": "MIDDLE"}, "END, NONE, START"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"output_dimensions": 8}, "did you mean 'output_dimension'"),
        ({"output_dimension": 17}, "17"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(fake, members, words):
    status, _, body = post(fake, "/v2/embed", wish("a", **members))
    assert status == 400
    assert list(body) == ["message"]
    assert words in body["message"]


def test_a_member_that_means_nothing_is_listed(fake):
    status, headers, _ = post(fake, "/v2/embed", wish("a", priority=3, wibble=1))
    assert (status, headers["x-vecsmith-ignored"]) == (200, "wibble")


def test_half_a_surrogate_pair_comes_back_as_what_was_embedded(fake):
    status, _, body = post(fake, "/v2/embed", b'{"input_type": "search_query", "texts": ["a\\ud800"]}')
    assert (status, body["texts"]) == (200, ["a\ufffd"])


@pytest.mark.parametrize(
    ("truncate", "on_long"), [(None, "truncate"), ("END", "truncate"), ("start", "truncate_start"), ("NONE", "error")]
)
def test_truncate_says_what_becomes_of_a_long_text(truncate, on_long):
    generator = FakeGenerator(longest=100)
    with serving({"fake": generator}) as (address, _):
        status, headers, _ = post(address, "/v2/embed", wish("b" * 101, truncate=truncate))
        assert generator.calls[-1].on_long == on_long
        if on_long == "error":
            assert status == 400
        else:
            assert (status, headers["x-vecsmith-dropped-tokens"]) == (200, "1")


def test_an_unknown_model_is_not_found(fake):
    status, _, body = post(fake, "/v2/embed", wish("a", model="other"))
    assert status == 404
    assert "--alias other=fake" in body["message"]


# --- as many tokens as the request says


@pytest.mark.parametrize(
    ("truncate", "read"), [(None, "one two"), ("END", "one two"), ("START", "three  four"), ("NONE", None)]
)
def test_max_tokens_cuts_each_text_where_truncate_says(words, truncate, read):
    address, generator = words
    body = {"texts": ["one", "one two three  four"], "max_tokens": 2, "truncate": truncate}
    status, headers, answer = post(address, "/v2/embed", {**body, "input_type": "search_query"})
    if read is None:
        assert status == 400
        assert "4 tokens" in answer["message"]
        return
    assert (status, headers["x-vecsmith-dropped-tokens"]) == (200, "2")
    assert set(generator.asked) == {"one", read}
    np.testing.assert_array_equal(np.float32(answer["embeddings"]["float"]), vectors("one", read))


def test_max_tokens_is_refused_where_the_models_tokenizer_is_not(fake):
    status, _, body = post(fake, "/v2/embed", wish("a", max_tokens=2))
    assert status == 400
    assert "max_tokens" in body["message"]


# --- version 1


@pytest.mark.parametrize("path", ["/v1/embed", "/cohere/v1/embed"])
def test_version_1_answers_with_bare_vectors_unless_types_are_named(fake, path):
    bare = post(fake, path, {"texts": ["a", "b"]})[2]
    assert bare["response_type"] == "embeddings_floats"
    np.testing.assert_array_equal(np.float32(bare["embeddings"]), vectors("a", "b"))
    assert bare["meta"]["api_version"] == {"version": "1"}
    typed = post(fake, path, {"texts": ["a"], "embedding_types": ["int8"], "input_type": "classification"})[2]
    assert (typed["response_type"], list(typed["embeddings"])) == ("embeddings_by_type", ["int8"])


# --- keys


class Guarded:
    """Lets one key in."""

    def caller(self, incoming):
        key = key_of(incoming)
        if key is None:
            raise Problem("no_key", "no api key supplied")
        if key != "good":
            raise Problem("key", "invalid api token")
        return Visitor()


def test_a_key_is_checked_however_its_scheme_is_spelled():
    with serving(access=Guarded()) as (address, _):
        for path in ("/v1/check-api-key", "/cohere/v1/check-api-key"):
            assert post(address, path, b"", {"authorization": "bearer good"})[::2] == (200, {"valid": True})
            assert post(address, path, b"", {"authorization": "Bearer bad"})[::2] == (
                401,
                {"message": "invalid api token"},
            )
            assert post(address, path, b"")[0] == 401


# --- the models


def test_the_models_are_listed_page_by_page_under_all_their_names(fake):
    first = get(fake, "/cohere/v1/models?page_size=1")[2]
    assert [each["name"] for each in first["models"]] == ["fake"]
    second = get(fake, f"/cohere/v1/models?page_size=1&page_token={first['next_page_token']}")[2]
    assert [each["name"] for each in second["models"]] == ["embed-v4.0"]
    assert second["next_page_token"] == ""
    assert len(get(fake, "/cohere/v1/models?endpoint=embed")[2]["models"]) == 2
    assert get(fake, "/cohere/v1/models?endpoint=chat")[2]["models"] == []
    assert len(get(fake, "/cohere/v1/models?endpoint=embed&default_only=true")[2]["models"]) == 1
    assert get(fake, "/cohere/v1/models?page_token=x")[0] == 400


def test_a_model_is_described(fake):
    body = get(fake, "/cohere/v1/models/embed-v4.0")[2]
    assert (body["name"], body["endpoints"], body["context_length"]) == ("embed-v4.0", ["embed"], 100)
    assert get(fake, "/cohere/v1/models/other")[0] == 404


# --- the other half


@pytest.mark.parametrize("on_long", ["truncate", "truncate_start", "error"])
@pytest.mark.parametrize("dimensions", [None, 8])
def test_what_our_client_asks_is_what_our_server_reads(on_long, dimensions):
    asked = Asked(["a", "b"], "m", task="search_query", dimensions=dimensions, on_long=on_long)
    request = CohereClient().build_request(Service("cohere", "http://x", "k"), asked)
    read = CohereServer().parse_request(Incoming("POST", "/v2/embed", body=request.body))
    assert (read.texts, read.model, read.encodings, read.ignored) == (["a", "b"], "m", ("float32",), ())
    wanted = {"task": "search_query", "dimensions": dimensions, "on_long": on_long}
    assert read.options == {name: value for name, value in wanted.items() if value is not None}


def test_our_provider_gets_the_very_numbers(fake):
    texts = ["a", "b", "ein Text"] * 50
    with Embedder("cohere:fake", base_url=fake, api_key="k") as remote:
        np.testing.assert_array_equal(remote.embed(texts).vectors, vectors(*texts))
