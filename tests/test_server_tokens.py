"""What is asked of a model's own tokenizer over HTTP."""

import json

import pytest

from asking import asked
from served import serving
from vecsmith import Embedder
from vecsmith.dialects.serving import Incoming, Problem
from vecsmith.server.works.tokens import METHODS
from vecsmith.testing import FakeGenerator


@pytest.fixture(scope="module")
def address():
    with Embedder("minilm") as embedder:
        models = {"minilm": embedder._embedder, "fake": FakeGenerator()}
        with serving(models) as (where, _):
            yield where


def test_tokens_have_ids_words_and_places_in_bytes(address):
    (row,) = asked(address, "/tokenize", {"inputs": "Füße dig"}).body
    assert row[0] == {"id": 101, "text": "[CLS]", "special": True, "start": None, "stop": None}
    own = row[1:-1]
    assert not any(each["special"] for each in own)
    raw = "Füße dig".encode()
    assert [raw[each["start"] : each["stop"]].decode() for each in own] == [each["text"] for each in own]
    assert own[-1]["text"] == "dig"


def test_special_tokens_may_be_left_out(address):
    said = asked(address, "/tei/tokenize", {"inputs": ["a cat", "b"], "add_special_tokens": False})
    assert [len(row) for row in said.body] == [2, 1]


def test_what_no_tokenizer_can_read_is_replaced_and_not_lost(address):
    assert asked(address, "/tokenize", b'{"inputs": "a\\ud800b\\u0000c"}').status == 200


def test_ids_are_written_as_text(address):
    ids = [each["id"] for each in asked(address, "/tokenize", {"inputs": "a cat"}).body[0]]
    assert asked(address, "/decode", {"ids": ids}).body == ["a cat"]
    assert asked(address, "/decode", {"ids": [ids, ids]}).body == ["a cat"] * 2
    assert asked(address, "/decode", {"ids": ids, "skip_special_tokens": False}).body == ["[CLS] a cat [SEP]"]


@pytest.mark.parametrize("ids", [[], [-1], [10**12], [2**64], [30_522], [[1], 2], ["a"]])
def test_ids_that_are_none_are_refused(address, ids):
    said = asked(address, "/tei/decode", {"ids": ids})
    assert said.status in {400, 422}
    assert said.body["error"]


def test_a_list_of_tokens_that_would_be_too_long_is_refused(address):
    assert asked(address, "/tokenize", {"inputs": "word " * 200_001}).status == 413
    assert asked(address, "/tokenize", {"inputs": "word " * 10_000}).status == 200


def test_a_model_without_a_tokenizer_says_so(address):
    assert asked(address, "/tokenize", {"inputs": "a", "model": "fake"}).status == 501
    assert asked(address, "/cohere/v1/tokenize", {"text": "a", "model": "fake"}).status == 501


def test_cohere_gets_ids_and_words_and_text_again(address):
    said = asked(address, "/cohere/v1/tokenize", {"text": "a cat", "model": "minilm"}).body
    assert said["token_strings"] == ["a", "cat"]
    again = asked(address, "/v1/detokenize", {"tokens": said["tokens"], "model": "minilm"}).body
    assert again["text"] == "a cat"
    said = asked(address, "/cohere/v1/tokenize", {"text": "", "model": "minilm"})
    assert (said.status, set(said.body)) == (400, {"message"})
    assert asked(address, "/cohere/v1/tokenize", {"text": "a", "model": "unheard-of"}).status == 404


@pytest.mark.parametrize(
    ("method", "body", "texts"),
    [
        ("countTokens", {"contents": [{"role": "user", "parts": [{"text": "a"}, {"text": "b"}]}]}, ["a", "b"]),
        ("countTokens", {"generateContentRequest": {"contents": [{"parts": [{"text": "a"}]}]}}, ["a"]),
        ("countTokens", {"generate_content_request": {"contents": [{"parts": [{"text": "a"}]}]}}, ["a"]),
        ("countTextTokens", {"prompt": {"text": "a"}}, ["a"]),
    ],
)
def test_googles_methods_are_read(method, body, texts):
    side, _ = METHODS[method]
    named = {"model": "openai:small"}
    request = side.parse_request(Incoming("POST", "/", named, body=json.dumps(body).encode()))
    assert (request.texts, request.model) == (texts, "openai:small")


def test_googles_methods_count_tokens_without_special_ones(address):
    contents = [{"parts": [{"text": "a cat"}]}, {"parts": [{"text": "word " * 1000}]}]
    for base in ("/v1beta", "/gemini/v1beta"):
        said = asked(address, f"{base}/models/minilm:countTokens", {"contents": contents})
        assert (said.status, said.body["totalTokens"]) == (200, 1002)
        said = asked(address, f"{base}/models/minilm:countTextTokens", {"prompt": {"text": "a cat"}})
        assert said.body == {"tokenCount": 2}
    said = asked(address, "/v1beta/models/fake:countTokens", {"contents": contents})
    assert (said.status, said.body["error"]["status"]) == (501, "UNIMPLEMENTED")


def test_googles_counts_are_written_in_their_own_words():
    tokens, texts = (METHODS[name][0] for name in ("countTokens", "countTextTokens"))
    assert json.loads(tokens.render_response(3, None).body)["totalTokens"] == 3
    assert json.loads(texts.render_response(3, None).body) == {"tokenCount": 3}
    refused = json.loads(tokens.render_error(Problem("model", "no")).body)["error"]
    assert (refused["code"], refused["status"]) == (404, "NOT_FOUND")
