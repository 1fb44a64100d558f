"""Jina's format, over real HTTP."""

import asyncio

import numpy as np
import pytest

from asking import ask, unpacked, vectors
from served import serving
from vecsmith import AsyncEmbedder
from vecsmith.testing import FakeGenerator


@pytest.fixture(scope="module")
def fake():
    return FakeGenerator(longest=100, normalizes=False)


@pytest.fixture(scope="module")
def address(fake):
    with serving({"fake": fake}) as (address, _):
        yield address


@pytest.fixture(scope="module")
def late(tiny):
    _, embedder = tiny
    with serving({"tiny": embedder.generator}) as (address, _):
        yield address


def embed(address, **wish):
    status, _, body = ask(address, "/jina/v1/embeddings", {"input": ["a", "b"], **wish})
    assert status == 200, body
    return body


@pytest.mark.parametrize(
    ("word", "task"),
    [
        ("retrieval.query", "retrieval_query"),
        ("retrieval.passage", "retrieval_document"),
        ("text-matching", "semantic_similarity"),
        ("classification", "classification"),
        ("separation", "clustering"),
        ("clustering", "clustering"),
        ("code.query", "code_retrieval_query"),
        ("code.passage", "retrieval_document"),
        ("nl2code.query", "code_retrieval_query"),
        ("nl2code.passage", "retrieval_document"),
        ("qa.query", "question_answering"),
        ("code2completion.passage", "retrieval_document"),
    ],
)
def test_its_tasks_are_understood(address, fake, word, task):
    embed(address, task=word)
    assert fake.calls[-1].task == task


def test_vectors_are_of_length_one_unless_the_client_says_no(address, fake):
    np.testing.assert_allclose(np.linalg.norm(vectors(embed(address)), axis=1), 1, rtol=1e-6)
    raw = np.array(vectors(embed(address, normalized=False)), np.float32)
    np.testing.assert_array_equal(raw, [fake.vector("a"), fake.vector("b")])


def test_the_usage_has_its_two_members(address):
    assert embed(address)["usage"] == {"total_tokens": 2, "prompt_tokens": 2}


def test_numbers_come_in_the_kind_that_is_asked(address):
    floats = np.array(vectors(embed(address)), np.float32)
    packed = vectors(embed(address, embedding_type="base64"))
    np.testing.assert_array_equal([unpacked(row) for row in packed], floats)
    bits = np.packbits(floats > 0, axis=1)
    np.testing.assert_array_equal(vectors(embed(address, embedding_type="ubinary")), bits)
    np.testing.assert_array_equal(vectors(embed(address, embedding_type="binary")), bits.astype(int) - 128)


def test_several_kinds_of_number_are_an_object_by_kind(address):
    for kinds in (["float"], ["base64", "float", "binary"]):
        for row in vectors(embed(address, embedding_type=kinds)):
            assert set(row) == set(kinds)
            assert len(row["float"]) == 16


def test_long_texts_are_refused_unless_the_client_lets_them_be_cut(address):
    status, _, body = ask(address, "/jina/v1/embeddings", {"input": "a" * 101})
    assert (status, set(body)) == (400, {"detail", "code", "request_id"})
    assert ask(address, "/jina/v1/embeddings", {"input": "a" * 101, "truncate": True})[0] == 200


def test_objects_with_a_text_are_texts_wherever_they_stand(address):
    assert vectors(embed(address, input=["a", {"text": "b"}])) == vectors(embed(address))
    assert vectors(embed(address, input={"text": "a"})) == vectors(embed(address))[:1]


@pytest.mark.parametrize("kind", ["image", "pdf"])
def test_what_is_no_text_is_named_and_not_repeated(address, kind):
    status, headers, body = ask(address, "/jina/v1/embeddings", {"input": ["a", {kind: "secret-words"}]})
    assert (status, body["request_id"]) == (400, headers["x-request-id"])
    assert f"'$.input[1]' has {kind!r}" in body["detail"]
    assert "secret" not in body["detail"]


@pytest.mark.parametrize(
    ("wish", "status", "said"),
    [
        ({"input": []}, 422, "at least one text"),
        ({"input": ["a", 1]}, 422, "'$.input[1]' must be a string"),
        ({"embedding_type": []}, 422, "empty list"),
        ({"embedding_type": "hex"}, 422, "'$.embedding_type' is invalid"),
        ({"return_multivector": True}, 400, "not done here"),
        ({"task": "fly"}, 400, "not a task"),
        ({"output_dimension": 4}, 422, "did you mean 'dimensions'"),
    ],
)
def test_other_input_is_refused(address, wish, status, said):
    answered, _, body = ask(address, "/jina/v1/embeddings", {"input": "a", **wish})
    assert (answered, said in body["detail"]) == (status, True)
    assert ("errors" in body) == (status == 422)


def test_a_model_that_is_not_served_has_its_own_status_and_code(address):
    status, _, body = ask(address, "/jina/v1/embeddings", {"input": "a", "model": "other"})
    assert (status, body["code"]) == (400, "INPUT_MODEL_NOT_FOUND")
    (model,) = ask(address, "/jina/v1/models")[2]["data"]
    assert (model["id"], model["context_length"], model["pricing"]) == ("fake", 100, {"prompt": "0"})


PARTS = ["the cat", "a dog", "the dog, the cat"]
TOKENS = [2, 2, 5]


def test_late_chunking_reads_each_text_among_the_others(late, tiny):
    _, embedder = tiny
    status, _, body = ask(late, "/jina/v1/embeddings", {"input": PARTS, "late_chunking": True, "normalized": False})
    read = asyncio.run(embedder.generator.token_vectors(" ".join(PARTS)))
    parts = np.split(read[1:-1], np.cumsum(TOKENS)[:-1])  # without the special tokens
    assert status == 200
    np.testing.assert_allclose(vectors(body), [part.mean(axis=0) for part in parts], rtol=0, atol=1e-5)
    assert body["usage"]["total_tokens"] == len(read)


def test_late_chunking_is_done_to_a_width_and_a_length(late):
    wish = {"input": PARTS, "late_chunking": True, "dimensions": 8}
    rows = np.array(vectors(ask(late, "/jina/v1/embeddings", wish)[2]))
    assert rows.shape == (3, 8)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-6)


def test_late_chunking_takes_a_document_that_the_model_reads_in_windows(late):
    status, headers, body = ask(late, "/jina/v1/embeddings", {"input": ["the cat"] * 50, "late_chunking": True})
    assert (status, len(vectors(body)), headers["x-vecsmith-dropped-tokens"]) == (200, 50, "0")


def test_late_chunking_names_a_text_that_has_no_tokens(late):
    status, _, body = ask(late, "/jina/v1/embeddings", {"input": ["the cat", " ", "a dog"], "late_chunking": True})
    assert (status, "input 1: it has no tokens" in body["detail"]) == (400, True)


def test_late_chunking_with_a_cache_gives_the_same_again(tiny):
    _, embedder = tiny
    with serving({"tiny": AsyncEmbedder.from_generator(embedder.generator, cache="memory")}) as (address, _):
        wish = {"input": PARTS, "late_chunking": True}
        first, again = (ask(address, "/jina/v1/embeddings", wish) for _ in range(2))
    assert vectors(first[2]) == vectors(again[2])
    assert (first[1]["x-vecsmith-cached"], again[1]["x-vecsmith-cached"]) == ("0", "3")
