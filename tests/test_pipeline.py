"""The road from text to vector: each text once, in order, the same with a cache as without."""

import asyncio
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_generator import SPACE, WIDTH, FakeGenerator, vector_of
from processes import until
from vecsmith import AsyncEmbedder, Calibration, ConfigError, Embedder, EmbedWarning, InputError, ModelError, normalize
from vecsmith.cache import open_cache
from vecsmith.encodings import ENCODINGS, decode, encode

PATIENCE = 30
TEXTS = st.lists(st.text("abc", max_size=3), max_size=12)


def embedder(cache=None, **settings):
    return Embedder.from_generator(FakeGenerator(**settings), cache=cache)


def expected(texts):
    return normalize(np.array([vector_of(text) for text in texts], np.float32).reshape(len(texts), WIDTH))


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=4))
def test_mixed_hits_and_misses_are_what_no_cache_gives_to_the_bit(calls):
    with embedder("memory") as cached, embedder() as plain:
        seen: set[str] = set()
        for texts in calls:
            result, bare = cached.embed(texts), plain.embed(texts)
            np.testing.assert_array_equal(result.vectors, bare.vectors)
            np.testing.assert_allclose(result.vectors, expected(texts), rtol=1e-6)
            assert [item.index for item in result.items] == list(range(len(texts)))
            assert [item.cached for item in result.items] == [text in seen for text in texts]
            assert [item.tokens for item in result.items] == [len(text) for text in texts]
            seen.update(texts)
        assert len(cached._embedder._generator.asked) == len(seen)


@settings(deadline=None)
@given(TEXTS)
def test_equal_texts_are_embedded_once(texts):
    with embedder() as made:
        result = made.embed(texts)
        assert sorted(made._embedder._generator.asked) == sorted(set(texts))
    np.testing.assert_allclose(result.vectors, expected(texts), rtol=1e-6)


@pytest.mark.parametrize("cache", [None, "memory"])
def test_every_input_that_cannot_be_embedded_is_named_wherever_it_stands(cache):
    with embedder(cache) as made:
        with pytest.raises(InputError) as caught:
            made.embed(["a", "bad", "a", "b", "bad", "too bad"])
        errors = [caught.value, *caught.value.others]
        assert [error.index for error in errors] == [1, 4, 5]
        bad: list[int] = []
        (part,) = made.stream(["a", "bad", "b", "bad"], on_bad=lambda index, _: bad.append(index))
        assert (bad, [item.index for item in part.items]) == ([1, 3], [0, 2])


def test_one_entry_serves_every_cut_length_and_encoding():
    calibration = Calibration.of(expected("abcdef"))
    with embedder("memory") as made:
        whole = made.embed(["a", "b"])
        with pytest.warns(EmbedWarning, match="8 dimensions"):
            cut = made.embed(["a", "b"], dimensions=8)
        np.testing.assert_allclose(cut.vectors, normalize(whole.vectors[:, :8]), rtol=1e-5)
        for encoding in ENCODINGS:
            chosen = calibration if encoding == "int8" else None
            stored = made.embed(["a", "b"], encoding=encoding, calibration=chosen)
            np.testing.assert_array_equal(stored.vectors, encode(whole.vectors, encoding, chosen))
            assert (stored.stored.encoding, stored.space) == (encoding, whole.space)
        raw = made.embed(["a", "b"], normalize=False)
        np.testing.assert_array_equal(raw.vectors, [vector_of("a"), vector_of("b")])
        raw.vectors[0] = 0  # a caller's own array
        assert made._embedder._generator.asked == ["a", "b"]


def test_another_prompt_is_another_entry():
    with embedder("memory") as made:
        plain, asked = made.embed("a"), made.embed("a", prompt="query: ")
        np.testing.assert_allclose(asked.vector, normalize(vector_of("a", "query: ")), rtol=1e-6)
        assert not np.allclose(plain.vector, asked.vector)
        assert made.embed("a", prompt="query: ").items[0].cached


