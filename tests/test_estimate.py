"""What a call would consume is told before anything is sent."""

import pytest

from fake_generator import FakeGenerator
from vecsmith import ConfigError, Embedder, Estimate


def test_a_local_estimate_is_what_the_call_then_reads(tiny):
    _, embedder = tiny
    texts = ["the cat", "the dog and the cat " * 40, "the cat"]
    told = embedder.estimate(texts, on_long="truncate", prompt="the ")
    assert told.exact
    assert told.tokens == embedder.embed(texts, on_long="truncate", prompt="the ").usage.input_tokens


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


def test_what_is_not_known_is_not_told():
    assert Estimate(10).seconds is None
    assert (Estimate(10) + Estimate(5, cost=1.0)) == Estimate(15, cost=1.0)


def test_a_generator_that_cannot_say_is_told_how():
    with Embedder.from_generator(FakeGenerator()) as embedder, pytest.raises(ConfigError, match="method 'estimate'"):
        embedder.estimate("a")
