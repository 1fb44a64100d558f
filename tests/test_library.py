"""The library as its users call it."""

import asyncio
import itertools
import json
import threading
import warnings
from collections import Counter
from datetime import UTC, datetime

import huggingface_hub.constants
import numpy as np
import pytest

import reference
import vecsmith
from processes import run_python, until
from tiny_model import write_weights
from vecsmith import (
    AsyncEmbedder,
    AsyncSession,
    Closed,
    ConfigError,
    Embedder,
    EmbedWarning,
    InputError,
    ModelError,
    Session,
    Space,
    Timeout,
    Usage,
)
from vecsmith.providers import EmbeddingGenerator, GeneratedEmbeddings, GenerationOptions, Metadata
from vecsmith.windows import AHEAD

PATIENCE = 30
LONG = "a " * 50  # the tiny model reads 32 tokens
SPACE = Space(
    model="counting", revision=None, pooling="none", prompts="none", dimensions=3, cut=False, normalized=False
)
shorten = pytest.mark.filterwarnings("ignore:.*was not trained to be cut")


class Counting:
    """A generator of vectors that tell what it was given."""

    def __init__(self, *, wait=False):
        self.metadata = Metadata("test", "counting", 3, 100)
        self.calls = []
        self.closed = 0
        self.wait = wait
        self.waits = threading.Event()
        self.cancelled = threading.Semaphore(0)

    async def generate(self, values, options=None):
        self.calls.append((list(values), options))
        if self.wait and len(self.calls) > 1:
            self.waits.set()
            try:
                await asyncio.sleep(PATIENCE)
            except asyncio.CancelledError:
                self.cancelled.release()
                raise
        if "bad" in values:
            raise InputError("no good", index=values.index("bad"))
        vectors = np.array([[len(value), value.count("a"), 1] for value in values], np.float32).reshape(-1, 3)
        count = len(values)
        return GeneratedEmbeddings(vectors, Usage(count, count, 1, 0.5), "counting", SPACE, [1] * count, [0] * count)

    def get_service(self, kind, key=None):
        return self if isinstance(self, kind) else None

    async def aclose(self):
        self.closed += 1


class Patient(Counting):
    """Answers its first call when the second has come, which is never answered."""

    def __init__(self):
        super().__init__(wait=True)
        self.first = Counting()

    async def generate(self, values, options=None):
        if self.calls:
            return await super().generate(values, options)
        self.calls.append((values, options))
        await until(self.waits.is_set)
        return await self.first.generate(values, options)


@pytest.fixture
def small_windows(monkeypatch):
    """Windows of four texts, so that a few texts make many."""
    monkeypatch.setattr("vecsmith.windows.WINDOW_TEXTS", 4)


# what goes in


def test_one_string_is_one_vector(embedder):
    assert embedder.embed("hello").vectors.shape == (1, 384)


@pytest.mark.parametrize(
    "texts",
    [
        ["the cat", "dog"],
        ("the cat", "dog"),
        (t for t in ["the cat", "dog"]),
        np.array(["the cat", "dog"]),
        {"the cat": 1, "dog": 2},
    ],
    ids=lambda texts: type(texts).__name__,
)
def test_any_iterable_of_strings_is_embedded_in_order(tiny, texts):
    model, embedder = tiny
    np.testing.assert_allclose(embedder.embed(texts).vectors, model.vectors(["the cat", "dog"]), rtol=0, atol=1e-5)


@pytest.mark.parametrize("texts", [[], (), iter([])], ids=lambda texts: type(texts).__name__)
def test_no_texts_are_no_vectors(embedder, texts):
    result = embedder.embed(texts)
    assert result.vectors.shape == (0, 384)
    assert (len(result), len(result.items), result.usage.input_tokens) == (0, 0, 0)


@shorten
def test_no_texts_of_other_dimensions_are_no_vectors_of_those(embedder):
    assert embedder.embed([], dimensions=64).vectors.shape == (0, 64)


