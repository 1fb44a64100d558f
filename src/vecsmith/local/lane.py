"""A compiled model and the threads that feed it: jobs in, batches through the model, vectors out."""

from __future__ import annotations

import threading
import time
import weakref
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from vecsmith.errors import Closed, EmbedError, ModelError
from vecsmith.local.forks import native
from vecsmith.local.plan import Batch, Job, Ladder, Pool, Row
from vecsmith.local.runtime import reason
from vecsmith.local.tally import Batches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from openvino import CompiledModel, InferRequest

    from vecsmith.local.tokens import Ids
    from vecsmith.types import Floats

__all__ = ["Lane", "Work"]


@dataclass(eq=False)
class Work(Job):
    """A job, and where its vectors go."""

    future: Future[Any] = field(default_factory=Future)
    """(rows, width) pooled vectors, or a list with (tokens, width) vectors for each row."""
    vectors: Any = None
    count: int = 0
    left: int = 0
    answered: bool = False
    skipped: Sequence[int] | None = None
    """Tokens at the beginning of each row that pooling leaves out; None for none."""

    @classmethod
    def of(cls, ids: Sequence[Ids]) -> Work:
        """Make the work of one row for each sequence of ids."""
        work = super().of(ids)
        work.left = work.count = len(ids)
        return work

    def put(self, row: Row, output: Floats) -> None:
        """Copy one row's output, (width,) or (length, width), out of the request's memory."""
        if output.ndim == 1:
            if self.vectors is None:
                self.vectors = np.empty((self.count, len(output)), np.float32)
            self.vectors[row.index] = output
        else:
            if self.vectors is None:
                self.vectors = [None] * self.count
            self.vectors[row.index] = output[: len(row.ids)].copy()


