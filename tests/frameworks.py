"""What the tests of the drop-ins for frameworks share: models, the originals where they are installed, a provider."""

from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import pytest

from fake_generator import FakeGenerator
from reference_models import MODELS
from vecsmith import Embedder
from vecsmith.providers import EmbeddingCapability, Provider, Settings, provider, setting
from vecsmith.providers.plugin import registered

PLAIN = str(MODELS / "bert")
"""A tiny model without prompts, whose vectors are not normalised."""
PROMPTED = str(MODELS / "bert-prompts")
"""One with two prompts in its files, the default one of them not empty."""
QUERY = "search for: "

DOCUMENTS = ["the cat sleeps", "a dog runs", "we ship on weekdays"]

SECRET = "sk-never-to-be-shown"


def sides(ours, package, name):
    """Return our class and, where it is installed with what it stands on, the original, as parameters."""
    there = all(find_spec(each) for each in (package.partition(".")[0], "sentence_transformers", "torch"))
    try:
        original = [pytest.param(getattr(import_module(package), name), id="original")] if there else []
    except ImportError:  # one of its parts is not installed
        original = []
    return [pytest.param(ours, id="ours"), *original]


@cache
def opened(model):
    """Return the one embedder of a tiny model in f32, which stays open."""
    return Embedder(model, compute="f32", threads=1)


def expected(model, texts, **options):
    """Return what `Embedder` gives, in f32, with no prompt unless one is named."""
    return opened(model).embed(texts, **options).vectors


def assert_close(vectors, wanted, least=0.999):
    """Hold vectors to others, whose arithmetic may be finer: directions and lengths."""
    vectors, wanted = np.asarray(vectors, np.float64), np.asarray(wanted, np.float64)
    assert vectors.shape == wanted.shape
    lengths = np.linalg.norm(vectors, axis=-1), np.linalg.norm(wanted, axis=-1)
    assert ((vectors * wanted).sum(-1) / (lengths[0] * lengths[1])).min() >= least
    np.testing.assert_allclose(*lengths, rtol=0.02)


class StandSettings(Settings):
    """A service that may have a key."""

    api_key: str | None = setting("key", default=None, secret=True)


@contextmanager
def standing(*generators, **known):
    """Register the provider ``stand``, which gives these generators in turn, then the last one again."""
    left = list(generators) or [FakeGenerator()]
    before = dict(registered)

    class Capability(EmbeddingCapability[StandSettings]):
        async def get_models(self, settings):
            return []

        def create_generator(self, settings, model=None):
            known.setdefault("keys", []).append(settings.api_key)
            return left.pop(0) if len(left) > 1 else left[0]

    @provider("stand", "A stand-in")
    class Stand(Provider[StandSettings]):
        capabilities = (Capability,)

    try:
        yield known
    finally:
        registered.clear()
        registered.update(before)