@pytest.mark.parametrize("texts", ["", [""], " \n\t", ["", " "]], ids=repr)
def test_empty_texts_get_the_models_own_vector(embedder, texts):
    result = embedder.embed(texts)
    assert {item.tokens for item in result.items} == {2}
    np.testing.assert_allclose(np.linalg.norm(result.vectors, axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("texts", [b"bytes", 5, None, 1.5], ids=repr)
def test_what_is_no_text_is_refused_with_its_type(tiny, texts):
    with pytest.raises(InputError, match=f"not {type(texts).__name__}$"):
        tiny[1].embed(texts)


@pytest.mark.parametrize("value", [5, None, b"bytes", ["nested"], 1.5, np.float32(1)], ids=repr)
def test_an_input_that_is_no_string_is_named_by_index_and_type(tiny, value):
    with pytest.raises(InputError, match=f"^input 2: expected a string, found {type(value).__name__}$") as caught:
        tiny[1].embed(["a", "b", value, "c"])
    assert caught.value.index == 2


@pytest.mark.usefixtures("small_windows")
def test_an_index_counts_over_the_whole_call(tiny):
    with pytest.raises(InputError, match="input 9"):
        tiny[1].embed([*"abcdefghi", 5])


def test_bytearrays_and_memoryviews_are_refused(tiny):
    for texts in (bytearray(b"ab"), memoryview(b"ab")):
        with pytest.raises(InputError):
            tiny[1].embed(texts)


def test_unreadable_characters_are_replaced_and_counted(tiny):
    _, embedder = tiny
    result = embedder.embed(["a\ud800b", "a\x00\x00b", "ab"])
    assert [item.replaced for item in result.items] == [1, 2, 0]
    np.testing.assert_allclose(result[0], embedder.embed("a\ufffdb").vector, rtol=0, atol=1e-6)


def test_a_text_over_ten_megabytes_is_refused_with_its_index(tiny):
    with pytest.raises(InputError, match="input 1: a text of over 10 MB"):
        tiny[1].embed(["a", "x" * 10_000_001])


def test_an_error_of_the_callers_iterable_reaches_the_caller(tiny):
    def texts():
        yield "a"
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        tiny[1].embed(texts())


def test_the_callers_iterable_may_itself_embed(make_model):
    code = """
        import sys
        import vecsmith
        embedder = vecsmith.Embedder(sys.argv[1], threads=1)
        print(len(embedder.embed(text for text in ["cat", "dog"] if len(embedder.embed(text)))))
        """
    assert run_python(code, make_model().path, patience=PATIENCE) == "2\n"


@pytest.mark.parametrize("error", ["KeyboardInterrupt", "SystemExit"])
def test_an_interrupt_in_the_callers_iterable_leaves_the_embedder_working(make_model, error):
    code = """
        import builtins, sys
        import vecsmith
        embedder = vecsmith.Embedder(sys.argv[1], threads=1)
        error = getattr(builtins, sys.argv[2])
        def texts():
            yield "cat"
            raise error
        try:
            embedder.embed(texts())
        except error:
            print(len(embedder.embed("dog")))
        """
    assert run_python(code, make_model().path, error, patience=PATIENCE) == "1\n"


# what comes out


@pytest.fixture(scope="module")
def result(tiny):
    return tiny[1].embed(["the cat", "dog", "a b c"])


def test_a_result_has_the_length_of_the_inputs(result):
    assert len(result) == 3


def test_a_result_is_indexed_like_its_vectors(result):
    np.testing.assert_array_equal(result[1], result.vectors[1])
    np.testing.assert_array_equal(result[-2:], result.vectors[-2:])
    np.testing.assert_array_equal(list(result), result.vectors)


def test_a_result_is_an_array(result):
    np.testing.assert_array_equal(np.asarray(result), result.vectors)
    assert np.asarray(result, dtype=np.float64).dtype == np.float64


def test_an_array_of_a_result_may_be_a_copy(result):
    assert not np.shares_memory(np.array(result), result.vectors)


def test_vectors_are_float32(result):
    assert result.vectors.dtype == np.float32


def test_vector_is_the_one_of_a_call_with_one_text(tiny):
    one = tiny[1].embed("cat")
    np.testing.assert_array_equal(one.vector, one.vectors[0])


def test_vector_of_several_says_what_to_use(result):
    with pytest.raises(InputError, match=r"3 vectors: use \.vectors"):
        _ = result.vector


def test_dimensions_are_the_width(result):
    assert result.dimensions == 32


def test_items_tell_what_became_of_each_input(tiny):
    model, embedder = tiny
    before = datetime.now(UTC)
    result = embedder.embed(["the cat", LONG], on_long="truncate")
    assert [item.index for item in result.items] == [0, 1]
    assert [item.tokens for item in result.items] == [4, 32]
    assert [item.dropped for item in result.items] == [0, 20]
    assert {(item.chunks, item.cached, item.model) for item in result.items} == {(1, False, model.path.name)}
    assert all(before <= item.created_at <= datetime.now(UTC) for item in result.items)


def test_usage_counts_the_tokens_that_were_read(tiny):
    usage = tiny[1].embed(["the cat", LONG], on_long="truncate").usage
    assert usage == Usage(36, 36, 0, None)


def test_usages_add_up():
    assert Usage(1, 2, 3, 0.5) + Usage(10, 20, 30) == Usage(11, 22, 33, 0.5)
    assert (Usage(1) + Usage(2)).cost is None


def test_metadata_says_what_the_model_is(tiny):
    model, embedder = tiny
    assert embedder.metadata == Metadata("local", model.path.name, 32, 32, str(model.path))


@pytest.mark.usefixtures("small_windows")
def test_a_call_of_many_windows_is_one_result(tiny):
    model, embedder = tiny
    texts = [" ".join("abcdefghijk"[: 1 + i]) for i in range(11)]
    result = embedder.embed(texts)
    np.testing.assert_allclose(result.vectors, model.vectors(texts), rtol=0, atol=1e-5)
    assert [item.index for item in result.items] == list(range(11))
    assert result.usage.input_tokens == sum(item.tokens for item in result.items)


# dimensions, normalize, prompt


@shorten
@pytest.mark.parametrize("dimensions", [1, 5, 31])
def test_cut_vectors_are_normalised_again(tiny, dimensions):
    model, embedder = tiny
    vector = embedder.embed("the cat", dimensions=dimensions).vector
    np.testing.assert_allclose(vector, reference.unit(model.vector("the cat")[:dimensions]), rtol=0, atol=2e-5)


def test_a_cut_warns(tiny):
    with pytest.warns(
        EmbedWarning, match="not trained to be cut to 8 dimensions, which costs accuracy: it has one width"
    ):
        tiny[1].embed("cat", dimensions=8)


@pytest.mark.usefixtures("small_windows")
def test_a_cut_warns_once_in_a_call(tiny):
    with pytest.warns(EmbedWarning) as warned:
        tiny[1].embed(["cat"] * 10, dimensions=8)
    assert len(warned) == 1


@pytest.mark.parametrize("dimensions", [0, -1, 385, True, False, 1.5, 384.0, "8"], ids=repr)
def test_impossible_dimensions_are_refused(embedder, dimensions):
    with pytest.raises(InputError, match="dimensions must be a whole number from 1 to 384"):
        embedder.embed("a", dimensions=dimensions)


def test_the_native_width_may_be_named_without_a_warning(tiny):
    assert tiny[1].embed("a", dimensions=32).dimensions == 32


@pytest.mark.parametrize(
    ("own", "asked", "expected"), [(True, None, True), (False, None, False), (True, False, False), (False, True, True)]
)
def test_normalize_is_the_models_own_unless_said(open_model, own, asked, expected):
    model, embedder = open_model(normalize=own)
    raw = model.token_vectors("the cat").mean(axis=0)
    vector = embedder.embed("the cat", normalize=asked).vector
    np.testing.assert_allclose(vector, reference.unit(raw) if expected else raw, rtol=0, atol=1e-5)


def test_a_prompt_comes_before_every_text(tiny):
    model, embedder = tiny
    vectors = embedder.embed(["cat", ""], prompt="the ").vectors
    np.testing.assert_allclose(vectors, model.vectors(["the cat", "the "]), rtol=0, atol=1e-5)


@pytest.mark.parametrize(("prompt", "clean"), [("a\ud800 ", "a\ufffd "), ("a\x00 ", "a\ufffd ")], ids=ascii)
def test_unreadable_characters_of_a_prompt_are_replaced(tiny, prompt, clean):
    _, embedder = tiny
    expected = embedder.embed("b", prompt=clean).vector
    np.testing.assert_allclose(embedder.embed("b", prompt=prompt).vector, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("prompt", [5, b"query: ", ["query: "]], ids=repr)
def test_a_prompt_that_is_no_string_is_refused(tiny, prompt):
    with pytest.raises((InputError, ConfigError), match="prompt"):
        tiny[1].embed("b", prompt=prompt)


# on_long


def test_a_cut_text_warns_the_caller(tiny):
    with pytest.warns(EmbedWarning, match="1 of 2 texts were longer than the model reads, and 20 tokens") as warned:
        tiny[1].embed(["a", LONG])
    assert [warning.filename for warning in warned] == [__file__]


@pytest.mark.usefixtures("small_windows")
def test_cut_texts_warn_once_in_a_call(tiny):
    with pytest.warns(EmbedWarning, match="10 of 10 texts") as warned:
        tiny[1].embed([LONG] * 10)
    assert len(warned) == 1


@pytest.mark.usefixtures("small_windows")
def test_cut_texts_warn_once_in_a_stream(tiny):
    with pytest.warns(EmbedWarning) as warned:
        list(tiny[1].stream([LONG] * 10))
    assert [warning.filename for warning in warned] == [__file__]


def test_embed_warns_its_caller_too(tiny):
    with pytest.warns(EmbedWarning) as warned:
        vecsmith.embed(LONG, tiny[0].path)
    assert [warning.filename for warning in warned] == [__file__]


@pytest.mark.parametrize(("on_long", "read"), [("truncate", "a b"), ("truncate_start", "y z")])
def test_a_text_cut_as_asked_does_not_warn(open_model, on_long, read):
    model, embedder = open_model(max_seq_length=4)
    result = embedder.embed("a b c x y z", on_long=on_long)
    np.testing.assert_allclose(result.vector, model.vector(read), rtol=0, atol=1e-5)
    assert result.items[0].dropped == 4


def test_a_text_that_fits_does_not_warn(tiny):
    assert tiny[1].embed("a " * 30).items[0].dropped == 0


def test_error_refuses_all_that_is_too_long(tiny):
    with pytest.raises(InputError, match="input 1: 52 tokens are more than the 32 the model reads") as caught:
        tiny[1].embed(["a", LONG, "b", LONG], on_long="error")
    assert [caught.value.index, *(other.index for other in caught.value.others)] == [1, 3]


@pytest.mark.parametrize("on_long", ["chunks", "Truncate", "", True, 5], ids=repr)
def test_another_on_long_names_those_that_are_known(tiny, on_long):
    with pytest.raises(ConfigError, match="on_long must be one of truncate, truncate_start, error"):
        tiny[1].embed("a", on_long=on_long)


def test_a_stream_refuses_another_on_long_when_it_is_called(tiny):
    with pytest.raises(ConfigError, match="on_long must be one of"):
        tiny[1].stream(["a"], on_long="chunks")


# settings


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "2"], ids=repr)
def test_impossible_threads_are_refused(make_model, threads):
    with pytest.raises(ConfigError, match="threads must be a whole number from 1 up"):
        Embedder(make_model().path, threads=threads)


def test_another_device_than_the_processor_is_refused(make_model):
    with pytest.raises(ConfigError, match="device must be 'cpu', not 'cuda'"):
        Embedder(make_model().path, device="cuda")


def test_the_processor_may_be_named(make_model):
    with Embedder(make_model().path, device="CPU", threads=1) as embedder:
        assert len(embedder.embed("a")) == 1


def test_an_unknown_arithmetic_names_those_that_are_known(make_model):
    with pytest.raises(ConfigError, match="compute must be one of auto, f32, bf16, int8, not 'f16'"):
        Embedder(make_model().path, compute="f16")


def test_an_unknown_model_is_refused_at_once():
    with pytest.raises(ConfigError, match="did you mean 'minilm'"):
        Embedder("minilmm")


# time and ends


@pytest.mark.parametrize("where", ["call", "embedder"])
def test_a_deadline_that_passes_is_a_timeout(where):
    generator = Counting(wait=True)
    generator.calls.append("the first call waits too")
    with Embedder.from_generator(generator, timeout=0.01 if where == "embedder" else None) as embedder:
        with pytest.raises(Timeout, match=r"not embedded within 0\.01 seconds") as caught:
            embedder.embed("a", timeout=0.01 if where == "call" else None)
        assert isinstance(caught.value, TimeoutError)
        assert generator.cancelled.acquire(timeout=PATIENCE)


def test_a_call_in_time_is_answered(tiny):
    assert len(tiny[1].embed("a", timeout=PATIENCE)) == 1


def test_a_closed_embedder_says_so(make_model):
    embedder = Embedder(make_model().path, threads=1)
    embedder.close()
    for call in (lambda: embedder.embed("a"), lambda: list(embedder.stream(["a"])), lambda: embedder.metadata):
        with pytest.raises(Closed, match="the embedder was closed"):
            call()


def test_a_generator_that_was_closed_says_so(make_model):
    embedder = Embedder(make_model().path, threads=1)
    generator = embedder.generator
    embedder.close()
    with pytest.raises(Closed, match="the embedder was closed"):
        asyncio.run(generator.generate(["a"]))


def test_an_embedder_is_closed_by_its_with_statement(make_model):
    with Embedder(make_model().path, threads=1) as embedder:
        embedder.embed("a")
    with pytest.raises(Closed):
        embedder.embed("a")


def test_closing_twice_is_harmless(make_model):
    embedder = Embedder(make_model().path, threads=1)
    embedder.close()
    embedder.close()


def test_the_blocking_face_works_inside_a_running_loop(tiny):
    model, embedder = tiny

    async def main():
        return embedder.embed("the cat").vector

    np.testing.assert_allclose(asyncio.run(main()), model.vector("the cat"), rtol=0, atol=1e-5)


def test_several_threads_may_share_an_embedder(tiny):
    model, embedder = tiny
    vectors = {}

    def work(text):
        vectors[text] = embedder.embed(text).vector

    threads = [threading.Thread(target=work, args=[text]) for text in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    np.testing.assert_allclose([vectors[t] for t in "abcdefgh"], model.vectors("abcdefgh"), rtol=0, atol=1e-5)


# the function


def test_the_function_uses_the_bundled_model(auto_embedder):
    np.testing.assert_allclose(vecsmith.embed("hello").vector, auto_embedder.embed("hello").vector, rtol=0, atol=1e-3)


def test_the_function_keeps_one_embedder_of_a_model(tiny):
    from vecsmith.sync import shared

    vecsmith.embed("a", tiny[0].path)
    assert shared(tiny[0].path) is shared(tiny[0].path)


@shorten
def test_the_function_passes_its_options_on(tiny):
    model, _ = tiny
    result = vecsmith.embed(["cat"], model.path, dimensions=4, normalize=False, prompt="the ", on_long="error")
    raw = model.token_vectors("the cat").mean(axis=0)[:4]
    np.testing.assert_allclose(result.vector, raw, rtol=0, atol=3e-3 * np.abs(raw).max() + 3e-2)


# streams


@pytest.mark.usefixtures("small_windows")
def test_a_stream_gives_parts_in_order(tiny):
    model, embedder = tiny
    texts = list("abcdefghijk")
    parts = list(embedder.stream(iter(texts)))
    assert [[item.index for item in part.items] for part in parts] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10]]
    np.testing.assert_allclose(np.concatenate(parts), model.vectors(texts), rtol=0, atol=1e-5)


