"""The engine as its users see it: right vectors in any company, shared, and never stuck."""

import asyncio
import gc
import random
import threading
import weakref
from functools import partial

import numpy as np
import pytest

from processes import run_python, until
from tiny_model import CONFIG, random_weights
from vecsmith import AsyncEmbedder, Closed, Embedder, ModelError, Timeout
from vecsmith.local import lane as lanes
from vecsmith.local.engine import OFTEN, QUICK_TOKENS, registry
from vecsmith.local.lane import Lane, Work
from vecsmith.local.plan import Ladder

PATIENCE = 30  # seconds for what should take milliseconds: a test that waits so long has failed
TEXTS = [
    "rain",
    "",
    "The train to the coast was late again.",
    "A pot of soup " * 12,
    "wind and " * 120,
    "Wo ist der Bahnhof?",
    "🚂 🌊",
    "long words of no meaning follow here: " + "abracadabra " * 30,
]


def ids(*lengths):
    """Rows of token ids that tiny models know."""
    rng = random.Random(0)
    return [np.array(rng.choices(range(5, 57), k=length), np.int32) for length in lengths]


def different(text, count):
    """As many texts, no two of them equal: equal ones would be embedded once."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    return [f"{text} {letters[i % 26]} {letters[i // 26 % 26]} {letters[i // 676]}" for i in range(count)]


BULK = ids(*[32] * 200)
SHORT = ids(4)
LONGER = ids(*[32] * (QUICK_TOKENS // 32 + 1))  # just too much for the quick lane


@pytest.fixture
def engine(open_model):
    _, embedder = open_model()
    return embedder.generator.engine


class Gate:
    """Holds the batches of some threads back until it is opened."""

    def __init__(self, monkeypatch, threads):
        self.opened = threading.Event()
        self.reached = threading.Event()
        self.threads = threads
        self.infer = lanes.infer
        monkeypatch.setattr(lanes, "infer", self)

    def __call__(self, request, batch):
        if threading.current_thread().name.startswith(self.threads):
            self.reached.set()
            assert self.opened.wait(PATIENCE)
        return self.infer(request, batch)


@pytest.fixture
def gate(monkeypatch, engine):
    """Holds the bulk lane back; depends on the engine so that it is opened before the engine is closed."""
    gate = Gate(monkeypatch, "vecsmith-bulk")
    yield gate
    gate.opened.set()


def cosines(a, b):
    return (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


# the same vector in any company


@pytest.fixture(scope="module")
def alone(embedder):
    return np.stack([embedder.embed(text, on_long="truncate").vector for text in TEXTS])


@pytest.fixture(scope="module")
def alone_auto(auto_embedder):
    return np.stack([auto_embedder.embed(text, on_long="truncate").vector for text in TEXTS])


def companies():
    rng = random.Random(1)
    yield "in one batch", list(range(len(TEXTS)))
    yield "reversed", list(range(len(TEXTS)))[::-1]
    yield "among many", rng.choices(range(len(TEXTS)), k=60)


@pytest.mark.parametrize("order", [pytest.param(order, id=name) for name, order in companies()])
def test_a_text_has_the_same_vector_in_any_company_in_f32(embedder, alone, order):
    vectors = embedder.embed([TEXTS[i] for i in order], on_long="truncate").vectors
    np.testing.assert_allclose(vectors, alone[order], rtol=0, atol=1e-5)


@pytest.mark.parametrize("order", [pytest.param(order, id=name) for name, order in companies()])
def test_a_text_has_the_same_vector_in_any_company_in_auto(auto_embedder, alone_auto, order):
    vectors = auto_embedder.embed([TEXTS[i] for i in order], on_long="truncate").vectors
    assert cosines(vectors, alone_auto[order]).min() >= 0.9999


def test_auto_is_as_good_as_f32(alone, alone_auto):
    assert cosines(alone, alone_auto).min() >= 0.9999


def test_the_order_of_the_texts_is_restored(tiny):
    model, embedder = tiny
    texts = [" ".join("abcdefghijklmnopqrstuvwxyz"[i % 26 :][: 1 + i * 7 % 19]) for i in range(150)]
    np.testing.assert_allclose(embedder.embed(texts).vectors, model.vectors(texts), rtol=0, atol=1e-5)


def test_a_row_alone_and_the_row_in_a_full_batch_are_equal_for_every_length(engine):
    rows = ids(*range(1, 33))
    together = engine.submit(rows).result(PATIENCE)
    alone = [engine.submit([row]).result(PATIENCE)[0] for row in rows]
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-5)


def test_vectors_are_the_callers_own(engine):
    (first,) = engine.submit(SHORT).result(PATIENCE)
    before = first.copy()
    engine.submit(BULK).result(PATIENCE)
    np.testing.assert_array_equal(first, before)


def test_no_rows_are_no_vectors(engine):
    assert engine.submit([]).result(PATIENCE).shape == (0, 32)


# one engine for all


def test_embedders_of_one_model_share_an_engine(make_model):
    model = make_model()
    with Embedder(model.path, threads=1) as one, Embedder(model.path, threads=1) as two:
        assert one.generator.engine is two.generator.engine


def test_copies_of_a_model_share_an_engine(open_model):
    (_, one), (_, two) = open_model(seed=5), open_model(seed=5)
    assert one.generator.engine is two.generator.engine


def test_other_threads_are_another_engine(make_model):
    model = make_model()
    with Embedder(model.path, threads=1) as one, Embedder(model.path, threads=2) as two:
        assert one.generator.engine is not two.generator.engine


def test_other_arithmetic_is_another_engine(make_model):
    model = make_model()
    with Embedder(model.path, compute="f32", threads=1) as one, Embedder(model.path, threads=1) as two:
        same = one.generator.arithmetic.precision == two.generator.arithmetic.precision
        assert (one.generator.engine is two.generator.engine) == same


@pytest.mark.parametrize(
    "change",
    [{"hidden_act": "relu"}, {"num_attention_heads": 2}, {"layer_norm_eps": 0.1}, {"num_hidden_layers": 1}],
    ids=str,
)
def test_the_same_weights_with_another_configuration_give_the_vectors_of_that_configuration(open_model, change):
    weights = random_weights(CONFIG, seed=7)
    (_, one), (model, two) = open_model(weights=weights), open_model(weights=weights, **change)
    assert one.embed("the cat").vectors.shape == (1, 32)
    np.testing.assert_allclose(two.embed("the cat").vector, model.vector("the cat"), rtol=0, atol=1e-5)


def test_the_same_weights_with_a_larger_limit_read_longer_texts(open_model):
    weights = random_weights(CONFIG, seed=8)
    (_, one), (model, two) = open_model(weights=weights, max_seq_length=8), open_model(weights=weights)
    assert one.metadata.max_tokens == 8
    text = "a " * 30
    np.testing.assert_allclose(two.embed(text, timeout=PATIENCE).vector, model.vector(text), rtol=0, atol=1e-5)


def test_the_first_to_close_leaves_the_engine_to_the_others(make_model):
    model = make_model()
    with Embedder(model.path, threads=1, compute="f32") as two:
        Embedder(model.path, threads=1, compute="f32").close()
        np.testing.assert_allclose(two.embed("cat").vector, model.vector("cat"), rtol=0, atol=1e-5)


def test_the_last_to_close_ends_the_engines_threads(make_model):
    model = make_model()
    embedders = [Embedder(model.path, threads=1) for _ in range(2)]
    engine = embedders[0].generator.engine
    engine.submit(BULK).result(PATIENCE)
    threads = [thread for lane in engine.lanes.values() for thread in lane.threads]
    for embedder in embedders:
        embedder.close()
    assert len(threads) == 2
    assert not any(thread.is_alive() for thread in threads)
    assert engine.key not in registry.engines


def test_the_last_to_close_frees_the_engine(make_model):
    embedder = Embedder(make_model().path, threads=1)
    engine = weakref.ref(embedder.generator.engine)
    embedder.close()
    # threads that have just answered may still hold it for a moment
    asyncio.run(until(lambda: gc.collect() >= 0 and engine() is None))


def test_closing_twice_gives_back_once(make_model):
    model = make_model()
    with Embedder(model.path, threads=1, compute="f32") as other:
        embedder = Embedder(model.path, threads=1, compute="f32")
        embedder.close()
        embedder.close()
        np.testing.assert_allclose(other.embed("cat").vector, model.vector("cat"), rtol=0, atol=1e-5)


def test_a_model_that_cannot_be_compiled_leaves_no_engine(make_model):
    model = make_model()
    before = dict(registry.engines)
    (model.path / "config.json").write_text((model.path / "config.json").read_text().replace("gelu", "mish"))
    with pytest.raises(Exception, match="mish"):
        Embedder(model.path)
    assert registry.engines == before


# shapes and lanes


def test_only_shapes_of_the_ladder_are_run(engine, monkeypatch):
    shapes, infer = set(), lanes.infer
    monkeypatch.setattr(lanes, "infer", lambda request, batch: shapes.add(batch.shape) or infer(request, batch))
    rng = random.Random(2)
    for _ in range(60):
        engine.submit(ids(*rng.choices(range(1, 33), k=rng.choice([1, 2, 5, 17, 90])))).result(PATIENCE)
    assert shapes <= {shape for lane in engine.lanes.values() for shape in lane.pool.ladder.shapes}
    assert len(shapes) > 5


def test_single_short_texts_get_a_lane_of_their_own_when_they_come_often(engine):
    first = [engine.submit(SHORT).result(PATIENCE) for _ in range(OFTEN - 1)]
    assert list(engine.lanes) == ["quick"]
    engine.lane("short").ready.result(PATIENCE)
    for length in (1, 4, 15, 16):
        vectors = engine.submit(ids(length)).result(PATIENCE)
        expected = engine.submit(ids(length, 17)).result(PATIENCE)[:1]  # two texts are not for that lane
        np.testing.assert_allclose(vectors, expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(engine.submit(SHORT).result(PATIENCE), first[0], rtol=0, atol=1e-5)
    assert set(engine.lanes["short"].pool.ladder.shapes) == {(1, 16)}


def test_short_texts_that_come_at_once_share_batches_and_do_not_wait_for_their_own_lane(engine, monkeypatch):
    for _ in range(OFTEN):
        engine.submit(SHORT).result(PATIENCE)
    engine.lane("short").ready.result(PATIENCE)
    gate = Gate(monkeypatch, "vecsmith-short")
    held = engine.submit(SHORT)
    assert gate.reached.wait(PATIENCE)
    assert len(engine.submit(SHORT).result(PATIENCE)) == 1  # while the short lane is held
    gate.opened.set()
    assert len(held.result(PATIENCE)) == 1


def test_short_texts_are_answered_where_their_own_lane_cannot_be_compiled(engine, monkeypatch):
    engine.open()

    def broken(graph, shape):
        raise RuntimeError("no such shape")

    monkeypatch.setattr("vecsmith.local.engine.of_shape", broken)
    for _ in range(2 * OFTEN):
        assert len(engine.submit(SHORT).result(PATIENCE)) == 1
    with pytest.raises(RuntimeError):
        engine.lanes["short"].ready.result(PATIENCE)


@pytest.fixture
def quick_gate(monkeypatch, engine):
    """Holds the quick lane back."""
    gate = Gate(monkeypatch, "vecsmith-quick")
    yield gate
    gate.opened.set()


@pytest.mark.parametrize(
    "lengths", [(20, 18, 16, 14, 12, 10), (20, 20, 20, 20, 20, 20), (10, 20, 10, 20, 10, 20)], ids=str
)
def test_texts_that_wait_together_share_a_batch(engine, quick_gate, lengths):
    first = engine.submit(SHORT)
    assert quick_gate.reached.wait(PATIENCE)
    batches, infer = [], quick_gate.infer
    quick_gate.infer = lambda request, batch: batches.append(len(batch.rows)) or infer(request, batch)
    waiting = [engine.submit(ids(length)) for length in lengths]
    quick_gate.opened.set()
    for future in [first, *waiting]:
        future.result(PATIENCE)
    assert sum(batches) == 7
    assert len(batches) <= 3


def test_the_backlog_is_what_waits_at_the_pace_of_what_was_computed(engine, gate):
    first = engine.submit(BULK)
    assert gate.reached.wait(PATIENCE)
    assert engine.backlog(10_000) == 0  # nothing was computed yet
    gate.opened.set()
    first.result(PATIENCE)
    gate.opened.clear()
    waiting = engine.submit([*BULK, *BULK])
    assert engine.backlog(10_000) == engine.backlog(1, "bulk") > 0
    waiting.cancel()
    assert engine.backlog(10_000) == 0


def test_a_short_job_is_answered_while_bulk_waits(engine, gate):
    bulk = engine.submit(BULK)
    assert gate.reached.wait(PATIENCE)
    vectors = engine.submit(SHORT).result(PATIENCE)
    assert not bulk.done()
    gate.opened.set()
    np.testing.assert_allclose(vectors, engine.submit(SHORT).result(PATIENCE), rtol=0, atol=1e-5)


def test_the_lanes_give_the_same_vectors(engine):
    in_bulk = engine.submit([*SHORT, *BULK]).result(PATIENCE)[0]
    np.testing.assert_allclose(engine.submit(SHORT).result(PATIENCE)[0], in_bulk, rtol=0, atol=1e-5)


def test_a_short_call_behind_a_long_one_is_answered_in_its_turn(engine, gate):
    """Of two in the bulk lane, that is: jobs lead batches in turn."""
    bulk = engine.submit(BULK)
    assert gate.reached.wait(PATIENCE)
    longer = engine.submit(LONGER)
    order = []
    bulk.add_done_callback(lambda _: order.append("bulk"))
    longer.add_done_callback(lambda _: order.append("longer"))
    gate.opened.set()
    bulk.result(PATIENCE)
    longer.result(PATIENCE)
    assert order == ["longer", "bulk"]


# what goes wrong


def test_a_cancelled_job_leaves_the_pool(engine, gate):
    first = engine.submit(LONGER)
    assert gate.reached.wait(PATIENCE)
    waiting = engine.submit(LONGER)
    assert waiting.cancel()
    assert all(row.job.future is not waiting for row in engine.lane("bulk").pool.sorted)
    gate.opened.set()
    first.result(PATIENCE)


def test_cancelling_an_embed_drops_its_rows_and_others_finish(make_model, monkeypatch):
    model = make_model()
    gate = Gate(monkeypatch, "vecsmith-bulk")

    async def main():
        async with AsyncEmbedder(model.path, compute="f32", threads=1) as embedder:
            try:
                pool = (await embedder.open()).engine.lane("bulk").pool
                given_up = asyncio.create_task(embedder.embed(different("the dog sleeps", 1000)))
                other = asyncio.create_task(embedder.embed(texts := different("the cat", 200)))
                assert await asyncio.to_thread(gate.reached.wait, PATIENCE)
                await until(lambda: len(pool) >= 200)
                given_up.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await given_up
                waiting = len(pool)
            finally:
                gate.opened.set()
            return waiting, texts, (await other).vectors

    waiting, texts, vectors = asyncio.run(main())
    assert waiting <= 200
    np.testing.assert_allclose(vectors, model.vectors(texts), rtol=0, atol=1e-5)


def test_a_batch_that_fails_is_a_model_error_to_its_callers(engine, monkeypatch):
    monkeypatch.setattr(lanes, "infer", failing)
    with pytest.raises(ModelError, match=r"the local engine failed on a batch of .*no memory"):
        engine.submit(SHORT).result(PATIENCE)


def failing(request, batch):
    raise RuntimeError("no memory")


def test_the_lane_goes_on_after_a_batch_that_failed(engine, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(lanes, "infer", failing)
        assert isinstance(engine.submit(BULK).exception(PATIENCE), ModelError)
    assert len(engine.submit(SHORT).result(PATIENCE)) == 1


def test_a_batch_that_fails_spares_the_jobs_that_were_not_in_it(engine, gate, monkeypatch):
    bulk = engine.submit(LONGER)
    assert gate.reached.wait(PATIENCE)
    infer = gate.infer
    gate.infer = lambda request, batch: failing(request, batch) if batch.shape.length > 16 else infer(request, batch)
    small = engine.submit(ids(*[4] * 100))
    gate.opened.set()
    assert isinstance(bulk.exception(PATIENCE), ModelError)
    assert len(small.result(PATIENCE)) == 100


def two_streams(engine):
    """A bulk lane as it is on two cores."""
    lane = Lane("two", partial(engine.compile, "bulk", 2), Ladder.of(32, 64), streams=2)
    lane.ready.result(PATIENCE)
    return lane


def test_two_streams_give_right_vectors(engine):
    lane = two_streams(engine)
    work = Work.of(BULK)
    lane.submit(work)
    vectors = work.future.result(PATIENCE)
    lane.close()
    np.testing.assert_allclose(vectors, engine.submit(BULK).result(PATIENCE), rtol=0, atol=1e-5)


def test_two_batches_of_a_job_that_fail_at_once_leave_the_lane_alive(engine, monkeypatch):
    lane = two_streams(engine)
    both = threading.Barrier(2)

    def fail_together(request, batch):
        both.wait(PATIENCE)
        raise RuntimeError("no memory")

    with monkeypatch.context() as patch:
        patch.setattr(lanes, "infer", fail_together)
        work = Work.of(ids(32, 32, 32, 32))
        lane.submit(work)
        assert isinstance(work.future.exception(PATIENCE), ModelError)
        again = Work.of(ids(32, 32, 32, 32))
        lane.submit(again)
        assert isinstance(again.future.exception(PATIENCE), ModelError)
    last = Work.of(SHORT)
    lane.submit(last)
    assert len(last.future.result(PATIENCE)) == 1
    assert all(thread.is_alive() for thread in lane.threads)
    lane.close()


def test_closing_fails_what_waits(engine, gate):
    running = engine.submit(ids(*[32] * 16, 1))
    assert gate.reached.wait(PATIENCE)
    waiting = engine.submit(LONGER)
    closing = threading.Thread(target=engine.close)
    lane = engine.lane("bulk")
    closing.start()
    asyncio.run(until(lambda: lane.closed))
    gate.opened.set()
    closing.join(PATIENCE)
    assert isinstance(waiting.exception(PATIENCE), Closed)
    assert isinstance(running.exception(PATIENCE), Closed)  # a batch of it ran, and another waited


def test_a_closed_engine_takes_no_more_work(make_model):
    embedder = Embedder(make_model().path, threads=1)
    engine = embedder.generator.engine
    embedder.close()
    try:
        with pytest.raises(Closed):
            engine.submit(SHORT).result(PATIENCE)
    finally:
        engine.close()


def test_closing_the_embedder_while_a_call_waits_is_closed_to_the_caller(make_model, monkeypatch):
    model = make_model()
    gate = Gate(monkeypatch, "vecsmith-bulk")

    async def main():
        embedder = AsyncEmbedder(model.path, threads=1)
        lane = (await embedder.open()).engine.lane("bulk")
        calls = [
            asyncio.create_task(embedder.embed(different(text, 100))) for text in ("the old cat", "the old dog sleeps")
        ]
        await until(lambda: lane.pool.added >= 200)
        closing = asyncio.create_task(embedder.aclose())
        await until(lambda: lane.closed)
        gate.opened.set()
        await closing
        return await asyncio.gather(*calls, return_exceptions=True)

    results = asyncio.run(main())
    assert Closed in map(type, results)


def test_a_lane_that_cannot_be_compiled_says_so_every_time(engine, monkeypatch):
    def broken(*args, **kwargs):
        raise ModelError("no such graph")

    monkeypatch.setattr("vecsmith.local.engine.compiled", broken)
    for _ in range(2):
        with pytest.raises(ModelError, match="no such graph"):
            engine.submit(SHORT, "tokens").result(PATIENCE)


@pytest.mark.parametrize("rows", [SHORT, BULK], ids=["one", "many"])
def test_vectors_are_freed_when_nobody_holds_them_and_not_by_the_garbage_collector(engine, rows):
    gc.collect()
    gc.disable()
    try:
        gone = weakref.ref(engine.submit(rows).result(PATIENCE))
        engine.submit(rows).result(PATIENCE)  # a thread lets go of a job after it has answered
        assert gone() is None
    finally:
        gc.enable()


# threads, loops and forks


def test_two_threads_and_two_event_loops_at_once_get_right_vectors(make_model):
    model = make_model()
    rng = random.Random(3)
    letters = "abcdefghijklmnopqrstuvwxyz"
    jobs = [
        [" ".join(rng.choices(letters, k=rng.randint(0, 28))) for _ in range(rng.randint(1, 60))] for _ in range(12)
    ]
    expected = [model.vectors(job) for job in jobs]
    problems = []

    def compare(vectors, number):
        if not np.allclose(vectors, expected[number], rtol=0, atol=1e-5):
            problems.append(number)

    def blocking(embedder):
        for number, job in enumerate(jobs):
            compare(embedder.embed(job, timeout=PATIENCE).vectors, number)

    async def several(embedder):
        results = await asyncio.gather(*(embedder.embed(job, timeout=PATIENCE) for job in jobs))
        for number, result in enumerate(results):
            compare(result.vectors, number)

    asynchronous = AsyncEmbedder(model.path, compute="f32", threads=1)
    with Embedder(model.path, compute="f32", threads=1) as embedder:
        threads = [threading.Thread(target=blocking, args=[embedder]) for _ in range(2)]
        threads += [threading.Thread(target=lambda: asyncio.run(several(asynchronous))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(2 * PATIENCE)
        assert not any(thread.is_alive() for thread in threads)
        asyncio.run(asynchronous.aclose())
    assert problems == []


FORK = """
import os, sys
import numpy as np
import vecsmith

