"""Generators around a generator: each adds one thing, and all else goes through."""

import asyncio
import builtins
import logging
import threading
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from vecsmith import AsyncEmbedder, ConfigError, Embedder, InputError, RateLimited, Unavailable
from vecsmith.cache import open_cache
from vecsmith.local import LocalGenerator
from vecsmith.middleware import Cached, Defaulted, Guarded, Layer, Limited, Logged, Retried, Traced, compose
from vecsmith.providers import EmbeddingGenerator, GenerationOptions, Identifies
from vecsmith.testing import FakeGenerator

LAYERS = [Cached, Defaulted, Guarded, Limited, Logged, Retried, Traced]


class Failing(FakeGenerator):
    """Raises the errors it is given, one a call, before it answers."""

    def __init__(self, *errors):
        super().__init__()
        self.errors = list(errors)

    async def generate(self, values, options=None):
        if self.errors:
            self.asked += values
            raise self.errors.pop(0)
        return await super().generate(values, options)


class Held(FakeGenerator):
    """Answers when it is let go, and counts who waits."""

    def __init__(self):
        super().__init__()
        self.go = threading.Event()
        self.lock = threading.Lock()
        self.waiting = self.most = 0

    async def generate(self, values, options=None):
        with self.lock:
            self.waiting += 1
            self.most = max(self.most, self.waiting)
        try:
            while not self.go.is_set():  # noqa: ASYNC110 (other loops let it go)
                await asyncio.sleep(0.001)
            return await super().generate(values, options)
        finally:
            with self.lock:
                self.waiting -= 1


class OneMethod:
    """Has nothing but `generate`."""

    async def generate(self, values, options=None):
        return await FakeGenerator().generate(values, options)


def unavailable(**more):
    return Unavailable("it is down", provider="fake", status=503, **more)


def call(generator, texts, options=None):
    return asyncio.run(generator.generate(texts, options))


async def until(condition):
    while not condition():  # noqa: ASYNC110 (nobody tells)
        await asyncio.sleep(0.001)


# --- all of them


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_is_a_generator_that_says_what_the_inner_one_is(layer):
    inner = FakeGenerator()
    made = layer(inner)
    assert isinstance(made, EmbeddingGenerator)
    assert isinstance(made, Identifies)
    assert made.metadata == inner.metadata
    assert made.identity(GenerationOptions()) == inner.identity(GenerationOptions())
    assert made.get_service(layer) is made
    assert made.get_service(FakeGenerator) is inner
    assert made.get_service(layer, "key") is None
    assert made.get_service(LocalGenerator) is None
    call(made, ["a"])
    asyncio.run(made.aclose())
    assert inner.closed


@pytest.mark.parametrize("layer", [layer for layer in LAYERS if layer is not Cached])
def test_a_layer_goes_around_what_has_one_method(layer):
    made = layer(OneMethod())
    assert not isinstance(made, Identifies)
    assert made.get_service(layer) is made
    assert isinstance(made.get_service(OneMethod), OneMethod)
    with Embedder.from_generator(made) as embedder:
        assert embedder.embed(["a", "b"]).vectors.shape == (2, 16)


@pytest.mark.parametrize("layer", LAYERS)
def test_an_embedder_over_a_layer_gives_what_it_gives_without(layer):
    with Embedder.from_generator(layer(FakeGenerator())) as layered, Embedder.from_generator(FakeGenerator()) as bare:
        for options in ({}, {"normalize": False}, {"prompt": "query: "}):
            there, here = layered.embed(["a", "b", "a"], **options), bare.embed(["a", "b", "a"], **options)
            np.testing.assert_array_equal(there.vectors, here.vectors)
            assert there.space == here.space
            assert [item.tokens for item in there.items] == [item.tokens for item in here.items]


@pytest.mark.parametrize("on_long", ["chunk", "mean", "late"])
def test_long_texts_are_cut_by_the_model_beneath_the_layers(embedder, on_long):
    text = "Rome is old. " * 200
    with AsyncRunner(compose(embedder.generator, Logged, Cached, Defaulted)) as layered:
        np.testing.assert_allclose(
            layered(text, on_long=on_long), embedder.embed(text, on_long=on_long).vectors, atol=1e-5
        )