def test_a_stream_of_nothing_has_no_parts(tiny):
    assert list(tiny[1].stream([])) == []


def test_a_stream_of_one_string_is_one_text(tiny):
    (part,) = tiny[1].stream("the cat")
    assert len(part) == 1


@pytest.mark.usefixtures("small_windows")
def test_a_stream_pulls_no_more_than_it_needs():
    pulled = Counter()

    def endless():
        for number in itertools.count():
            pulled["texts"] += 1
            yield f"text {number}"

    with Embedder.from_generator(Counting()) as embedder:
        parts = embedder.stream(endless())
        for _ in range(10):
            next(parts)
        parts.close()
    assert pulled["texts"] <= (10 + AHEAD) * 4


@pytest.mark.usefixtures("small_windows")
def test_a_stream_pulls_texts_in_the_callers_thread():
    names = set()

    def texts():
        names.add(threading.current_thread())
        yield "a"

    with Embedder.from_generator(Counting()) as embedder:
        list(embedder.stream(texts()))
    assert names == {threading.current_thread()}


@pytest.mark.usefixtures("small_windows")
def test_a_bad_input_ends_a_stream_without_on_bad(tiny):
    with pytest.raises(InputError, match="input 5: expected a string, found int"):
        list(tiny[1].stream([*"abcde", 5, *"fg"]))


