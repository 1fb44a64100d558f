"""The plugin keeps vecsmith's contract, and says what is asked for in Acme's words."""

import numpy as np
import pytest

from acme_service import vector_of
from vecsmith import AuthError, ConfigError, Embedder, InputError
from vecsmith.testing import GeneratorSuite, ProviderSuite
from vecsmith_acme import Acme, AcmeSettings


class TestProvider(ProviderSuite):
    provider = Acme


class TestGenerator(GeneratorSuite):
    def generator(self):
        return Acme.embeddings().create_generator(AcmeSettings.resolve({}))


class TestLargeGenerator(GeneratorSuite):
    def generator(self):
        return Acme.embeddings().create_generator(AcmeSettings.resolve({}), "embedding-large")


def unit(vector):
    return np.array(vector) / np.linalg.norm(vector)


def test_a_models_name_is_enough():
    with Embedder("acme:embedding-small") as embedder:
        result = embedder.embed(["a cat"] * 2 + [f"text {i}" for i in range(200)])
        np.testing.assert_allclose(result[1], unit(vector_of("a cat", 16)), rtol=1e-5)
        np.testing.assert_allclose(result[201], unit(vector_of("text 199", 16)), rtol=1e-5)
        assert result.usage.requests == 3
        assert result.usage.cost == pytest.approx(result.usage.input_tokens * 0.01e-6)


def test_tasks_and_widths_are_asked_for_in_the_services_words():
    with Embedder("acme:embedding-large") as embedder:
        np.testing.assert_allclose(embedder.embed_query("a").vector, unit(vector_of("aska", 32)), rtol=1e-5)
        assert embedder.embed("a", dimensions=16).vectors.shape == (1, 16)
        with pytest.raises(InputError, match="8 dimensions"):
            embedder.embed("a", dimensions=8)


def test_a_refusal_says_what_is_wrong(monkeypatch):
    with Embedder("acme:embedding-small") as embedder, pytest.raises(InputError, match="not fit") as caught:
        embedder.embed(["fine", "refuse me"])
    assert caught.value.index == 1
    with Embedder("acme:other") as embedder, pytest.raises(ConfigError, match="embedding-small"):
        embedder.embed("a")
    monkeypatch.setenv("ACME_API_KEY", "another")
    with Embedder("acme:embedding-small") as embedder, pytest.raises(AuthError):
        embedder.embed("a")
