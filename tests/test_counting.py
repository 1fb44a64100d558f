"""Tokens of remote models, counted by the provider's own tokenizer where it is on this machine."""

import asyncio
import socket
from base64 import b64encode
from hashlib import sha1, sha256

import pytest
import tiktoken
from tiktoken.load import load_tiktoken_bpe
from tokenizers import Tokenizer, models, pre_tokenizers

from stub_service import vector_of
from stubs import stub
from tiny_model import word_piece
from vecsmith import ConfigError, Embedder, EmbedWarning
from vecsmith.providers import GenerationOptions, counting
from vecsmith.providers.counting import counter, weighed
from vecsmith.providers.registry import find_provider
from vecsmith.vocabularies import VOCABULARIES, Vocabulary

ADDRESS = "https://tiny.example/tiny.tiktoken"
FILE = sha1(ADDRESS.encode()).hexdigest()
PIECES = [*map(bytes, zip(range(256))), b"ab"]
MERGES = b"".join(b64encode(piece) + b" %d\n" % rank for rank, piece in enumerate(PIECES))


@pytest.fixture
def words(tmp_path):
    """The file of a tokenizer whose tokens are words."""
    tokenizer = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    return str(tmp_path / "tokenizer.json")


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """An encoding of tiktoken's with two letters that belong together, which is not in its cache folder yet."""

    def made():
        ranks = load_tiktoken_bpe(ADDRESS, expected_hash=sha256(MERGES).hexdigest())
        return {"name": "tiny", "pat_str": r"\S+|\s+", "mergeable_ranks": ranks, "special_tokens": {"<|end|>": 257}}

    assert tiktoken.list_encoding_names()  # which looks for them
    monkeypatch.setitem(tiktoken.registry.ENCODING_CONSTRUCTORS, "tiny", made)
    monkeypatch.setattr(tiktoken.registry, "ENCODINGS", {})
    monkeypatch.setitem(VOCABULARIES, "tiny", Vocabulary(FILE, sha256(MERGES).hexdigest()))
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def offline(monkeypatch):
    """No name is looked up and nothing is connected to."""

    def refuse(*arguments):
        raise AssertionError(arguments)

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def generator(provider, model, address="http://127.0.0.1:9/v1", **row):
    found = find_provider(provider)
    settings = found.settings_type()(api_key="k", base_url=address, rows={f"{provider}:{model}": row})
    return found.embeddings().create_generator(settings, model)


def small(address, tokenizer, **row):
    """Return a model whose requests may have 1,000 tokens."""
    row = {"limits": {"tokens": 1000}, "dimensions": 16, "tokenizer": tokenizer, **row}
    return generator("openai", "text-embedding-3-small", f"{address}/v1", **row)


TEXTS = [f"{number} {'wonderful ' * 49}" for number in range(100)]
"""50 words each, of ten bytes."""


def test_requests_are_filled_to_the_limit_as_the_service_counts_it(words):
    with stub(max_tokens=1000, tokenizer=words) as service:
        with Embedder.from_generator(small(service.address, words)) as embedder:
            result = embedder.embed(TEXTS)
        seen = service.seen()
    assert seen["statuses"] == {"200": 5}
    assert seen["counts"]["tokens"] == result.usage.input_tokens == 5000
    assert list(result.items.tokens) == [50] * 100
    assert (result.vectors == [vector_of(text) for text in TEXTS]).all()


def test_without_its_tokenizer_no_request_is_over_the_limit_either(words):
    with stub(max_tokens=1000, tokenizer=words) as service:
        with Embedder.from_generator(small(service.address, "org/not-here")) as embedder:
            embedder.embed(TEXTS)
        assert service.seen()["statuses"] == {"200": 50}


def test_a_tokenizer_that_counts_too_few_costs_no_text(tmp_path, words):
    tokenizer = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    tokenizer.save(str(tmp_path / "one.json"))  # any text is one token
    with stub(max_tokens=1000, tokenizer=words) as service:
        made = small(service.address, str(tmp_path / "one.json"))
        with Embedder.from_generator(made) as embedder:
            result = embedder.embed(TEXTS)
        assert service.seen()["most"] == 1
    assert (result.vectors == [vector_of(text) for text in TEXTS]).all()
    assert made.limits.items == 2048, "a limit on tokens teaches nothing of how many texts there may be"


@pytest.mark.usefixtures("offline")
def test_an_estimate_is_exact_where_the_tokenizer_is_here(words):
    with Embedder.from_generator(small("http://127.0.0.1:9", words)) as embedder:
        told = embedder.estimate(TEXTS, prompt="for search: ")
    assert (told.tokens, told.requests, told.exact) == (5200, 6, True)


@pytest.mark.usefixtures("offline")
def test_an_estimate_says_that_it_is_none_where_the_tokenizer_is_not_here(tiny):
    with Embedder.from_generator(small("http://127.0.0.1:9", "tiny")) as embedder:
        assert not embedder.estimate(TEXTS).exact
    assert not list(tiny.iterdir())


