"""Long texts through the whole road: chunks, their mean, and chunks read with the text around them."""

import asyncio
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_generator import FakeGenerator
from vecsmith import AsyncEmbedder, Chunking, ConfigError, Embedder, InputError, normalize

WORDS = ["the", "cat", "sat", "by", "the", "old", "mill", "and", "the", "dog", "ran", "along", "the", "river"]
LONG = " ".join(itertools.islice(itertools.cycle(WORDS), 90))
TEXTS = [LONG, "the cat", "", " ".join(reversed(LONG.split()))]
MODES = ["chunk", "mean", "late"]


@pytest.fixture(params=MODES)
def mode(request):
    return request.param


def test_chunks_join_to_the_text_and_each_has_its_vector(tiny):
    _, embedder = tiny
    result = embedder.embed(TEXTS, on_long="chunk", chunking=Chunking(tokens=12))
    assert len(result) == len(result.chunks) == sum(item.chunks for item in result.items) > len(TEXTS)
    for index, text in enumerate(TEXTS):
        spans = [(chunk.start, chunk.end) for chunk in result.chunks if chunk.item == index]
        pieces = [text[start:end] for start, end in spans]
        assert "".join(pieces) == text
        rows = result.for_item(index)
        np.testing.assert_allclose(rows, embedder.embed(pieces).vectors, rtol=0, atol=1e-5)


def test_nothing_is_dropped_and_no_warning_is_needed(tiny, mode):
    result = tiny[1].embed(TEXTS, on_long=mode)
    assert [item.dropped for item in result.items] == [0] * len(TEXTS)
    assert [item.chunks > 1 for item in result.items] == [True, False, False, True]


def test_the_mean_is_that_of_the_chunks_weighed_by_their_tokens(tiny):
    _, embedder = tiny
    cut = Chunking(tokens=12)
    chunks = embedder.embed(LONG, on_long="chunk", chunking=cut)
    weights = [chunk.tokens for chunk in chunks.chunks]
    raw = embedder.embed([LONG[c.start : c.end] for c in chunks.chunks], normalize=False).vectors
    unit = embedder.generator.folder.normalize
    expected = np.average(normalize(raw) if unit else raw, axis=0, weights=weights)
    result = embedder.embed([LONG, "the cat"], on_long="mean", chunking=cut, normalize=True)
    np.testing.assert_allclose(result[0], normalize(expected), rtol=0, atol=1e-5)
    np.testing.assert_allclose(result[1], embedder.embed("the cat", normalize=True).vector, rtol=0, atol=1e-5)
    assert (len(result), result.chunks) == (2, ())


def test_a_chunk_read_late_is_the_mean_of_its_tokens_in_the_whole_text(tiny):
    _, embedder = tiny
    text = "the cat and the dog"
    assert embedder.embed(text).items[0].tokens < 30  # read at once
    result = embedder.embed(text, on_long="late", chunking=Chunking(tokens=5), normalize=False)
    vectors = asyncio.run(embedder.generator.token_vectors(text))
    body = vectors[1:-1]  # without the special tokens
    for row, chunk in zip(result.vectors, result.chunks, strict=True):
        expected = body[chunk.token_start : chunk.token_end].mean(axis=0)
        np.testing.assert_allclose(row, expected, rtol=0, atol=1e-5)
    assert "".join(text[chunk.start : chunk.end] for chunk in result.chunks) == text


def test_a_prompt_is_read_before_every_chunk(tiny, mode):
    _, embedder = tiny
    plain, asked = (embedder.embed(LONG, on_long=mode, prompt=prompt).vectors for prompt in (None, "the cat: "))
    assert not np.allclose(plain[0], asked[0], atol=1e-4)
    if mode == "chunk":
        (chunk, *_) = embedder.embed(LONG, on_long=mode, prompt="the cat: ").chunks
        expected = embedder.embed("the cat: " + LONG[: chunk.end]).vector
        np.testing.assert_allclose(asked[0], expected, rtol=0, atol=1e-5)


def test_a_prompt_that_leaves_no_room_is_refused(tiny):
    with pytest.raises(ConfigError, match="leaves no room"):
        tiny[1].embed(LONG, on_long="chunk", prompt="the cat " * 40)