compute, leave, *works = sys.argv[1:]
embedder = vecsmith.Embedder(compute=compute)
texts = ["one text", "another, longer text " * 9]
before = embedder.embed(texts).vectors

def same():
    return embedder

def new():
    return vecsmith.Embedder(compute=compute, threads=1)

def other():
    return vecsmith.Embedder(compute="auto" if compute == "f32" else "f32")

for work in works:
    child = os.fork()
    if child == 0:
        vectors = {"same": same, "new": new, "other": other}[work]().embed(texts).vectors
        status = 0 if (vectors * before).sum(axis=1).min() > 0.9999 else 3
        if leave == "at once":
            os._exit(status)
        sys.exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, work
    after = embedder.embed(texts).vectors
    assert (after * before).sum(axis=1).min() > 0.9999, work
print("done")
"""
forks = pytest.mark.skipif("not hasattr(__import__('os'), 'fork')", reason="this system has no fork")


@forks
@pytest.mark.parametrize(
    ("compute", "leave", "works"),
    [
        ("f32", "at once", ["same", "new", "other"]),
        ("f32", "as usual", ["new", "other", "same"]),
        ("auto", "at once", ["other", "same", "new"]),
        ("auto", "as usual", ["same", "other", "new"]),
    ],
)
def test_forked_children_embed_and_end_well(compute, leave, works):
    assert run_python(FORK, compute, leave, *works) == "done\n"


@forks
@pytest.mark.parametrize("compute", ["f32", "auto"])
def test_children_of_a_process_that_closed_its_embedder_embed_and_end_well(compute):
    code = """
        import os, sys
        import vecsmith
        compute = sys.argv[1]
        with vecsmith.Embedder(compute=compute) as embedder:
            embedder.embed("a")
        for leave in (os._exit, sys.exit):
            child = os.fork()
            if child == 0:
                with vecsmith.Embedder(compute=compute) as embedder:
                    status = 0 if embedder.embed("a").vectors.shape == (1, 384) else 3
                leave(status)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, leave
        print("done")
        """
    assert run_python(code, compute) == "done\n"


@forks
def test_a_forked_child_may_be_the_first_to_embed():
    code = """
        import os, sys
        import vecsmith
        embedder = vecsmith.Embedder()
        child = os.fork()
        if child == 0:
            sys.exit(0 if vecsmith.embed("a").vectors.shape == (1, 384) and len(embedder.embed("a")) == 1 else 3)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        print("done")
        """
    assert run_python(code) == "done\n"


@forks
def test_a_pool_of_forked_processes_embeds():
    code = """
        import multiprocessing
        import vecsmith

        def work(text):
            return vecsmith.embed(text).vector

        if __name__ == "__main__":
            texts = ["one", "two " * 40, "three", "four"]
            before = vecsmith.embed(texts).vectors
            with multiprocessing.get_context("fork").Pool(2) as pool:
                vectors = pool.map(work, texts)
                pool.close()
                pool.join()
            assert min(float(a @ b) for a, b in zip(vectors, before)) > 0.9999
            print("done")
        """
    assert run_python(code) == "done\n"


@forks
def test_a_process_that_forks_while_it_embeds_leaves_child_and_parent_working(make_model):
    code = """
        import os, sys, threading
        import numpy as np
        import vecsmith
        embedder = vecsmith.Embedder(sys.argv[1], compute="f32")
        expected = embedder.embed("the cat").vector
        stop = threading.Event()
        def bulk():
            while not stop.is_set():
                embedder.embed(["the dog sleeps by the door"] * 500)
        thread = threading.Thread(target=bulk)
        thread.start()
        for _ in range(5):
            child = os.fork()
            if child == 0:
                os._exit(0 if np.allclose(embedder.embed("the cat").vector, expected, atol=1e-5) else 3)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        stop.set()
        thread.join()
        assert np.allclose(embedder.embed("the cat").vector, expected, atol=1e-5)
        print("done")
        """
    assert run_python(code, make_model().path) == "done\n"


def test_a_process_that_ends_while_it_embeds_ends_well(make_model):
    code = """
        import sys, threading
        import vecsmith
        embedder = vecsmith.Embedder(sys.argv[1])
        threading.Thread(target=lambda: embedder.embed(["the dog sleeps by the door"] * 2000), daemon=True).start()
        embedder.embed("the cat")
        print("done")
        """
    assert run_python(code, make_model().path) == "done\n"


def test_a_call_that_nobody_answers_ends_at_its_deadline(make_model, monkeypatch):
    gate = Gate(monkeypatch, "vecsmith-quick")
    with Embedder(make_model().path, threads=1) as embedder:
        with pytest.raises(Timeout):
            embedder.embed("cat", timeout=0.05)
        gate.opened.set()