class AsyncRunner:
    """Embeds with a generator that stays open."""

    def __init__(self, generator):
        self.embedder = AsyncEmbedder.from_generator(generator)

    def __enter__(self):
        return lambda text, **options: asyncio.run(self.embedder.embed(text, **options)).vectors

    def __exit__(self, *exc_info):
        pass


def test_estimates_go_through_the_layers_with_the_default_options():
    texts, prompt = ["a cat", "a dog"], "a prompt of several words: "
    with Embedder("minilm") as plain:
        layered = Embedder.from_generator(compose(plain.generator, *LAYERS))
        prompted = Embedder.from_generator(compose(plain.generator, Logged, partial(Defaulted, prompt=prompt)))
        assert layered.estimate(texts) == plain.estimate(texts)
        assert prompted.estimate(texts) == plain.estimate(texts, prompt=prompt) != plain.estimate(texts)
        long = ["a cat and a dog " * 200]
        for on_long in ("chunk", "late"):
            told = prompted.estimate(long, on_long=on_long)
            assert told == plain.estimate(long, prompt=prompt, on_long=on_long) != plain.estimate(long, on_long=on_long)
    with Embedder.from_generator(Logged(FakeGenerator())) as fake, pytest.raises(ConfigError, match="estimate"):
        fake.estimate(texts)


def test_a_window_that_the_inner_generator_asks_for_is_passed_on():
    class Windowed(FakeGenerator):
        window, ahead, answers_here = 7, 3, True

    assert (Logged(Windowed()).window, Logged(Windowed()).ahead) == (7, 3)
    assert (Logged(FakeGenerator()).window, Logged(FakeGenerator()).ahead) == (None, None)
    assert Logged(Windowed()).answers_here
    assert not Limited(Windowed()).answers_here
    assert not Logged(Limited(Windowed())).answers_here


def test_the_first_layer_named_is_the_outermost():
    inner = FakeGenerator()
    made = compose(inner, Logged, Retried, Guarded)
    assert [type(made), type(made.inner), type(made.inner.inner)] == [Logged, Retried, Guarded]
    assert made.inner.inner.inner is inner
    assert compose(inner) is inner


def test_a_layer_of_ones_own_overrides_one_method():
    class Shouting(Layer):
        async def generate(self, values, options=None):
            return await super().generate([value.upper() for value in values], options)

    inner = FakeGenerator()
    call(Shouting(inner), ["a"])
    assert inner.asked == ["A"]


class Lowered(Layer):
    """Says itself what its vectors are."""

    async def generate(self, values, options=None):
        return await super().generate([value.lower() for value in values], options)

    def identity(self, options):
        inner = self.inner.identity(options)
        return replace(inner, parts={**inner.parts, "lowered": 1})


class LoweredByDefault(Lowered, Defaulted):
    pass


@pytest.mark.parametrize("layer", [Lowered, LoweredByDefault])
def test_a_layer_that_says_what_its_vectors_are_shares_a_cache_with_the_plain_generator(layer):
    cache = open_cache("memory")
    plain = Embedder.from_generator(FakeGenerator(), cache=cache)
    lowered = Embedder.from_generator(layer(FakeGenerator()), cache=cache)
    assert layer(FakeGenerator()).identity(GenerationOptions()).parts["lowered"] == 1
    capital = plain.embed("A").vector
    np.testing.assert_array_equal(lowered.embed("A").vector, plain.embed("a").vector)
    assert not np.array_equal(lowered.embed("A").vector, capital)


# --- Cached


def test_a_partly_cached_call_asks_for_what_is_missing_at_once_and_in_order():
    inner = FakeGenerator()
    made = Cached(inner)
    call(made, ["b", "d"])
    mixed = call(made, ["a", "b", "c", "d", "a"])
    assert inner.asked == ["b", "d", "a", "c"]
    assert len(inner.calls) == 2
    np.testing.assert_array_equal(mixed.vectors, call(FakeGenerator(), ["a", "b", "c", "d", "a"]).vectors)
    assert mixed.usage.input_tokens == 2
    assert call(made, ["a", "d"]).usage.input_tokens == 0
    assert call(made, []).vectors.shape == (0, 16)
    assert len(inner.calls) == 2


