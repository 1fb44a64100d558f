"""What a call would consume is told before anything is sent."""

import asyncio

import pytest

from fake_generator import FakeGenerator
from stubs import stub
from vecsmith import AsyncEmbedder, Chunking, ConfigError, Embedder, Estimate, estimate
from vecsmith.providers.registry import find_provider


def test_a_local_estimate_is_what_the_call_then_reads(tiny):
    _, embedder = tiny
    texts = ["the cat", "the dog and the cat " * 40, "the cat"]
    told = embedder.estimate(texts, on_long="truncate", prompt="the ")
    assert told.exact
    assert told.tokens == embedder.embed(texts, on_long="truncate", prompt="the ").usage.input_tokens


@pytest.mark.parametrize("on_long", ["chunk", "mean", "late"])
@pytest.mark.parametrize("chunking", [None, Chunking("token", 12, 3)])
def test_what_is_cut_into_pieces_is_estimated_piece_by_piece(tiny, on_long, chunking):
    _, embedder = tiny
    texts = ["the cat", "the dog and the cat " * 40, "a bird over the cat " * 5]
    asked = {"on_long": on_long, "chunking": chunking, "prompt": "the "}
    assert embedder.estimate(texts, **asked).tokens == embedder.embed(texts, **asked).usage.input_tokens


def test_pieces_cannot_be_estimated_without_the_tokenizer_that_cuts_them(tiny):
    with Embedder("openai:some-model", api_key="k") as remote, pytest.raises(ConfigError, match="tokenizer"):
        remote.estimate("a fish", on_long="chunk")


def test_a_remote_estimate_counts_requests_and_money(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    (tmp_path / "vecsmith.toml").write_text(
        "[providers.openai]\nrequests_per_minute = 60\ntokens_per_minute = 1000000\n"
    )
    with Embedder("openai:text-embedding-3-small", api_key="k") as embedder:
        told = embedder.estimate(f"{number:04d}" for number in range(5000))
    assert (told.tokens, told.requests, told.exact) == (5000, 3, False)
    assert told.cost == pytest.approx(5000 * 0.02 / 1e6)
    assert told.seconds == pytest.approx(3)


@pytest.fixture
def keyless(tmp_path, monkeypatch):
    """A machine without any key."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VECSMITH_HOME", str(tmp_path))
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "http://127.0.0.1:9")
    for provider in REMOTE:
        for field in find_provider(provider).settings_type().fields.values():
            for variable in field.env if field.secret else ():
                monkeypatch.delenv(variable, raising=False)


REMOTE = ("azure", "cohere", "gemini", "huggingface", "jina", "mistral", "ollama", "openai", "together", "voyage")


@pytest.mark.usefixtures("keyless")
@pytest.mark.parametrize("provider", REMOTE)
def test_an_estimate_needs_no_key(provider):
    told = estimate(["a fish", "two fish", "a fish"], f"{provider}:some-model")
    assert (told.tokens, told.requests) == (4, 1)


@pytest.mark.usefixtures("keyless")
@pytest.mark.parametrize("provider", ["azure", "openai", "voyage"])
def test_a_missing_key_is_still_said_at_once_where_texts_are_to_be_embedded(provider):
    field = find_provider(provider).settings_type().fields["api_key"]
    with pytest.raises(ConfigError, match=f"set {field.env[0]}"):
        Embedder(f"{provider}:some-model")


@pytest.mark.usefixtures("keyless")
def test_an_embedder_that_has_estimated_without_a_key_still_wants_one_to_embed():
    async def work(address):
        embedder = AsyncEmbedder("openai:m", base_url=f"{address}/v1")
        assert (await embedder.estimate("a")).requests == 1
        with pytest.raises(ConfigError, match="OPENAI_API_KEY"):
            await embedder.embed("a")

    with stub() as service:
        asyncio.run(work(service.address))
        assert service.seen()["statuses"] == {}


def test_what_is_not_known_is_not_told():
    assert Estimate(10).seconds is None
    assert (Estimate(10) + Estimate(5, cost=1.0)) == Estimate(15, cost=1.0)


def test_a_generator_that_cannot_say_is_told_how():
    with Embedder.from_generator(FakeGenerator()) as embedder, pytest.raises(ConfigError, match="method 'estimate'"):
        embedder.estimate("a")
