"""Which widths a model was trained to be cut to."""

import warnings

import pytest

from fake_generator import FakeGenerator
from vecsmith import Embedder, EmbedWarning
from vecsmith.matryoshka import trained_sizes
from vecsmith.providers import Identity


@pytest.mark.parametrize(
    ("model", "native", "sizes"),
    [
        ("nomic-ai/nomic-embed-text-v1.5", 768, (64, 128, 256, 512)),
        ("nomic-ai/nomic-embed-text-v1", 768, ()),
        ("google/embeddinggemma-300m", 768, (128, 256, 512)),
        ("Snowflake/snowflake-arctic-embed-l-v2.0", 1024, (256,)),
        ("Snowflake/snowflake-arctic-embed-l", 1024, ()),
        ("minilm", 384, ()),
    ],
)
def test_the_widths_of_known_models(model, native, sizes):
    assert trained_sizes(model, native) == sizes


def test_a_family_may_take_any_width_from_one_up():
    sizes = trained_sizes("Qwen/Qwen3-Embedding-0.6B", 1024)
    assert (sizes[0], sizes[-1], len(sizes)) == (32, 1023, 992)


def test_only_widths_that_a_model_was_not_trained_for_are_warned_of():
    class Trained(FakeGenerator):
        def identity(self, options):
            known = super().identity(options)
            return Identity(known.space, known.normalizes, known.parts, sizes=(4, 8))

    with Embedder.from_generator(Trained()) as embedder:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert embedder.embed("a", dimensions=8).space.cut
        with pytest.warns(EmbedWarning, match="to 5 dimensions, which costs accuracy: it was for 4, 8"):
            embedder.embed("a", dimensions=5)