@pytest.mark.usefixtures("offline")
def test_what_a_service_cuts_off_is_not_estimated(words):
    made = generator("cohere", "embed-v4.0", tokenizer=words, max_tokens=30)
    cut, refused = (made.estimate(TEXTS, GenerationOptions(on_long=on_long)) for on_long in ("truncate", "error"))
    assert (cut.tokens, refused.tokens) == (3000, 5000)


def long_and_short(address, **row):
    """Embed a text of 50 tokens and one of 2 with a service that cuts at 30."""
    made = generator("cohere", "embed-v4.0", f"{address}/cohere", max_tokens=30, dimensions=16, **row)
    with Embedder.from_generator(made) as embedder:
        return embedder.embed(["wonderful " * 50, "a fish"], on_long="truncate").items


def test_what_a_service_cuts_off_in_silence_is_told_where_its_tokenizer_is_here(words):
    with stub() as service:
        items = long_and_short(service.address, tokenizer=words)
    assert list(items.dropped) == [20, 0]
    assert items.tokens[0] == round(sum(items.tokens) * 30 / 32), "what was cut off cost nothing"


def test_a_cut_text_warns_as_a_local_models_does(words):
    with stub() as service:
        made = generator("cohere", "embed-v4.0", f"{service.address}/cohere", max_tokens=30, tokenizer=words)
        with Embedder.from_generator(made) as embedder, pytest.warns(EmbedWarning, match="20 tokens at their ends"):
            embedder.embed("wonderful " * 50, dimensions=256)


@pytest.mark.parametrize(
    ("text", "row", "dropped"),
    [
        ("wonderful " * 50, {"max_tokens": 30}, None),
        ("wonderful", {"max_tokens": 30}, [0]),
        ("wonderful", {}, [0]),
    ],
)
def test_a_generator_says_so_where_it_is_not_known_what_was_cut_off(text, row, dropped):
    with stub(width=1536) as service:
        made = generator("cohere", "embed-v4.0", f"{service.address}/cohere", **row)
        assert asyncio.run(made.generate([text])).dropped == dropped
        asyncio.run(made.aclose())


def test_a_service_that_refuses_long_texts_has_cut_none():
    with stub() as service:
        made = small(service.address, "", max_tokens=3)
        assert asyncio.run(made.generate(["a long text"])).dropped == [0]
        asyncio.run(made.aclose())


@pytest.mark.usefixtures("offline")
def test_what_a_service_puts_before_a_text_is_counted(words):
    made = generator("voyage", "voyage-4", tokenizer=words)
    told = [made.estimate(["a fish"], GenerationOptions(task=task)).tokens for task in (None, "retrieval_document")]
    assert told == [2, 7]


@pytest.mark.usefixtures("offline")
def test_tiktokens_own_file_is_used_where_it_lies(tiny):
    (tiny / FILE).write_bytes(MERGES)
    count = counter("tiny")
    assert count(["abab", "ba", "", "<|end|>", "é"]) == [2, 2, 0, 7, 2]


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("name", ["tiny", "cl100k_base"])
def test_nothing_is_fetched_where_the_file_is_not_there(tiny, name):
    assert counter(name) is None


@pytest.mark.usefixtures("offline")
def test_a_file_that_is_not_the_right_one_is_neither_used_nor_fetched_again(tiny):
    (tiny / FILE).write_bytes(MERGES[:-1])
    assert counter("tiny") is None
    assert (tiny / FILE).exists()


@pytest.mark.usefixtures("offline")
def test_a_tiktoken_that_keeps_nothing_is_not_asked(tiny, monkeypatch):
    (tiny / FILE).write_bytes(MERGES)
    monkeypatch.chdir(tiny)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")
    assert counter("tiny") is None


@pytest.mark.usefixtures("offline")
def test_a_tokenizer_in_the_hugging_face_cache_counts_with_its_special_tokens(tmp_path, monkeypatch):
    from huggingface_hub import constants

    folder = tmp_path / "models--org--model"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs/main").write_text("1234")
    (folder / "snapshots/1234").mkdir(parents=True)
    word_piece().save(str(folder / "snapshots/1234/tokenizer.json"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert counter("org/model")(["the cat", "the " * 50]) == [4, 52]
    assert counter("org/other") is None


@pytest.mark.parametrize("name", ["cl100k", "/nowhere/tokenizer.json"])
def test_a_tokenizer_that_there_is_none_of_is_said(name):
    with pytest.raises(ConfigError, match="tokenizer"):
        counter(name)


def test_a_text_that_no_model_reads_is_not_counted():
    weights = weighed(["a" * (counting.LONGEST + 1), "b c"], "", lambda texts: [len(text.split()) for text in texts])
    assert (weights.tokens, weights.exact) == ([counting.LONGEST + 1, 2], False)


def test_every_row_of_the_catalogue_names_a_tokenizer_that_can_be():
    for provider in ("openai", "azure", "voyage"):
        capability = find_provider(provider).embeddings()
        settings = find_provider(provider).settings_type()(api_key="k", base_url="http://127.0.0.1:9")
        for model in capability.models(settings):
            counter(model.tokenizer)  # which raises for what cannot be one