def test_a_cut_text_in_the_cache_is_no_answer_where_cutting_is_an_error():
    with embedder("memory", longest=3) as made:
        assert made.embed("abcdef", on_long="truncate").items[0].dropped == 3
        with pytest.raises(InputError, match="too long"):
            made.embed("abcdef", on_long="error")
        assert made.embed("abcdef", on_long="truncate").items[0].cached


def test_a_generator_that_does_not_say_what_it_is_cannot_be_cached():
    class Anonymous:
        async def generate(self, values, options=None):
            raise NotImplementedError

    with Embedder.from_generator(Anonymous(), cache="memory") as made, pytest.raises(ConfigError, match="cached"):
        made.embed("a")


def test_the_time_of_a_call_is_told_by_stage():
    with embedder("memory") as made:
        first, second = made.embed(["a"] * 3).seconds, made.embed(["a"]).seconds
        assert min(first.prepare, first.cache, first.model, first.finish) > 0
        assert (second.model, second.cache > 0) == (0, True)


class Held(FakeGenerator):
    """Waits to be let go."""

    def __init__(self):
        super().__init__()
        self.reached = threading.Event()
        self.opened = threading.Event()
        self.failing = False

    async def generate(self, values, options=None):
        first = not self.reached.is_set()
        self.reached.set()
        await until(self.opened.is_set)
        if first and self.failing:
            raise RuntimeError("the first call fails")
        return await super().generate(values, options)


@pytest.mark.parametrize("failing", [False, True], ids=["that ends well", "that fails"])
def test_a_call_waits_for_the_same_text_in_a_call_before_it(failing):
    held = Held()
    held.failing = failing

    async def main():
        async with AsyncEmbedder.from_generator(held, cache="memory") as made:
            first = asyncio.create_task(made.embed(["a", "b"]))
            await asyncio.to_thread(held.reached.wait, PATIENCE)
            second = asyncio.create_task(made.embed(["b", "c", "a"]))
            await asyncio.sleep(0.05)
            held.opened.set()
            return await asyncio.gather(first, second, return_exceptions=True)

    first, second = asyncio.run(main())
    assert isinstance(first, RuntimeError) == failing
    np.testing.assert_allclose(second.vectors, expected("bca"), rtol=1e-6)
    assert sorted(held.asked) == ["a", "b", "c"]


def test_a_call_that_is_given_up_leaves_the_other_to_see_for_itself():
    held = Held()

    async def main():
        async with AsyncEmbedder.from_generator(held, cache="memory") as made:
            first = asyncio.create_task(made.embed(["a"]))
            await asyncio.to_thread(held.reached.wait, PATIENCE)
            second = asyncio.create_task(made.embed(["a"]))
            await asyncio.sleep(0.05)
            first.cancel()
            held.opened.set()
            return await second

    np.testing.assert_allclose(asyncio.run(main()).vectors, expected("a"), rtol=1e-6)


def test_vectors_of_the_cache_are_those_of_the_model(tiny):
    _, plain = tiny
    texts = ["the cat", "", "the dog sleeps", "the cat", "a " * 100]
    generator = plain.generator
    cache = open_cache("memory")
    made = AsyncEmbedder.from_generator(generator, cache=cache)
    bare = plain.embed(texts, on_long="truncate")
    for _ in range(2):
        result = asyncio.run(made.embed(texts, on_long="truncate"))
        np.testing.assert_allclose(result.vectors, bare.vectors, rtol=0, atol=1e-5)
        assert list(result.items.tokens) == list(bare.items.tokens)
        assert list(result.items.dropped) == list(bare.items.dropped)
        assert (result.space, result.model) == (bare.space, bare.model)
    assert all(item.cached for item in result.items)


def test_clean_up_comes_before_everything_and_the_result_tells_what_it_changed():
    with embedder() as made:
        result = made.embed(["  A ", "b"], clean=("whitespace", "lower"))
        assert made._embedder._generator.asked == ["a", "b"]
        assert result.cleaned == {0: "a"}


