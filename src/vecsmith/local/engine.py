"""The local engine: one for each weights, arithmetic and threads in a process, shared by all embedders.

It has lanes, each with a compiled form of the model, made when first needed. The bulk lane runs one batch on each
core: a batch's values stay in that core's cache, where sharing it between cores would send them to and fro after
every matrix product. The quick lane runs a short job on all cores at once, for the shortest answer, and beside the
bulk lane, so that a query need not wait for the batches that run. Where single short texts come often they get a lane
of one shape: a batch of another shape than the last one prepares every operation anew, which costs such a text a third
of its time. Token vectors, which few ask for, have a lane too.
"""

from __future__ import annotations

import atexit
import gc
import os
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from vecsmith.errors import Closed, ConfigError, damaged
from vecsmith.local.lane import Lane, Work
from vecsmith.local.memory import give_back, private_bytes
from vecsmith.local.plan import FOR_MANY, FOR_ONE, Ladder, Shape
from vecsmith.local.registry import Registry
from vecsmith.local.runtime import compiled, core, forget_idle_threads

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from openvino import CompiledModel, Model, Node

    from vecsmith.local.arithmetic import Precision
    from vecsmith.local.folder import ModelFolder
    from vecsmith.local.graph import Tokens as Inputs
    from vecsmith.local.quantization import Quantization
    from vecsmith.local.tokens import Ids
    from vecsmith.local.weights import Weights
    from vecsmith.types import Lane as Wish

__all__ = ["Engine", "EngineKey", "acquire", "release"]

Output = Literal["pooled", "tokens"]
LaneName = Literal["quick", "bulk", "short", "tokens"]

QUICK_TOKENS = 512
"""A job of no more tokens takes the quick lane."""

QUICK_CHARACTERS = 4 * QUICK_TOKENS
"""About as many characters."""

BATCH_TOKENS = 512
"""Tokens of a full batch."""


SHORT = 16
"""Tokens of the one shape of the short lane."""

OFTEN = 16
"""So many single short texts are often."""

COPIES = 3
"""A model that is loaded takes about so many times the bytes of its files: they lie there in halves, and twice here."""


@dataclass(frozen=True, slots=True)
class EngineKey:
    """What two embedders must share to share an engine."""

    weights: str
    """Their sha256, and of those of the modules behind the encoder."""
    config: str
    """What ``config.json`` says: the same weights give other vectors with another."""
    max_tokens: int
    pooling: str
    """And what follows it."""
    precision: Precision
    threads: int
    int8: Quantization | None = None
    """Which linear layers are in int8, and how; None for none."""


