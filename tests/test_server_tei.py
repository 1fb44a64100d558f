"""Text Embeddings Inference and Hugging Face Inference, as served."""

import json

import numpy as np
import pytest

from asking import asked
from served import serving
from vecsmith import Embedder
from vecsmith.dialects import Asked
from vecsmith.dialects.huggingface import HuggingFaceClient, HuggingFaceFeatures
from vecsmith.dialects.serving import Incoming, Problem
from vecsmith.dialects.tei import TEIClient
from vecsmith.dialects.tei_server import TEIEmbed
from vecsmith.testing import FakeGenerator
from vecsmith.wire import Service

TEXTS = ["a cat", "ein Hund", "日本"]


class Locked:
    """Lets nobody in."""

    def caller(self, incoming):
        raise Problem("key", "this key is none of ours")


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def fake():
    with serving(
        {"fake": FakeGenerator(longest=100, normalizes=False), "other": FakeGenerator(8)},
        aliases={"acme/fake": "fake"},
        max_batch=40,
    ) as (address, _):
        yield address


@pytest.fixture(scope="module")
def minilm():
    with Embedder("minilm") as embedder, serving({"minilm": embedder._embedder}) as (address, _):
        yield address, embedder


@pytest.mark.parametrize("path", ["/embed", "/tei/embed", "/tei", "/tei/", "/", "/tei/invocations"])
def test_one_text_is_answered_with_a_list_of_one_unit_vector(fake, path):
    said = asked(fake, path, {"inputs": "a cat"})
    assert said.status == 200
    np.testing.assert_allclose(said.body, unit(FakeGenerator().vector("a cat")[None]), atol=1e-6)


def test_vectors_are_as_the_model_makes_them_where_that_is_asked(fake):
    said = asked(fake, "/tei/embed", {"inputs": TEXTS, "normalize": False})
    np.testing.assert_array_equal(np.float32(said.body), [FakeGenerator().vector(text) for text in TEXTS])
    assert said.headers["x-compute-tokens"] == said.headers["x-compute-characters"] == "15"
    assert said.headers["x-total-time"].isdecimal()


def test_vectors_are_cut_before_they_are_normalised(fake):
    said = asked(fake, "/embed", {"inputs": TEXTS, "dimensions": 4})
    expected = unit(np.array([FakeGenerator().vector(text)[:4] for text in TEXTS]))
    np.testing.assert_allclose(said.body, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"inputs": []}, 400, "Empty"),
        ({"inputs": ""}, 422, "Validation"),
        ({"inputs": ["a", ""]}, 422, "Validation"),
        ({"inputs": ["a", 1]}, 422, "Validation"),
        ({"inputs": [[1], "a"]}, 422, "Validation"),
        ({"inputs": [[]]}, 422, "Validation"),
        ({"inputs": 5}, 422, "Validation"),
        ({"input": "a"}, 422, "Validation"),
        ({}, 422, "Validation"),
        (b"not json", 422, "Validation"),
        ({"inputs": "a", "dimensions": 0}, 422, "Validation"),
        ({"inputs": "a", "dimensions": 17}, 422, "Validation"),
        ({"inputs": "a", "truncation_direction": "Up"}, 422, "Validation"),
        ({"inputs": "b" * 101, "truncate": False}, 422, "Validation"),
        ({"inputs": ["a"] * 41}, 422, "Validation"),
        ({"inputs": "a", "model": "unheard-of"}, 404, "Validation"),
        ({"inputs": "a", "prompt_name": "query"}, 501, "Backend"),
        ({"inputs": [[1, 2]]}, 501, "Backend"),
    ],
)
def test_what_cannot_be_embedded_is_refused_by_type(fake, body, status, kind):
    said = asked(fake, "/tei/embed", body)
    assert (said.status, said.body["error_type"]) == (status, kind)
    assert set(said.body) == {"error", "error_type"}
    assert said.body["error"]


def test_a_long_text_loses_the_end_that_the_request_names(fake):
    long = "x" * 5 + "y" * 100
    ends = {"truncate": True, "truncation_direction": "Left"}
    assert asked(fake, "/embed", {"inputs": long}).headers["x-vecsmith-dropped-tokens"] == "5"
    assert asked(fake, "/embed", {"inputs": long, **ends}).status == 200
    parsed = [TEIEmbed().parse_request(Incoming("POST", "/", body=json.dumps({"inputs": "a", **each}).encode()))
              for each in (ends, {"truncation_direction": "left"}, {"truncate": False}, {})]  # fmt: skip
    assert [each.options.get("on_long") for each in parsed] == ["truncate_start", None, "error", None]
    assert [each.on_long for each in parsed] == ["truncate_start", "truncate_start", "truncate", "truncate"]


def test_another_model_can_be_named_in_body_and_query(fake):
    assert len(asked(fake, "/embed", {"inputs": "a", "model": "other"}).body[0]) == 8
    assert len(asked(fake, "/embed?model=other", {"inputs": "a"}).body[0]) == 8
    assert len(asked(fake, "/tei", {"inputs": "a"}).body[0]) == 16


def test_the_openai_route_is_flat_in_its_errors_and_calls_the_model_as_it_is_served(fake):
    said = asked(fake, "/embeddings", {"input": ["a"], "model": "whatever"})
    assert said.body["model"] == "fake"
    np.testing.assert_allclose(said.body["data"][0]["embedding"], unit(FakeGenerator().vector("a")[None])[0], atol=1e-6)
    said = asked(fake, "/tei/v1/embeddings", {"input": ["a", ""]})
    assert said.status == said.body["code"] == 422
    assert set(said.body) == {"message", "code", "type"}