def test_what_changes_a_vector_is_cached_apart_and_what_is_done_to_it_afterwards_is_not():
    inner = FakeGenerator()
    made = Cached(inner)
    plain = call(made, ["a"])
    for options in ({"dimensions": 8}, {"normalize": False}, {"dimensions": 8, "normalize": False}):
        asked = GenerationOptions(**options)
        answer = call(made, ["a"], asked)
        np.testing.assert_allclose(answer.vectors, call(FakeGenerator(), ["a"], asked).vectors, rtol=1e-6)
        assert answer.space.dimensions == answer.vectors.shape[1]
    assert len(inner.calls) == 1
    prompted = call(made, ["a"], GenerationOptions(prompt="query: "))
    assert len(inner.calls) == 2
    assert not np.array_equal(prompted.vectors, plain.vectors)


def test_a_failed_call_leaves_nothing_in_the_cache():
    inner = Failing(unavailable())
    made = Cached(inner)
    with pytest.raises(Unavailable):
        call(made, ["a"])
    call(made, ["a"])
    assert inner.asked == ["a", "a"]


def test_an_input_that_cannot_be_embedded_is_named_by_its_place_in_the_whole_call():
    made = Cached(FakeGenerator(bad="bad"))
    call(made, ["a"])
    with pytest.raises(InputError) as caught:
        call(made, ["a", "b", "bad"])
    assert caught.value.index == 2


def test_a_generator_that_does_not_say_what_it_is_cannot_be_cached():
    with pytest.raises(ConfigError, match="identity"):
        Cached(OneMethod())


def test_a_cache_that_was_given_stays_open_and_one_that_was_opened_is_closed(tmp_path):
    given = open_cache("memory")
    first = Cached(FakeGenerator(), given)
    call(first, ["a"])
    asyncio.run(first.aclose())
    inner = FakeGenerator()
    call(Cached(inner, given), ["a"])
    assert inner.asked == []
    own = Cached(FakeGenerator(), tmp_path / "vectors.sqlite")
    call(own, ["a"])
    asyncio.run(own.aclose())
    again = Cached(inner, tmp_path / "vectors.sqlite")
    call(again, ["a"])
    assert inner.asked == []
    asyncio.run(again.aclose())


# --- Retried


def test_a_passing_error_is_tried_again_and_any_other_is_not():
    inner = Failing(unavailable(), RateLimited("slow down", provider="fake", retry_after=0.0))
    assert len(call(Retried(inner, shortest=0.0), ["a"]).vectors) == 1
    assert inner.asked == ["a"] * 3
    for error in (InputError("no"), ConfigError("no"), ValueError("no")):
        inner = Failing(error)
        with pytest.raises(type(error)):
            call(Retried(inner, shortest=0.0), ["a"])
        assert inner.asked == ["a"]


def test_the_last_error_is_raised_after_so_many_attempts():
    inner = Failing(*[unavailable() for _ in range(9)])
    with pytest.raises(Unavailable):
        call(Retried(inner, 3, shortest=0.0), ["a"])
    assert len(inner.asked) == 3


def test_an_error_that_asks_for_too_long_a_wait_is_raised_at_once():
    inner = Failing(unavailable(retry_after=3600.0))
    with pytest.raises(Unavailable):
        call(Retried(inner), ["a"])
    assert len(inner.asked) == 1


# --- Limited


def test_no_more_calls_are_under_way_at_once_than_are_allowed_whatever_loop_they_come_from():
    inner = Held()
    made = Limited(inner, in_flight=2)

    async def calls():
        return await asyncio.gather(*(made.generate([f"text {i}"]) for i in range(5)))

    async def main():
        loops = [asyncio.create_task(asyncio.to_thread(asyncio.run, calls())) for _ in range(3)]
        await until(lambda: inner.waiting == 2)
        inner.go.set()
        return await asyncio.gather(*loops)

    for answers in asyncio.run(main()):
        for number, answer in enumerate(answers):
            np.testing.assert_array_equal(answer.vectors, call(FakeGenerator(), [f"text {number}"]).vectors)
    assert inner.most == 2
    assert len(inner.asked) == 15


