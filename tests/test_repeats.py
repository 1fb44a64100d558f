"""A text that a call holds several times is embedded once, however many windows lie between its places."""

import asyncio

import numpy as np
import pytest

from fake_generator import FakeGenerator
from vecsmith import AsyncEmbedder, Chunking, Embedder, InputError
from vecsmith.windows import WINDOW_TEXTS

FEW = [f"text {i}" for i in range(50)]
MANY = FEW * (3 * WINDOW_TEXTS // len(FEW))


@pytest.mark.parametrize("cache", [None, "memory"])
def test_a_call_of_several_windows_asks_for_each_text_once(cache):
    with Embedder.from_generator(FakeGenerator(), cache=cache) as embedder:
        result, alone = embedder.embed(MANY), embedder.embed(FEW)
        asked = embedder.generator.asked[: len(FEW)]
    assert sorted(asked) == sorted(FEW)
    np.testing.assert_array_equal(result.vectors, np.tile(alone.vectors, (len(MANY) // len(FEW), 1)))
    assert list(result.items.indexes) == list(range(len(MANY)))
    assert result.usage.input_tokens == sum(map(len, FEW))
    assert list(result.items.tokens) == [len(text) for text in MANY]


def test_so_does_an_asynchronous_one_that_takes_any_iterable():
    async def embedded():
        generator = FakeGenerator()
        async with AsyncEmbedder.from_generator(generator) as embedder:
            return await embedder.embed(text for text in MANY), generator.asked

    result, asked = asyncio.run(embedded())
    assert (len(result), len(asked)) == (len(MANY), len(FEW))


def test_every_place_of_an_input_that_cannot_be_embedded_is_named():
    texts = [*MANY, "bad", *MANY, "bad", 7]
    with Embedder.from_generator(FakeGenerator()) as embedder, pytest.raises(InputError) as caught:
        embedder.embed(texts)
    errors = [caught.value, *caught.value.others]
    assert [error.index for error in errors] == [2 * len(MANY) + 2]  # what is no string is found first

    with Embedder.from_generator(FakeGenerator()) as embedder, pytest.raises(InputError) as caught:
        embedder.embed(texts[:-1])
    errors = [caught.value, *caught.value.others]
    assert [error.index for error in errors] == [len(MANY), 2 * len(MANY) + 1]


def test_chunks_and_cleaned_texts_come_back_at_every_place(tiny):
    long = "One fish swims.  Two  fish swim far away. " * 12
    texts = [long, *MANY, "b", long]
    how = {"on_long": "chunk", "chunking": Chunking(by="sentence", tokens=12), "clean": "whitespace"}
    _, embedder = tiny
    result, alone = embedder.embed(texts, **how), embedder.embed([long, "b"], **how)
    last, count = len(texts) - 1, alone.items[0].chunks
    assert count > 2
    assert [chunk.item for chunk in result.chunks] == [0] * count + list(range(1, last)) + [last] * count
    for index, its in ((0, 0), (last, 0), (last - 1, 1)):
        np.testing.assert_allclose(result.for_item(index), alone.for_item(its), atol=1e-5)
        assert result.items[index].chunks == alone.items[its].chunks
    assert result.cleaned == {0: alone.cleaned[0], last: alone.cleaned[0]}