@pytest.mark.usefixtures("small_windows")
def test_bad_inputs_are_left_out_and_told(tiny):
    model, embedder = tiny
    bad = []
    texts = ["a", 5, "b", LONG, None, "c", LONG, "d", 1, 2, 3, 4, "e"]
    parts = list(embedder.stream(texts, on_long="error", on_bad=lambda index, error: bad.append((index, error.reason))))
    assert [item.index for part in parts for item in part.items] == [0, 2, 5, 7, 12]
    np.testing.assert_allclose(np.concatenate(parts), model.vectors("abcde"), rtol=0, atol=1e-5)
    assert [index for index, _ in bad] == [1, 3, 4, 6, 8, 9, 10, 11]
    assert bad[1][1].startswith("52 tokens are more than the 32")


@pytest.mark.usefixtures("small_windows")
def test_an_error_raised_by_on_bad_ends_the_stream(tiny):
    def refuse(index, error):
        raise LookupError(index)

    with pytest.raises(LookupError, match="1"):
        list(tiny[1].stream(["a", 5, "b"], on_bad=refuse))


@pytest.mark.usefixtures("small_windows")
def test_breaking_off_a_stream_cancels_what_is_in_flight():
    generator = Patient()
    with Embedder.from_generator(generator) as embedder:
        parts = embedder.stream(["a"] * 40)
        next(parts)
        parts.close()
        assert generator.cancelled.acquire(timeout=PATIENCE)
    assert len(generator.calls) <= AHEAD