@pytest.mark.parametrize("path", ["/tei/embed", "/tei/v1/embeddings", "/tokenize", "/info"])
def test_a_wrong_key_is_answered_with_an_empty_401(path):
    with serving(access=Locked()) as (address, _):
        said = asked(address, path, None if path == "/info" else {"inputs": "a", "input": "a"})
        assert (said.status, said.body) == (401, b"")


@pytest.mark.parametrize("path", ["/rerank", "/tei/predict", "/embed_sparse"])
def test_what_other_models_do_is_refused_in_words(fake, path):
    said = asked(fake, path, {"query": "a", "texts": ["b"]})
    assert said.status == 501
    assert "/embed" in said.body["error"]


def test_similarity_is_the_cosine_with_each_sentence(fake):
    pair = {"source_sentence": "a cat", "sentences": ["a cat", "b"]}
    vectors = unit(np.array([FakeGenerator().vector(text) for text in ("a cat", "a cat", "b")]))
    for path in ("/similarity", "/tei", "/hf-inference/models/acme/fake/pipeline/sentence-similarity"):
        said = asked(fake, path, {"inputs": pair, "parameters": {"truncate": True}})
        np.testing.assert_allclose(said.body, vectors[1:] @ vectors[0], atol=1e-6)
    said = asked(fake, "/similarity", {"inputs": {**pair, "sentences": []}})
    assert (said.status, said.body["error_type"]) == (400, "Empty")


def test_info_tells_what_our_own_client_needs(fake):
    told = asked(fake, "/tei/info").body
    assert (told["model_id"], told["max_input_length"], told["max_client_batch_size"]) == ("fake", 100, 40)
    assert asked(fake, "/info?model=other").body["max_input_length"] == 10_000


def test_our_own_client_gets_the_same_numbers_by_every_way(fake):
    own = Embedder.from_generator(FakeGenerator(longest=100, normalizes=False))
    expected = own.embed(TEXTS, normalize=False).vectors
    with Embedder("tei:fake", base_url=fake + "/tei") as tei:
        np.testing.assert_array_equal(tei.embed(TEXTS, normalize=False).vectors, expected)
    with Embedder("huggingface:acme/fake", base_url=fake + "/hf-inference", api_key="any") as face:
        np.testing.assert_array_equal(face.embed(TEXTS, normalize=False).vectors, expected)
    with Embedder("huggingface:acme/fake", base_url=fake + "/tei", api_key="any") as face:
        np.testing.assert_array_equal(face.embed(TEXTS, normalize=False).vectors, expected)


@pytest.mark.parametrize("on_long", ["truncate", "truncate_start", "error"])
def test_what_our_own_clients_write_is_read_as_it_was_meant(on_long):
    question = Asked(TEXTS, "acme/fake", dimensions=None, on_long=on_long)
    service = Service("tei", "http://host/hf-inference")
    for client, side in ((TEIClient(), TEIEmbed()), (HuggingFaceClient(), HuggingFaceFeatures())):
        body = client.build_request(service, question).body
        read = side.parse_request(Incoming("POST", "/", {"id": "acme/fake"}, body=body))
        assert (read.texts, read.model) == (TEXTS, "acme/fake")
        assert read.options == {"on_long": on_long, "normalize": False}


def test_hugging_face_says_its_errors_in_one_member(fake):
    said = asked(fake, "/hf-inference/models/un/known/pipeline/feature-extraction", {"inputs": "a"})
    assert said.status == 404
    assert set(said.body) == {"error"}


def test_the_models_own_token_ids_stand_for_their_text(minilm):
    address, embedder = minilm
    ids = [[each["id"] for each in row] for row in asked(address, "/tokenize", {"inputs": ["a cat", "a dog"]}).body]
    expected = embedder.embed(["a cat", "a dog"]).vectors
    np.testing.assert_allclose(asked(address, "/embed", {"inputs": ids}).body, expected, atol=1e-3)
    np.testing.assert_allclose(asked(address, "/embed", {"inputs": ids[0]}).body, expected[:1], atol=1e-3)
    said = asked(address, "/tei/v1/embeddings", {"input": ids}).body
    np.testing.assert_allclose([each["embedding"] for each in said["data"]], expected, atol=1e-3)
    assert asked(address, "/embed", {"inputs": [[30_522]]}).status == 422


def test_every_tokens_vector_is_to_be_had(minilm):
    address, embedder = minilm
    said = asked(address, "/embed_all", {"inputs": ["a cat", "cat"]})
    assert [np.shape(row) for row in said.body] == [(4, 384), (3, 384)]
    pooled = unit(np.mean(said.body[0], axis=0)[None])[0]
    np.testing.assert_allclose(pooled, embedder.embed("a cat").vector, atol=2e-3)
    assert said.headers["x-compute-tokens"] == "7"
    assert asked(address, "/embed_all", {"inputs": "a", "dimensions": 4}).status == 422
    assert asked(address, "/embed_all", {"inputs": "a", "on_long": "mean"}).status == 422
    assert asked(address, "/embed_all", {"inputs": ["word " * 300] * 80}).status == 422


def test_a_model_without_tokens_has_no_vectors_of_them(fake):
    assert asked(fake, "/embed_all", {"inputs": "a"}).status == 501


def test_a_prompt_that_the_model_does_not_have_is_refused(minilm):
    said = asked(minilm[0], "/embed", {"inputs": "a", "prompt_name": "query"})
    assert (said.status, said.body["error_type"]) == (422, "Validation")
    assert "prompt_name" in said.body["error"]


@pytest.mark.parametrize("inputs", [[101, [101]], [101, "a"], [[101], 101]])
def test_token_ids_that_are_mixed_with_others_are_refused(inputs):
    with serving() as (address, _):
        said = asked(address, "/embed", {"inputs": inputs})
        assert (said.status, said.body["error_type"]) == (422, "Validation")
