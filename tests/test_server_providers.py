"""Each of our own providers against our own server: the same vectors as without a wire between."""

from contextlib import ExitStack

import numpy as np
import pytest

from served import serving
from vecsmith import Embedder
from vecsmith.providers.registry import BUILT_IN
from vecsmith.testing import FakeGenerator

TEXTS = ["a cat", 'b\n\u2028\U0001f600 "c"', "the parcel arrived on Tuesday " * 5, "d"]

ADDRESSES = {
    "azure": ("",),
    "cohere": ("/cohere", ""),
    "compatible": ("/openai/v1", "/v1"),
    "gemini": ("/gemini", ""),
    "huggingface": ("/hf-inference", "/tei"),
    "jina": ("/jina/v1", "/v1"),
    "mistral": ("/mistral", ""),
    "ollama": ("/ollama", ""),
    "openai": ("/openai/v1", "/v1", "/v1beta/openai"),
    "tei": ("/tei", ""),
    "vecsmith": ("/v1", "/openai/v1"),
    "voyage": ("/voyage/v1", "/v1"),
}
"""Where each finds its service, below the server's address."""

CLOSE = {"exact": 0.999999, "usual": 0.9999}
"""The least cosine to the library in f32: of f32, and of what a machine computes unasked."""

CASES = [(provider, base) for provider, bases in ADDRESSES.items() for base in bases]
every_provider = pytest.mark.parametrize(("provider", "base"), CASES, ids=lambda part: part or "the root")


@pytest.fixture(scope="module")
def fake():
    with serving({"fake": FakeGenerator(24)}, aliases={"org/fake": "fake"}) as (address, _):
        yield address


@pytest.fixture(scope="module")
def minilm():
    """The bundled model in both kinds of arithmetic."""
    models = {"exact": Embedder(compute="f32"), "usual": Embedder()}
    with ExitStack() as opened:
        served = {name: opened.enter_context(model)._embedder for name, model in models.items()}
        yield opened.enter_context(serving(served))[0]


@pytest.fixture(scope="module")
def expected():
    with Embedder(compute="f32") as embedder:
        return embedder.embed(TEXTS).vectors


@pytest.fixture(autouse=True)
def no_version(monkeypatch):
    monkeypatch.delenv("OPENAI_API_VERSION", raising=False)


def embedded(provider, model, address):
    """Return what a provider of ours gets for the texts."""
    key = {} if provider in {"ollama", "tei"} else {"api_key": "any"}
    with Embedder(f"{provider}:{model}", base_url=address, **key) as remote:
        return remote.embed(TEXTS).vectors


def test_no_provider_is_left_out():
    assert set(ADDRESSES) == set(BUILT_IN) - {"local"}


@every_provider
@pytest.mark.parametrize("model", ["fake", "org/fake"])
def test_a_provider_gets_the_vectors_to_the_bit(provider, base, model, fake):
    vectors = embedded(provider, model, fake + base)
    with Embedder.from_generator(FakeGenerator(24)) as own:
        np.testing.assert_array_equal(vectors, own.embed(TEXTS).vectors)


def test_azures_older_addresses_give_the_same(fake, monkeypatch):
    monkeypatch.setenv("OPENAI_API_VERSION", "2024-10-21")
    test_a_provider_gets_the_vectors_to_the_bit("azure", "", "org/fake", fake)


@every_provider
@pytest.mark.parametrize("model", CLOSE)
def test_a_provider_gets_the_bundled_model_s_vectors(provider, base, model, minilm, expected):
    vectors = embedded(provider, model, minilm + base)
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(expected, axis=1)
    assert (np.einsum("ij,ij->i", vectors, expected) / lengths).min() >= CLOSE[model]
