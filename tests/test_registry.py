"""Many models in one process: loaded when they are needed, and within one budget of memory."""

import asyncio
import threading

import numpy as np
import pytest

from processes import until
from vecsmith import ConfigError, Embedder
from vecsmith.local import memory
from vecsmith.local.engine import COPIES, Engine, registry

TEXT = "the cat sat on the mat"
NOTHING = 1
SMALL = 1000


@pytest.fixture
def opened(make_model):
    """Opens models that differ, and closes them."""
    embedders = []

    def open_model(seed):
        embedders.append(Embedder(make_model(seed=seed).path, threads=1, compute="f32"))
        return embedders[-1]

    yield open_model
    for embedder in embedders:
        embedder.close()


@pytest.fixture
def budget(monkeypatch):
    """Sets what all engines may take."""
    return lambda size: monkeypatch.setattr(registry, "budget", size)


def engine_of(embedder):
    return embedder.generator.engine


def awake(*embedders):
    return [bool(engine_of(embedder).lanes) for embedder in embedders]


def idle(embedder):
    """Wait until the threads that have just answered are done."""
    asyncio.run(until(lambda: not any(lane.busy for lane in engine_of(embedder).lanes.values())))


def test_models_within_the_budget_stay_loaded(opened):
    first, second = opened(1), opened(2)
    assert awake(first, second) == [True, True]
    assert engine_of(first).memory > 0


def test_beyond_the_budget_the_model_used_longest_ago_sleeps(opened, budget):
    first, second = opened(1), opened(2)
    first.embed(TEXT)
    idle(first)
    idle(second)
    for embedder in (first, second):
        engine_of(embedder).memory = SMALL
    weights = sum(path.stat().st_size for path in engine_of(first).folder.weights)
    budget(SMALL + COPIES * weights)
    third = opened(3)
    assert awake(first, second, third) == [True, False, True]
    assert engine_of(second).memory == 0


def test_a_model_that_sleeps_wakes_for_work_with_the_same_vectors(opened, budget):
    first = opened(1)
    before = first.embed(TEXT).vector
    idle(first)
    budget(NOTHING)
    opened(2)
    assert awake(first) == [False]
    np.testing.assert_array_equal(first.embed(TEXT).vector, before)
    assert awake(first) == [True]


def test_a_model_that_works_is_not_sent_to_sleep(opened, budget, monkeypatch):
    from vecsmith.local import lane as lanes

    first = opened(1)
    begun, go_on, infer = threading.Event(), threading.Event(), lanes.infer

    def held(request, batch):
        begun.set()
        assert go_on.wait(30)
        return infer(request, batch)

    monkeypatch.setattr(lanes, "infer", held)
    answer = engine_of(first).submit([np.array([5, 6], np.int32)])
    assert begun.wait(30)
    budget(NOTHING)
    second = opened(2)
    assert awake(first, second) == [True, True]
    go_on.set()
    assert answer.result(30).shape == (1, engine_of(first).folder.dimensions)


def test_many_threads_that_wake_a_model_load_it_once(opened, budget, monkeypatch):
    first = opened(1)
    want = first.embed(TEXT).vector
    idle(first)
    budget(NOTHING)
    opened(2)
    compiles, compile_ = [], Engine.compile

    def counted(self, name, streams):
        compiles.append(name)
        return compile_(self, name, streams)

    monkeypatch.setattr(Engine, "compile", counted)
    vectors = [None] * 8

    def ask(place):
        vectors[place] = first.embed(TEXT).vector

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(len(vectors))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert compiles == ["quick"]
    np.testing.assert_allclose(np.stack(vectors), np.stack([want] * len(vectors)), rtol=0, atol=1e-6)


def test_a_model_that_was_closed_counts_no_more(opened, budget):
    first, second = opened(1), opened(2)
    idle(second)
    engine_of(second).memory = SMALL
    weights = sum(path.stat().st_size for path in engine_of(first).folder.weights)
    budget(SMALL + COPIES * weights)
    first.close()
    third = opened(3)
    assert awake(second, third) == [True, True]


def test_the_budget_is_a_setting(make_model, monkeypatch):
    monkeypatch.setattr(registry, "budget", None)
    monkeypatch.setenv("VECSMITH_MEMORY", "3GB")
    with Embedder(make_model().path, threads=1) as embedder:
        assert embedder.embed(TEXT).vectors.shape[0] == 1
    assert registry.budget == 3_000_000_000


def test_a_budget_that_is_no_size_is_refused(make_model, monkeypatch):
    monkeypatch.setenv("VECSMITH_MEMORY", "plenty")
    with pytest.raises(ConfigError, match="plenty"):
        Embedder(make_model().path, threads=1)


def test_without_a_budget_engines_may_take_most_of_the_memory_there_is(monkeypatch):
    monkeypatch.setattr(registry, "budget", None)
    there_is = memory.machine_memory()
    assert there_is is None or 0.5 * there_is < registry.most < there_is


def test_where_the_system_tells_nothing_a_model_counts_as_what_was_expected(opened, monkeypatch):
    from vecsmith.local import engine

    monkeypatch.setattr(engine, "private_bytes", lambda: None)
    first = opened(1)
    weights = sum(path.stat().st_size for path in engine_of(first).folder.weights)
    assert engine_of(first).memory == engine.COPIES * weights