@pytest.mark.usefixtures("small_windows")
def test_an_error_in_one_window_cancels_the_next():
    generator = Patient()
    with Embedder.from_generator(generator) as embedder, pytest.raises(InputError, match="input 2: no good"):
        list(embedder.stream(["a", "a", "bad", "a", *["b"] * 8]))
    assert generator.cancelled.acquire(timeout=PATIENCE)


# the asynchronous face


def test_an_async_embedder_gives_the_same_vectors(tiny):
    model, _ = tiny

    async def main():
        async with AsyncEmbedder(model.path, compute="f32", threads=1) as embedder:
            return (await embedder.embed(["the cat", "dog"])).vectors

    np.testing.assert_allclose(asyncio.run(main()), model.vectors(["the cat", "dog"]), rtol=0, atol=1e-5)


def test_an_async_embedder_loads_at_first_use(tiny):
    async def main():
        embedder = AsyncEmbedder(tiny[0].path, compute="f32", threads=1)
        with pytest.raises(ConfigError, match="not loaded yet"):
            _ = embedder.metadata
        await embedder.embed("a")
        name = embedder.metadata.model
        await embedder.aclose()
        return name

    assert asyncio.run(main()) == tiny[0].path.name


def test_an_async_embedder_works_in_one_loop_after_another(tiny):
    embedder = AsyncEmbedder(tiny[0].path, compute="f32", threads=1)
    first, second = (asyncio.run(embedder.embed("the cat")).vector for _ in range(2))
    asyncio.run(embedder.aclose())
    np.testing.assert_array_equal(first, second)