def test_chunks_come_from_the_cache_as_they_went_into_it(tiny, mode):
    generator = tiny[1].generator

    async def twice():
        made = AsyncEmbedder.from_generator(generator, cache="memory")
        return [await made.embed(TEXTS, on_long=mode, chunking=Chunking(tokens=12)) for _ in range(2)]

    first, second = asyncio.run(twice())
    np.testing.assert_allclose(first.vectors, second.vectors, rtol=0, atol=1e-6)
    assert [item.cached for item in first.items] == [False] * 4
    assert [item.cached for item in second.items] == [True] * 4
    assert second.usage.input_tokens == 0


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 80), max_size=5), st.sampled_from(MODES))
def test_every_input_is_there_once_in_order(tiny, lengths, mode):
    texts = [" ".join(itertools.islice(itertools.cycle(WORDS), n)) for n in lengths]
    result = tiny[1].embed(texts, on_long=mode, chunking=Chunking(tokens=10, overlap=2))
    assert [item.index for item in result.items] == list(range(len(texts)))
    if mode == "mean":
        assert len(result) == len(texts)
    else:
        assert [chunk.item for chunk in result.chunks] == sorted(chunk.item for chunk in result.chunks)
        assert {chunk.item for chunk in result.chunks} == set(range(len(texts)))


def test_cutting_needs_the_models_tokenizer(mode):
    with Embedder.from_generator(FakeGenerator()) as embedder, pytest.raises(ConfigError, match="own tokenizer"):
        embedder.embed("a", on_long=mode)


def test_chunking_is_for_calls_that_cut(tiny):
    with pytest.raises(ConfigError, match="on_long='chunk'"):
        tiny[1].embed("a", chunking=Chunking())
    with pytest.raises(ConfigError, match=r"vecsmith\.Chunking"):
        tiny[1].embed("a", on_long="chunk", chunking=256)


def test_a_stream_counts_its_inputs_on(tiny, monkeypatch):
    monkeypatch.setattr("vecsmith.windows.WINDOW_TEXTS", 2)
    parts = list(tiny[1].stream(TEXTS, on_long="chunk"))
    assert [item.index for part in parts for item in part.items] == [0, 1, 2, 3]
    assert sorted({chunk.item for part in parts for chunk in part.chunks}) == [0, 1, 2, 3]
    whole = tiny[1].embed(TEXTS, on_long="chunk")
    assert [chunk.item for chunk in whole.chunks] == [chunk.item for part in parts for chunk in part.chunks]


def test_the_right_input_is_named_whatever_the_others_were_cut_into(tiny, mode):
    local = tiny[1].generator

    class Refusing:
        """The local model, which refuses one text."""

        def __getattr__(self, name):
            return getattr(local, name)

        def get_service(self, kind, key=None):
            return local.get_service(kind, key)

        async def generate(self, values, options=None):
            bad = [InputError("refused", index=i) for i, value in enumerate(values) if value == "bad"]
            if bad:
                raise bad[0]
            return await local.generate(values, options)

        async def aclose(self):
            pass

    with Embedder.from_generator(Refusing()) as embedder, pytest.raises(InputError, match="input 2: refused"):
        embedder.embed([LONG, "the cat", "bad", "the dog"], on_long=mode)


def test_a_text_that_is_read_late_is_read_once_whatever_its_chunks_share(tiny):
    _, embedder = tiny
    text = "the cat and the dog"
    whole = embedder.embed(text)
    late = embedder.embed([text, "a"], on_long="late", chunking=Chunking(tokens=5, overlap=3))
    assert late.items[0].chunks > 1
    assert late.items[0].tokens == whole.items[0].tokens
    assert late.usage.input_tokens == sum(item.tokens for item in late.items)


def test_a_book_is_read_late_a_few_windows_at_a_time(tiny, monkeypatch):
    _, embedder = tiny
    whole = embedder.embed(LONG, on_long="late")
    monkeypatch.setattr("vecsmith.local.WINDOWS", 2)
    held = []
    submit = embedder.generator.engine.submit
    monkeypatch.setattr(
        embedder.generator.engine,
        "submit",
        lambda rows, *rest, **more: held.append(len(rows)) or submit(rows, *rest, **more),
    )
    np.testing.assert_allclose(embedder.embed(LONG, on_long="late").vectors, whole.vectors, rtol=0, atol=1e-5)
    assert max(held) <= 2 < sum(held)
