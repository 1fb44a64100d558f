"""Use one model from everywhere at once for a while, and check every vector.

    python bench/soak.py
    python bench/soak.py --seconds 600

Two threads share one Embedder; two more run an event loop each, with an AsyncEmbedder and several calls in flight; and
every few seconds the process forks, and the child embeds too. All of them embed random batches of every shape and
compare the vectors with those of each text alone. Ends with exit code 1 on a wrong vector, an error or a hang.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import random
import signal
import sys
import threading
import time
import traceback
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import corpora
import options
from peers import enter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from vecsmith import Embedder
    from vecsmith.types import Compute

    Floats = NDArray[np.float32]

LEAST_COSINE = 0.9999
LARGEST_DIFFERENCE = 1e-5  # in f32
IN_FLIGHT = 4
PATIENCE = 60.0
"""Seconds after which what has not ended is called a hang."""
FORK_EVERY = 5.0
SIZES = (1, 1, 1, 2, 3, 8, 20, 50)


@dataclass(slots=True)
class Task:
    """What is embedded, what must come out, when to stop, and what happened so far."""

    texts: Sequence[str]
    expected: Floats
    compute: Compute
    end: float
    calls: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def batch(self, numbers: random.Random) -> list[int]:
        """Draw the texts of one call, by index."""
        return numbers.choices(range(len(self.texts)), k=numbers.choice(SIZES))

    def check(self, name: str, batch: list[int], found: Floats) -> None:
        """Count a call, and note what is wrong with the vectors found."""
        import numpy as np

        expected = self.expected[batch]
        self.calls[name] = self.calls.get(name, 0) + 1
        cosine = float((found.astype(float) * expected).sum(axis=1).min())  # of unit vectors
        difference = float(np.abs(found - expected).max())
        if not cosine >= LEAST_COSINE or (self.compute == "f32" and not difference <= LARGEST_DIFFERENCE):
            self.faults.append(f"{name}: cosine {cosine:.6f}, difference {difference:.1e} in a batch of {len(batch)}")

    @property
    def over(self) -> bool:
        """Whether time is up or something went wrong."""
        return time.monotonic() > self.end or bool(self.faults)


def vectors(task: Task, batch: list[int], embedder: Embedder) -> Floats:
    return embedder.embed([task.texts[i] for i in batch], on_long="truncate").vectors


def in_thread(name: str, seed: int, task: Task, embedder: Embedder) -> None:
    numbers = random.Random(seed)
    while not task.over:
        batch = task.batch(numbers)
        task.check(name, batch, vectors(task, batch, embedder))


def in_loop(name: str, seed: int, task: Task) -> None:
    from vecsmith import AsyncEmbedder

    numbers = random.Random(seed)

    async def caller(embedder: AsyncEmbedder) -> None:
        while not task.over:
            batch = task.batch(numbers)
            result = await embedder.embed([task.texts[i] for i in batch], on_long="truncate")
            task.check(name, batch, result.vectors)

    async def callers() -> None:
        async with AsyncEmbedder(compute=task.compute) as embedder:
            await asyncio.gather(*(caller(embedder) for _ in range(IN_FLIGHT)))

    asyncio.run(callers())


def guarded(name: str, task: Task, action: Callable[[], None]) -> None:
    """Run `action`; an error becomes a fault."""
    try:
        action()
    except BaseException as error:  # noqa: BLE001 (whatever ends a thread is a finding)
        traceback.print_exc()
        task.faults.append(f"{name}: {type(error).__name__}: {error}")


def in_child(task: Task, embedder: Embedder, seed: int) -> bool:
    """Embed in a forked child with the parent's embedder; return whether the vectors were right."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads is what is tried here
        pid = os.fork()
    if pid == 0:
        faulthandler.dump_traceback_later(PATIENCE - 1, exit=True)
        task.faults.clear()
        batch = task.batch(random.Random(seed))
        guarded("fork", task, lambda: task.check("fork", batch, vectors(task, batch, embedder)))
        print("\n".join(task.faults), end="", file=sys.stderr, flush=True)
        os._exit(len(task.faults))
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status == 0
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return False


def fork_until_over(task: Task, embedder: Embedder) -> None:
    if not hasattr(os, "fork"):
        return
    seed = 0
    while not task.over:
        time.sleep(min(FORK_EVERY, max(0.0, task.end - time.monotonic())))
        seed += 1
        task.calls["fork"] = task.calls.get("fork", 0) + 1
        if not in_child(task, embedder, seed):
            task.faults.append("fork: the child crashed, hung, or got wrong vectors")


def soak(task: Task, embedder: Embedder) -> None:
    """Run everything at once until the task is over."""
    actions: dict[str, Callable[[], None]] = {
        "thread 1": lambda: in_thread("thread 1", 1, task, embedder),
        "thread 2": lambda: in_thread("thread 2", 2, task, embedder),
        "loop 1": lambda: in_loop("loop 1", 3, task),
        "loop 2": lambda: in_loop("loop 2", 4, task),
    }
    threads = {
        name: threading.Thread(target=guarded, args=(name, task, action), daemon=True)
        for name, action in actions.items()
    }
    for thread in threads.values():
        thread.start()
    fork_until_over(task, embedder)
    end = time.monotonic() + PATIENCE
    for name, thread in threads.items():
        thread.join(max(0.0, end - time.monotonic()))
        if thread.is_alive():
            task.faults.append(f"{name}: hangs")
    if any(thread.is_alive() for thread in threads.values()):
        faulthandler.dump_traceback(all_threads=True)


def main() -> None:
    command = options.parser(__doc__)
    command.add_argument("--seconds", type=float, default=60.0, help="how long (default: %(default)s)")
    command.add_argument("--sample", type=int, default=200, help="texts (default: %(default)s)")
    command.add_argument("--compute", default="auto", choices=("auto", "f32", "bf16"))
    arguments = command.parse_args()
    faulthandler.enable()
    mix = corpora.mixed_texts(corpora.data_folder(arguments.data))
    texts = corpora.sample(mix, arguments.sample, seed=corpora.SEED)
    import numpy as np

    from vecsmith import Embedder

    embedder = Embedder(compute=arguments.compute)
    expected = np.concatenate([embedder.embed([text], on_long="truncate").vectors for text in texts])
    task = Task(texts, expected, arguments.compute, time.monotonic() + arguments.seconds)
    soak(task, embedder)
    print("calls:", ", ".join(f"{name} {count}" for name, count in sorted(task.calls.items())))
    print("\n".join(task.faults) or "every vector was right")
    options.save(arguments.json, {"calls": task.calls, "faults": task.faults})
    sys.stdout.flush()
    os._exit(1 if task.faults else 0)  # a hanging thread must not keep the process


if __name__ == "__main__":
    enter()
    main()