def test_cancelled_calls_give_their_places_back():
    inner = Held()
    made = Limited(inner, in_flight=1)

    async def main():
        first = asyncio.create_task(made.generate(["first"]))
        await until(lambda: inner.waiting == 1)
        second = asyncio.create_task(made.generate(["second"]))
        await asyncio.sleep(0)
        second.cancel()
        first.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        inner.go.set()
        return await made.generate(["third"])

    assert len(asyncio.run(main()).vectors) == 1
    assert inner.asked == ["third"]


@pytest.mark.parametrize("error", [InputError("no"), RateLimited("slow", provider="fake", retry_after=0.0)])
def test_a_failed_call_gives_its_place_back(error):
    made = Limited(Failing(error), in_flight=1)
    with pytest.raises(type(error)):
        call(made, ["a"])
    assert len(call(made, ["a"]).vectors) == 1


@pytest.mark.parametrize("limits", [{"requests_per_minute": 1}, {"tokens_per_minute": 1}])
def test_calls_beyond_a_minutes_budget_wait(limits):
    inner = FakeGenerator()
    made = Limited(inner, **limits)

    async def main():
        await made.generate(["first"])
        second = asyncio.create_task(made.generate(["second"]))
        await asyncio.wait([second], timeout=0.1)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)

    asyncio.run(main())
    assert inner.asked == ["first"]


@pytest.mark.parametrize("limits", [{"in_flight": 0}, {"requests_per_minute": 0}, {"tokens_per_minute": -1}])
def test_limits_that_let_nothing_go_are_refused(limits):
    with pytest.raises(ConfigError, match="above 0"):
        Limited(FakeGenerator(), **limits)
    with pytest.raises(ConfigError, match="attempts"):
        Retried(FakeGenerator(), 0)


# --- Logged


def test_calls_and_ends_are_logged_without_a_text(caplog):
    caplog.set_level(logging.DEBUG, "vecsmith")
    call(Logged(FakeGenerator()), ["my secret"])
    assert [record.levelname for record in caplog.records] == ["DEBUG", "DEBUG"]
    assert caplog.messages[0] == "embedding 1 texts"
    assert "9 tokens" in caplog.messages[1]
    assert "secret" not in caplog.text


def test_failures_are_logged_as_errors_and_by_kind_alone(caplog):
    caplog.set_level(logging.DEBUG, "vecsmith")
    with pytest.raises(Unavailable):
        call(Logged(Failing(Unavailable("cannot read 'my secret'", provider="fake", status=503))), ["my secret"])
    assert [record.levelname for record in caplog.records] == ["DEBUG", "ERROR"]
    assert caplog.messages[1].endswith("Unavailable, status 503")
    assert "secret" not in caplog.text


def test_a_cancelled_call_is_no_failure_in_the_log(caplog):
    caplog.set_level(logging.DEBUG, "vecsmith")

    async def main():
        inner = Held()
        task = asyncio.create_task(Logged(inner).generate(["a"]))
        await until(lambda: inner.waiting)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())
    assert [record.levelname for record in caplog.records] == ["DEBUG", "DEBUG"]
    assert "cancelled" in caplog.messages[1]


# --- Defaulted


def test_options_that_a_call_leaves_open_are_filled_and_the_callers_object_stays():
    inner = FakeGenerator()
    made = Defaulted(inner, dimensions=8, task="clustering", prompt="p: ", normalize=False)
    mine = GenerationOptions(prompt="mine: ")
    answer = call(made, ["a"], mine)
    assert mine == GenerationOptions(prompt="mine: ")
    asked = GenerationOptions(dimensions=8, normalize=False, prompt="mine: ", task="clustering")
    assert inner.calls == [asked]
    np.testing.assert_array_equal(answer.vectors, call(FakeGenerator(), ["a"], asked).vectors)
    call(made, ["a"])
    assert inner.calls[1].prompt == "p: "


def test_an_embedder_with_default_options_gives_what_one_gives_that_is_asked_for_them():
    cache = open_cache("memory")
    defaults = {"dimensions": 8, "prompt": "p: ", "normalize": False}
    with Embedder.from_generator(FakeGenerator(), cache=cache) as plain:
        whole = plain.embed("a")
        with pytest.warns(UserWarning, match="8 dimensions"):
            wanted = plain.embed("a", **defaults)
        made = Embedder.from_generator(Defaulted(FakeGenerator(), **defaults), cache=cache)
        found = made.embed("a")
        np.testing.assert_array_equal(found.vectors, wanted.vectors)
        assert found.space == wanted.space
        np.testing.assert_array_equal(plain.embed("a").vectors, whole.vectors)
        assert made.embed("a", dimensions=4).vectors.shape == (1, 4)