def test_tasks_that_load_a_model_at_once_share_it(make_model):
    from vecsmith.local.engine import registry

    async def main():
        async with AsyncEmbedder(make_model().path, threads=1) as embedder:
            await asyncio.gather(*(embedder.embed(text) for text in "abcdef"))
            key = (await embedder.open()).engine.key
            users = registry.engines[key].users
        return users, key in registry.engines

    assert asyncio.run(main()) == (1, False)


def test_an_embedder_that_is_closed_while_it_loads_gives_the_model_back(make_model, monkeypatch):
    from vecsmith.local import provider
    from vecsmith.local.engine import registry

    model, find = make_model(), provider.find
    begun, go_on = threading.Event(), threading.Event()

    def slow(*args, **options):
        begun.set()
        assert go_on.wait(PATIENCE)
        return find(*args, **options)

    monkeypatch.setattr(provider, "find", slow)
    before = dict(registry.engines)

    async def main():
        embedder = AsyncEmbedder(model.path, threads=1)
        opening = asyncio.create_task(embedder.open())
        await asyncio.to_thread(begun.wait, PATIENCE)
        await embedder.aclose()
        go_on.set()
        return await asyncio.gather(opening, return_exceptions=True)

    (outcome,) = asyncio.run(main())
    assert isinstance(outcome, Closed)
    assert registry.engines == before


def test_an_async_embedder_warns_once_of_cut_texts(tiny):
    async def main():
        async with AsyncEmbedder(tiny[0].path, compute="f32", threads=1) as embedder:
            await embedder.embed([LONG, LONG])

    with pytest.warns(EmbedWarning, match="2 of 2 texts") as warned:
        asyncio.run(main())
    assert len(warned) == 1


async def slowly(texts):
    for text in texts:
        await asyncio.sleep(0)
        yield text


@pytest.mark.usefixtures("small_windows")
@pytest.mark.parametrize("source", [slowly, iter, list], ids=lambda source: source.__name__)
def test_an_async_stream_takes_any_source(tiny, source):
    model, _ = tiny
    texts = list("abcdefghij")

    async def main():
        async with AsyncEmbedder(model.path, compute="f32", threads=1) as embedder:
            return [part async for part in embedder.stream(source(texts))]

    parts = asyncio.run(main())
    assert [[item.index for item in part.items] for part in parts] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    np.testing.assert_allclose(np.concatenate(parts), model.vectors(texts), rtol=0, atol=1e-5)


@pytest.mark.usefixtures("small_windows")
def test_an_async_stream_leaves_bad_inputs_out(tiny):
    bad = []

    async def main():
        async with AsyncEmbedder(tiny[0].path, threads=1) as embedder:
            stream = embedder.stream(slowly(["a", 1, "b", "c", "d", 2]), on_bad=lambda index, _: bad.append(index))
            return [item.index async for part in stream for item in part.items]

    assert asyncio.run(main()) == [0, 2, 3, 4]
    assert bad == [1, 5]


@pytest.mark.usefixtures("small_windows")
def test_breaking_off_an_async_stream_cancels_what_is_in_flight():
    generator = Patient()

    async def main():
        stream = AsyncEmbedder.from_generator(generator).stream(["a"] * 40)
        async for _ in stream:
            break
        await stream.aclose()
        await until(lambda: generator.cancelled.acquire(blocking=False))

    asyncio.run(main())
    assert len(generator.calls) <= AHEAD


def test_cancelling_an_embed_cancels_the_generators_call():
    generator = Counting(wait=True)
    generator.calls.append("the first call waits too")

    async def main():
        task = asyncio.create_task(AsyncEmbedder.from_generator(generator).embed("a"))
        await until(generator.waits.is_set)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert generator.cancelled.acquire(timeout=PATIENCE)