class Lane:
    """Runs jobs through one compiled model, `streams` batches at a time.

    The model is compiled in the lane's own thread; jobs given before it is ready wait, and fail with its error if it
    cannot be.
    """

    def __init__(self, name: str, compile_: Callable[[], CompiledModel], ladder: Ladder, streams: int = 1) -> None:
        self.ready: Future[None] = Future()
        self.compile = compile_
        self.pool = Pool(ladder)
        self.changed = threading.Condition()
        self.begun: dict[int, float] = {}
        """When each batch that runs was begun, by the thread that runs it."""
        self.moved = 0.0
        """When work last came to an empty pool, or a batch was taken or done."""
        self.batches = Batches()
        self.closed = False
        self.requests: list[InferRequest] = []
        self.threads = [
            threading.Thread(target=self.run, name=f"vecsmith-{name}-{i}", daemon=True) for i in range(streams)
        ]
        self.threads[0].start()

    @property
    def busy(self) -> bool:
        """Whether a job given now would wait for others."""
        return len(self.begun) > 0 or len(self.pool) > 0

    @property
    def held_up(self) -> float:
        """Seconds since the oldest batch that runs was begun, or since work waits and nothing moves; 0 without work.

        Takes no lock, so that it can be asked when nothing else answers.
        """
        now = time.monotonic()
        waiting = self.moved if len(self.pool) else now
        return max(0.0, now - min((waiting, *tuple(self.begun.values()))))

    @property
    def backlog(self) -> float:
        """Seconds that what waits will take, at the pace of all that was computed; 0 where nothing was."""
        done = self.batches
        return self.pool.tokens * done.seconds.total / (max(1, done.tokens) * len(self.threads))

    def submit(self, work: Work) -> None:
        """Let a job wait for its turn; its future is set from one of the lane's threads."""
        with self.changed:
            if self.ready.done():
                self.ready.result()  # raises what kept the model from being compiled
            if self.closed:
                raise Closed("the embedder was closed: make a new one")
            if not len(self.pool):
                self.moved = time.monotonic()
            self.pool.add(work)
            self.changed.notify_all()
        given = weakref.ref(work)  # a future keeps its callbacks, and would keep the work, and so itself, alive
        work.future.add_done_callback(lambda future: self.forget(given()) if future.cancelled() else None)

    def forget(self, work: Work | None) -> None:
        """Drop what still waits of a job that was given up."""
        if work is not None:
            with self.changed:
                self.pool.remove(work)

    def close(self) -> None:
        """Stop after the batches that run, and fail what waits; returns when the threads have ended."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()
        for thread in self.threads:
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join()
        self.fail_waiting(Closed("the embedder was closed while texts were waiting"))
        self.requests = []

    def run(self) -> None:
        """Take batches until the lane is closed; the first thread compiles the model for all."""
        request = self.prepare()
        while request is not None and (batch := self.next_batch()) is not None:
            try:
                outputs = infer(request, batch)
            except Exception as error:  # noqa: BLE001 (whatever it is, the callers must hear of it)
                self.finish(
                    batch, error=ModelError(f"the local engine failed on a batch of {batch.shape} ({reason(error)})")
                )
            else:
                self.finish(batch, outputs)

    def prepare(self) -> InferRequest | None:
        """Return this thread's request; None where the model cannot be compiled."""
        if threading.current_thread() is not self.threads[0]:
            return self.requests[self.threads.index(threading.current_thread())]
        try:
            model = self.compile()
            self.requests = [model.create_infer_request() for _ in self.threads]
        except BaseException as error:  # noqa: BLE001 (as above)
            with self.changed:
                self.closed = True
                self.ready.set_exception(error)
            self.fail_waiting(error)
            return None
        for thread in self.threads[1:]:
            thread.start()
        self.ready.set_result(None)
        return self.requests[0]

    def next_batch(self) -> Batch | None:
        """Wait for rows and take a batch of them; None when the lane was closed."""
        with self.changed:
            while not self.closed:
                if (batch := self.pool.take()) is not None:
                    self.moved = self.begun[threading.get_ident()] = time.monotonic()
                    return batch
                self.changed.wait()
        return None

    def finish(self, batch: Batch, outputs: Floats | None = None, error: EmbedError | None = None) -> None:
        """Hand a batch's vectors, or its error, to the jobs of its rows."""
        done: list[Work] = []
        with self.changed:
            self.moved = time.monotonic()
            self.batches.add(batch, self.moved - self.begun.pop(threading.get_ident()))
            for position, row in enumerate(batch.rows):
                work = row.job
                assert isinstance(work, Work)
                if outputs is not None:
                    work.put(row, outputs[position])
                work.left -= 1
                if not work.answered and (error is not None or work.left == 0):
                    work.answered = True
                    self.pool.remove(work)
                    done.append(work)
        for work in done:
            settle(work.future, work.vectors, error)

    def fail_waiting(self, error: BaseException) -> None:
        """Answer every job that waits with an error."""
        with self.changed:
            waiting = {id(row.job): row.job for row in self.pool.sorted}
            for work in waiting.values():
                assert isinstance(work, Work)
                work.answered = True
                self.pool.remove(work)
        for work in waiting.values():
            assert isinstance(work, Work)
            settle(work.future, None, error)


def infer(request: InferRequest, batch: Batch) -> Floats:
    """Run one batch: (rows, width) pooled vectors, or (rows, length, width) token vectors.

    The inputs are copied by the call: sharing them corrupts the heap as soon as a second request is active.
    """
    ids = np.zeros(batch.shape, np.int32)
    lengths = np.ones(batch.shape.rows, np.int32)  # a row that pads the batch is one token long
    for position, row in enumerate(batch.rows):
        ids[position, : len(row.ids)] = row.ids
        lengths[position] = len(row.ids)
    inputs = [ids, lengths]
    if len(request.model_inputs) > len(inputs):
        inputs.append(skipped(batch))
    with native:
        request.infer(inputs)
    outputs: Floats = request.get_output_tensor(0).data
    return outputs


def skipped(batch: Batch) -> Ids:
    """Return how many tokens of each row pooling leaves out."""
    counts = np.zeros(batch.shape.rows, np.int32)
    for position, row in enumerate(batch.rows):
        assert isinstance(row.job, Work)
        counts[position] = 0 if row.job.skipped is None else row.job.skipped[row.index]
    return counts


def settle(future: Future[Any], vectors: Any, error: BaseException | None) -> None:
    """Answer a caller who may have gone."""
    if future.set_running_or_notify_cancel():
        if error is None:
            future.set_result(vectors)
        else:
            future.set_exception(error)