@pytest.mark.parametrize("on_long", ["chunk", "late"])
def test_default_options_hold_for_the_chunks_of_long_texts(embedder, on_long):
    text, defaults = "Rome is old. " * 300, {"dimensions": 128, "prompt": "a prompt of several words: "}
    with AsyncRunner(Defaulted(embedder.generator, **defaults)) as layered:
        found = layered([text, "short"], on_long=on_long)
    with pytest.warns(UserWarning, match="128 dimensions"):
        wanted = embedder.embed([text, "short"], on_long=on_long, **defaults).vectors
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, atol=1e-4)


# --- Guarded


def test_what_is_refused_is_named_before_anything_is_sent():
    inner = FakeGenerator()
    made = Guarded(inner, max_characters=5, refuse=lambda text: "it names a person" if "Ann" in text else None)
    with pytest.raises(InputError, match="names a person") as caught:
        call(made, ["fine", "Ann", "much too long"])
    assert [caught.value.index, *(error.index for error in caught.value.others)] == [1, 2]
    with pytest.raises(InputError, match="2 texts"):
        call(Guarded(inner, max_texts=2), ["a", "b", "c"])
    assert inner.asked == []
    assert len(call(made, ["fine"]).vectors) == 1


# --- Traced


@pytest.fixture
def telemetry():
    metrics = pytest.importorskip("opentelemetry.sdk.metrics")
    trace = pytest.importorskip("opentelemetry.sdk.trace")
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    spans, reader, tracers = InMemorySpanExporter(), InMemoryMetricReader(), trace.TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(spans))
    meters = metrics.MeterProvider([reader])

    def measured():
        data = reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics
        return {metric.name: (metric.unit, metric.data.data_points[0]) for metric in data}

    yield {"tracer_provider": tracers, "meter_provider": meters}, spans.get_finished_spans, measured
    meters.shutdown()
    tracers.shutdown()


class Remote(Failing):
    @property
    def metadata(self):
        from vecsmith.providers import Metadata

        return Metadata("mistral", "mistral-embed", 16, 0, "https://api.example.org/v1")


def test_a_call_is_a_span_by_the_conventions_names(telemetry):
    providers, spans, measured = telemetry
    call(Traced(Remote(), **providers), ["my secret"])
    (span,) = spans()
    assert (span.name, span.kind.name) == ("embeddings mistral-embed", "CLIENT")
    assert dict(span.attributes) == {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.provider.name": "mistral_ai",
        "gen_ai.request.model": "mistral-embed",
        "gen_ai.response.model": "fake",
        "gen_ai.embeddings.dimension.count": 16,
        "gen_ai.usage.input_tokens": 9,
        "server.address": "api.example.org",
        "server.port": 443,
    }
    unit, tokens = measured()["gen_ai.client.token.usage"]
    assert (unit, tokens.sum, tokens.attributes["gen_ai.token.type"]) == ("{token}", 9, "input")
    unit, seconds = measured()["gen_ai.client.operation.duration"]
    assert (unit, seconds.count, seconds.attributes["gen_ai.operation.name"]) == ("s", 1, "embeddings")


def test_a_failure_is_a_span_with_its_kind_and_without_its_message(telemetry):
    providers, spans, measured = telemetry
    with pytest.raises(Unavailable):
        call(Traced(Remote(Unavailable("my secret", provider="fake", status=503)), **providers), ["my secret"])
    (span,) = spans()
    assert span.attributes["error.type"] == "503"
    assert (span.status.status_code.name, span.events) == ("ERROR", ())
    assert "secret" not in span.to_json()
    assert measured()["gen_ai.client.operation.duration"][1].attributes["error.type"] == "503"
    assert "gen_ai.client.token.usage" not in measured()


def test_without_opentelemetry_the_error_names_the_extra(monkeypatch):
    real = builtins.__import__

    def missing(name, *rest):
        if name.startswith("opentelemetry"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ConfigError, match=r"vecsmith\[telemetry\]"):
        Traced(FakeGenerator())