# generators


def test_the_local_engine_is_a_generator(tiny):
    assert isinstance(tiny[1].generator, EmbeddingGenerator)


def test_get_service_gives_what_lies_beneath(tiny):
    from vecsmith.local import LocalGenerator
    from vecsmith.local.engine import Engine

    generator = tiny[1].generator
    assert generator.get_service(LocalGenerator) is generator
    assert isinstance(generator.get_service(Engine), Engine)
    assert generator.get_service(dict) is None
    assert generator.get_service(Engine, "another") is None


def test_a_generator_may_be_called_without_options(tiny):
    model, embedder = tiny
    generated = asyncio.run(embedder.generator.generate(["the cat"]))
    np.testing.assert_allclose(generated.vectors, model.vectors(["the cat"]), rtol=0, atol=1e-5)
    assert (generated.tokens, generated.dropped) == ([4], [0])


def test_any_generator_makes_an_embedder():
    with Embedder.from_generator(Counting()) as embedder:
        result = embedder.embed(["a", "banana"])
    np.testing.assert_array_equal(result.vectors, [[1, 1, 1], [6, 3, 1]])
    assert (result.space, result.usage, result.model) == (SPACE, Usage(2, 2, 1, 0.5), "counting")


def test_a_generator_is_told_what_the_caller_asked():
    generator = Counting()
    with Embedder.from_generator(generator) as embedder:
        embedder.embed("a", dimensions=2, normalize=False, prompt="p: ", on_long="error")
    assert generator.calls == [(["a"], GenerationOptions(2, False, "error", "p: "))]


def test_a_generator_gets_readable_text():
    generator = Counting()
    with Embedder.from_generator(generator) as embedder:
        assert embedder.embed("a\ud800").items[0].replaced == 1
    assert generator.calls[0][0] == ["a\ufffd"]


@pytest.mark.usefixtures("small_windows")
def test_the_usage_of_split_calls_is_summed():
    with Embedder.from_generator(Counting()) as embedder:
        assert embedder.embed(list("abcdefghij")).usage == Usage(10, 10, 3, 1.5)


def test_closing_the_embedder_closes_its_generator():
    generator = Counting()
    Embedder.from_generator(generator).close()
    assert generator.closed == 1


@pytest.mark.usefixtures("small_windows")
def test_a_generators_refusal_names_the_callers_index():
    with Embedder.from_generator(Counting()) as embedder, pytest.raises(InputError, match="input 6: no good"):
        embedder.embed(["a", "b", "c", "d", "e", "f", "bad"])


def test_something_with_one_method_makes_an_embedder():
    class OneMethod:
        async def generate(self, values, options=None):
            return await Counting().generate(values, options)

    with Embedder.from_generator(OneMethod()) as embedder:
        assert embedder.embed(["a", "b"]).vectors.shape == (2, 3)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 0], ids=str)
def test_wrong_numbers_of_a_generator_are_a_model_error(wrong):
    class Wrong(Counting):
        async def generate(self, values, options=None):
            generated = await super().generate(values, options)
            generated.vectors[-1] = wrong
            return generated

    with Embedder.from_generator(Wrong()) as embedder, pytest.raises(ModelError):
        embedder.embed(["a", "b"])


def test_missing_vectors_of_a_generator_are_a_model_error():
    class Short(Counting):
        async def generate(self, values, options=None):
            return await super().generate(values[1:], options)

    with Embedder.from_generator(Short()) as embedder, pytest.raises(ModelError):
        embedder.embed(["a", "b"])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_damaged_weights_are_a_model_error(make_model, value):
    model = make_model()
    model.weights["encoder.layer.1.output.LayerNorm.bias"][3] = value
    write_weights(model.path / "model.safetensors", model.weights)
    with (
        Embedder(model.path, compute="f32", threads=1) as embedder,
        pytest.raises(ModelError, match=r"NaN, infinity or length zero for 2 of 2 texts .*its weights are damaged"),
    ):
        embedder.embed(["the cat", "dog"])


# sessions


@pytest.fixture(params=["mean", "cls"])
def session(request, make_model):
    """A session over a model of its own, whatever that model's own pooling is."""
    model = make_model(pooling=request.param)
    with Session(model.path) as session:
        yield model, session


def close_to(vector, expected):
    """Bf16 or f32: whichever this machine has."""
    vector, expected = np.array(vector), np.asarray(expected).reshape(-1)
    assert vector.shape == expected.shape
    assert vector @ expected >= 0.999 * np.linalg.norm(vector) * np.linalg.norm(expected)
    return abs(np.linalg.norm(vector) / np.linalg.norm(expected) - 1) < 0.01