def test_queries_and_documents_are_the_retrieval_pair(tiny):
    _, made = tiny
    same = made.embed("the cat").vector
    np.testing.assert_allclose(made.embed_query("the cat").vector, same, rtol=0, atol=1e-5)
    np.testing.assert_allclose(made.embed_documents(["the cat"])[0], same, rtol=0, atol=1e-5)
    with pytest.raises(ConfigError, match="retrieval_document"):
        made.embed_query("the cat", title="A title")
    assert SPACE.prompts == made.embed("a").space.prompts == "none"


def test_bits_come_back_as_signs():
    with embedder() as made:
        bits = made.embed("abc", encoding="ubinary")
    np.testing.assert_array_equal(decode(bits.vectors, "ubinary"), np.where(vector_of("abc") > 0, 1, -1)[None])


def test_a_vector_that_is_none_is_not_kept():
    class Broken(FakeGenerator):
        async def generate(self, values, options=None):
            made = await super().generate(values, options)
            if len(self.asked) == 1:
                made.vectors[0, 3] = np.nan
            return made

    with Embedder.from_generator(Broken(), cache="memory") as made:
        with pytest.raises(ModelError, match="NaN"):
            made.embed("a")
        result = made.embed("a")
    assert not result.items[0].cached
    np.testing.assert_allclose(result.vectors, expected("a"), rtol=1e-6)


def test_a_task_of_none_is_the_pairs_own():
    class Asking(FakeGenerator):
        async def generate(self, values, options=None):
            self.asked.append(options.task)
            return await super().generate(values, options)

    with Embedder.from_generator(generator := Asking()) as made:
        made.embed_query("a", task=None)
        made.embed_documents("a", task="clustering", timeout=30)
        made.embed("a", task="search_query", clean=None, encoding=None)
    assert generator.asked[::2] == ["retrieval_query", "clustering", "retrieval_query"]


def test_an_unknown_option_is_named_with_those_there_are():
    with embedder() as made, pytest.raises(TypeError, match="no option 'foo': task, dimensions"):
        made.embed("a", foo=1)


def test_a_prompt_that_is_all_the_model_reads_is_refused(tiny):
    with pytest.raises(ConfigError, match="leaves no room"):
        tiny[1].embed("the cat", prompt="the cat " * 40)


def test_a_result_says_in_a_line_what_it_is():
    with embedder() as made:
        assert repr(made.embed(["a", "b"])) == "<EmbedResult of 2 texts: 2 vectors of 16 dimensions, float32, by fake>"


def test_a_blocking_call_inside_a_loop_does_not_wait_for_a_call_of_that_loop():
    held = Held()

    class Here(FakeGenerator):
        answers_here = True

    async def main():
        cache = open_cache("memory")
        async with AsyncEmbedder.from_generator(held, cache=cache) as made:
            first = asyncio.create_task(made.embed(["a", "b"]))
            await asyncio.to_thread(held.reached.wait, PATIENCE)
            blocking = Embedder.from_generator(Here(), cache=cache).embed(["b"])  # the loop stands still meanwhile
            held.opened.set()
            return blocking, await first

    blocking, first = asyncio.run(main())
    np.testing.assert_array_equal(blocking.vectors, first.vectors[1:])


def test_the_right_input_is_named_when_another_call_is_at_some_of_them():
    held = Held()

    async def main():
        async with AsyncEmbedder.from_generator(held, cache="memory") as made:
            first = asyncio.create_task(made.embed(["a", "b"]))
            await asyncio.to_thread(held.reached.wait, PATIENCE)
            second = asyncio.create_task(made.embed(["a", "b", "fine", "bad"]))
            await asyncio.sleep(0.05)
            held.opened.set()
            return await asyncio.gather(first, second, return_exceptions=True)

    _, error = asyncio.run(main())
    assert isinstance(error, InputError)
    assert error.index == 3


def test_a_cache_that_cannot_be_closed_need_not_be():
    class Half:
        def get(self, keys):
            return [None] * len(keys)

        def put(self, keys, entries):
            pass

    with Embedder.from_generator(FakeGenerator(), cache=Half()) as made:
        made.embed("a")