class Engine:
    """Turns rows of token ids into vectors."""

    def __init__(self, key: EngineKey, folder: ModelFolder) -> None:
        self.key = key
        self.folder = folder
        self.users = 0
        self.used = time.monotonic()
        """When it was last given work."""
        self.expected = COPIES * sum(path.stat().st_size for path in folder.files)
        """Bytes that it will take when it is loaded: guessed, and then what it took the last time."""
        self.start()
        living.add(self)

    def start(self) -> None:
        """Begin without lanes."""
        self.lock = threading.Lock()
        self.lanes: dict[LaneName, Lane] = {}
        self.graphs: Graphs | None = None
        self.memory = 0
        """Bytes that its lanes and graphs hold, or are expected to when they are `loaded`; what a batch needs besides
        is not among them."""
        self.loaded = False
        self.singles = 0
        self.closed = False
        # one thread, because each that tokenises keeps memory of its own, and the tokenizer uses all cores anyway
        self.tokenizing = ThreadPoolExecutor(1, thread_name_prefix="vecsmith-tokens")

    def open(self) -> None:
        """Compile the quick lane, which shows whether the model can be compiled; returns when it is ready."""
        self.lane("quick").ready.result()

    def submit(
        self,
        rows: Sequence[Ids],
        output: Output = "pooled",
        lane: Wish | None = None,
        skipped: Sequence[int] | None = None,
    ) -> Future[Any]:
        """Return a future of (rows, width) pooled vectors, or of a list with (tokens, width) vectors for each row.

        `lane` says where they are computed; None leaves it to their size. `skipped` says how many tokens of each row
        pooling leaves out, of a model that leaves the prompt out.
        """
        if rows and max(map(len, rows)) > self.folder.max_tokens:
            raise ConfigError(f"a row of more than {self.folder.max_tokens} tokens: cut it before it is computed")
        work = Work.of(rows)
        work.skipped = skipped
        if not rows:
            empty = np.empty((0, self.folder.dimensions), np.float32)
            work.future.set_result(empty if output == "pooled" else [])
        else:
            name: LaneName = "tokens" if output == "tokens" else self.lane_for(rows, lane)
            self.awake()
            with self.lock:  # so that it is not sent to sleep between the two
                self.used = time.monotonic()
                self.made(name).submit(work)
        return work.future

    def lane_for(self, rows: Sequence[Ids], wish: Wish | None = None) -> LaneName:
        """Return the lane that is wished for, or answers soonest."""
        tokens = sum(map(len, rows))
        if wish == "bulk" or (wish is None and tokens > QUICK_TOKENS and not self.alone(rows)):
            return "bulk"
        return "short" if len(rows) == 1 and tokens <= SHORT and self.short_is_ready() else "quick"

    def alone(self, rows: Sequence[Ids]) -> bool:
        """Whether this is one text where there was never much to do: it has all cores, and no lane is made for it."""
        quick = self.lanes.get("quick")
        return len(rows) == 1 and "bulk" not in self.lanes and (quick is None or not quick.busy)

    def short_is_ready(self) -> bool:
        """Count a single short text; whether the lane for them, made when they come often, is compiled and free.

        Texts that would wait for each other share batches in the quick lane instead.
        """
        self.singles += 1
        if self.singles < OFTEN:
            return False
        lane = self.lane("short")
        if not lane.ready.done() or lane.ready.exception() is not None:
            return False
        return not lane.busy and not self.lane("quick").busy

    def lane(self, name: LaneName) -> Lane:
        """Return a lane, which begins to compile when it is first asked for."""
        self.awake()
        with self.lock:
            return self.made(name)

    def made(self, name: LaneName) -> Lane:
        """Do the same, for who holds the lock."""
        if self.closed:
            raise Closed("the embedder was closed: make a new one")
        if name not in self.lanes:
            streams = self.key.threads if name == "bulk" else 1
            self.lanes[name] = Lane(name, partial(self.compile, name, streams), self.ladder(name), streams)
        return self.lanes[name]

    def awake(self) -> None:
        """Have room made for it, if it sleeps."""
        if not self.lanes:
            registry.make_room(self)

    def ladder(self, name: LaneName) -> Ladder:
        """Return the shapes that a lane runs."""
        if name == "short":
            return Ladder.single(min(SHORT, self.folder.max_tokens))
        return Ladder.of(self.folder.max_tokens, BATCH_TOKENS, FOR_ONE if name == "quick" else FOR_MANY)

    def compile(self, name: LaneName, streams: int) -> CompiledModel:
        """Compile the model for a lane; called in the lane's own thread."""
        with registry.loading:
            before = private_bytes()
            self.graphs = graphs = self.graphs or build(self.folder, self.key.int8)
            graph = graphs.tokens if name == "tokens" else graphs.pooled
            if name == "short":
                graph = of_shape(graph, self.ladder(name).shapes[0])
            model = compiled(graph, precision=self.key.precision, threads=self.key.threads, streams=streams)
            for weights in graphs.weights:
                if weights is not None:
                    weights.let_go()
            self.grown(before)
        return model

    def grown(self, before: int | None) -> None:
        """Count what the process holds more than before; where the system does not say, what was expected."""
        after = private_bytes()
        grown = self.expected if before is None or after is None else max(0, after - before)
        self.memory = self.memory + grown if self.loaded else grown
        self.expected, self.loaded = self.memory, True

    def backlog(self, characters: int, wish: Wish | None = None) -> float:
        """Return the seconds until a call of so many characters would be begun, as far as can be told."""
        lane = self.lanes.get("bulk" if wish == "bulk" or (wish is None and characters > QUICK_CHARACTERS) else "quick")
        return 0.0 if lane is None else lane.backlog

    def held_up(self) -> dict[LaneName, float]:
        """Return for how many seconds each lane that has work has not got on with it."""
        return {name: lane.held_up for name, lane in self.lanes.copy().items() if lane.busy}

    def sleep(self) -> bool:
        """Free what it holds, until it is given work again; False where it has work now."""
        with self.lock:
            if self.closed or any(lane.busy or not lane.ready.done() for lane in self.lanes.values()):
                return False
            lanes, graphs = self.emptied()
        self.end(lanes)
        del graphs
        give_back()
        return True

    def close(self) -> None:
        """Stop all lanes; what waits fails."""
        with self.lock:
            self.closed = True
            lanes, graphs = self.emptied()
        self.tokenizing.shutdown(wait=False)
        self.end(lanes)
        del graphs

    def emptied(self) -> tuple[list[Lane], Graphs | None]:
        """Forget the lanes and what they were made of, and return both; for who holds the lock.

        The graphs' weights must outlast the lanes, which may be computing with them.
        """
        lanes, graphs = list(self.lanes.values()), self.graphs
        self.lanes, self.graphs, self.memory, self.loaded = {}, None, 0, False
        return lanes, graphs

    def end(self, lanes: list[Lane]) -> None:
        """Stop lanes that nobody finds any more."""
        for lane in lanes:
            lane.close()
        forget_idle_threads()

    def restart_after_fork(self) -> None:
        """Begin anew in a child process, where the lanes' threads and locks are dead.

        OpenVINO's pool of threads is dead there as well, and stays so: the quick lane then has one thread. The bulk
        lane loses nothing, because its streams have threads of their own.
        """
        abandoned.append((self.lanes, self.graphs, self.tokenizing))
        self.start()