def test_a_session_gives_the_unit_mean_by_default(session):
    model, session = session
    vector = session.run("the cat")
    assert close_to(vector, reference.unit(model.token_vectors("the cat").mean(axis=0)))
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_a_session_gives_the_raw_mean(session):
    model, session = session
    assert close_to(session.run("the cat", normalize=False), model.token_vectors("the cat").mean(axis=0))


def test_a_session_gives_all_tokens_divided_by_one_norm(session):
    model, session = session
    vectors = model.token_vectors("the cat")
    flat = session.run("the cat", mean_pool=False)
    assert close_to(flat, vectors / np.linalg.norm(vectors))
    assert np.linalg.norm(flat) == pytest.approx(1, abs=1e-5)


def test_a_session_gives_all_tokens_raw(session):
    model, session = session
    assert close_to(session.run("the cat", mean_pool=False, normalize=False), model.token_vectors("the cat"))


def test_a_session_gives_a_list_that_json_can_write(session):
    _, session = session
    vector = session.run("cat")
    assert type(vector) is list
    assert json.loads(json.dumps(vector)) == vector


def test_a_session_warns_once_of_texts_that_are_cut(session):
    _, session = session
    with pytest.warns(EmbedWarning, match="tokens at its end were not read"):
        assert len(session.run(LONG)) == 32
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        session.run(LONG)


@pytest.mark.parametrize("text", [["the cat"], 5, None, b"cat"], ids=repr)
def test_a_session_takes_one_string(session, text):
    _, session = session
    with pytest.raises(InputError, match=f"run takes one string, not {type(text).__name__}"):
        session.run(text)


def test_a_session_replaces_what_cannot_be_read(session):
    _, session = session
    assert session.run("a\ud800") == session.run("a\ufffd")


def test_a_closed_session_says_so(make_model):
    session = Session(make_model().path)
    session.close()
    with pytest.raises(Closed):
        session.run("cat")


def test_a_session_of_a_model_that_is_not_here_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ConfigError, match="the model 'gte-small' is not on this machine and HF_HUB_OFFLINE is set"):
        Session("gte-small")


@pytest.mark.parametrize("mean_pool", [True, False])
def test_wrong_numbers_leave_no_session(make_model, mean_pool):
    model = make_model(pooling="cls")
    model.weights["encoder.layer.1.output.LayerNorm.bias"][3] = np.nan
    write_weights(model.path / "model.safetensors", model.weights)
    with Session(model.path) as session, pytest.raises(ModelError):
        session.run("the cat", mean_pool=mean_pool)


def test_async_sessions_share_an_engine_with_embedders(auto_embedder):
    async def main():
        async with AsyncSession() as session:
            return await asyncio.gather(*(session.run(text) for text in ("one", "two")))

    vectors = asyncio.run(main())
    np.testing.assert_allclose(vectors, auto_embedder.embed(["one", "two"]).vectors, atol=5e-3)


def test_an_async_session_loads_at_first_use(tiny):
    async def main():
        session = AsyncSession(tiny[0].path)
        vector = await session.run("the cat")
        await session.aclose()
        return vector

    assert len(asyncio.run(main())) == 32


def test_a_generators_own_timeout_is_not_the_callers_deadline():
    class Slow:
        async def generate(self, values, options=None):
            raise TimeoutError("the socket")

    with Embedder.from_generator(Slow()) as embedder:
        for timeout in (None, 30):
            with pytest.raises(TimeoutError, match="the socket") as caught:
                embedder.embed("a", timeout=timeout)
            assert not isinstance(caught.value, Timeout)


def test_closing_an_embedder_closes_any_generator_that_can_be():
    closed = []

    class Closing:
        async def generate(self, values, options=None):
            raise NotImplementedError

        async def aclose(self):
            closed.append(1)

    Embedder.from_generator(Closing()).close()
    assert closed == [1]


@pytest.mark.parametrize("timeout", [0, -1, "5", True, float("nan")], ids=repr)
def test_an_impossible_timeout_is_refused(tiny, timeout):
    with pytest.raises(ConfigError, match="timeout must be"):
        tiny[1].embed("a", timeout=timeout)


@pytest.mark.parametrize("option", [{"normalize": "no"}, {"device": 5}], ids=str)
def test_an_option_of_the_wrong_type_is_refused(make_model, option):
    path = make_model().path
    if "device" in option:
        with pytest.raises(ConfigError, match="device must be"):
            Embedder(path, **option)
    else:
        with Embedder(path) as embedder, pytest.raises(ConfigError, match="normalize must be"):
            embedder.embed("a", **option)


def test_an_array_without_rows_is_no_list_of_texts(tiny):
    with pytest.raises(InputError, match="iterable of strings"):
        tiny[1].embed(np.array("a"))