@dataclass(frozen=True, slots=True)
class Graphs:
    """A model as it is given to the compiler, with one copy of its weights."""

    pooled: Model
    tokens: Model
    weights: Sequence[Weights | None]
    """Read where they lie, by what is compiled: they must live as long."""


def build(folder: ModelFolder, int8: Quantization | None = None) -> Graphs:
    """Make a model's graphs, with linear layers in int8 where that is given.

    Raises `ConfigError` where its files do not fit together.
    """
    from vecsmith.local.architectures import encoder
    from vecsmith.local.graph import model, tokens
    from vecsmith.local.runtime import reason

    inputs = tokens(folder.max_tokens, skipping=not folder.modules.include_prompt)
    try:
        with damaged(f"a file in {folder.folder}"):
            hidden, weights = encoder(folder, inputs)
            outputs, more = pooled(hidden, inputs, folder)
            graphs = Graphs(model(outputs, inputs), model([hidden], inputs), (weights, *more))
    except RuntimeError as error:  # shapes that do not fit together
        raise ConfigError(f"{folder.weights[0]} does not match its config.json ({reason(error)})") from None
    width = graphs.pooled.output(0).get_partial_shape()[-1]
    if width.is_static and width.get_length() != folder.dimensions:
        raise ConfigError(f"{folder.folder} gives {width} dimensions, and its config.json says {folder.dimensions}")
    if int8 is not None:
        from vecsmith.local.int8 import quantize

        quantize(graphs.pooled, int8)
    return graphs


def pooled(hidden: Node, inputs: Inputs, folder: ModelFolder) -> tuple[list[Node], list[Weights | None]]:
    """Return the outputs for the vectors of texts, the vectors first, and the weights of what follows pooling.

    Where anything follows, what was pooled is an output too, for nobody: so that on bf16 all before stays as exact as
    `graph` says, though a matrix product lies behind it.
    """
    from vecsmith.local.pooling import follow, pool

    x = raw = pool(hidden, inputs, folder.modules.modes)
    weights: list[Weights | None] = []
    for step in folder.modules.steps:
        x, more = follow(x, step)
        weights.append(more)
    return ([x] if x is raw else [x, raw]), weights


def of_shape(graph: Model, shape: Shape) -> Model:
    """Return a graph for one shape alone, with the same weights."""
    fixed = graph.clone()
    ids, *counts = fixed.inputs
    fixed.reshape({ids: list(shape), **{count: [shape.rows] for count in counts}})
    return fixed


registry = Registry()
living: weakref.WeakSet[Engine] = weakref.WeakSet()
abandoned: list[object] = []
"""A parent's OpenVINO objects in a forked child, kept: their destructors would wait for threads that are dead."""


def acquire(key: EngineKey, folder: ModelFolder) -> Engine:
    """Return the process's engine for a key, ready to run; give it back with `release`."""
    with registry.lock:
        engine = registry.engines.get(key) or Engine(key, folder)
        registry.engines[key] = engine
        engine.users += 1
    try:
        engine.open()
    except BaseException:
        release(engine)
        raise
    return engine


def release(engine: Engine) -> None:
    """Give an engine back; the last to do so closes it."""
    with registry.lock:
        engine.users -= 1
        last = engine.users == 0
        if last:
            registry.engines.pop(engine.key, None)
    if last:
        engine.close()


def close_all() -> None:
    """Stop every engine before the interpreter ends: a thread inside OpenVINO must not outlive it."""
    for engine in list(living):
        engine.close()


def after_fork() -> None:
    """Make a child's engines usable; called by Python in the child, before anything else runs there."""
    registry.begin()
    if core.cache_info().currsize:
        gc.freeze()  # nor may the collector destroy what the parent had not yet collected
        abandoned.append(core())
        core.cache_clear()
    for engine in list(living):
        engine.restart_after_fork()


atexit.register(close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=after_fork)
