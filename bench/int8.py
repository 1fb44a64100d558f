"""Measure what int8 costs and gains: STS-B, SciFact and the cosine to f32, and its speed where a processor has it.

    python bench/int8.py
    python bench/int8.py --sample 300

Tasks and protocols are those of `quality.py`, the vectors of one process after the other arithmetic. The speed is that
of the mixed texts of `speed.py`, against what `auto` chooses, round by round in turn; it is not shown where int8 has no
instructions of its own, though the vectors are the same there. Ends with exit code 1 where STS-B loses more than 0.3
points, SciFact more than 0.5, the mean cosine is below 0.995, or the speed below 1.4.
"""

from __future__ import annotations

import os
import time
from statistics import median
from typing import TYPE_CHECKING

import corpora
import options
from peers import enter
from quality import TASKS, unit
from table import render

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from vecsmith import Embedder

    Floats = NDArray[np.float32]

WANTED = {"stsb": 0.3, "scifact": 0.5}
"""The most points that each task may lose."""

COSINE = 0.995
FASTER = 1.4
ROUNDS = 5
TEXTS = 2_000


class Recorded:
    """An embedder that keeps what it gave."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
        self.given: list[Floats] = []

    def __call__(self, texts: Sequence[str]) -> Floats:
        self.given.append(self.embedder.embed(texts, on_long="truncate").vectors)
        return self.given[-1]


def opened(compute: str, threads: int | None) -> Embedder:
    from vecsmith import Embedder

    return Embedder(compute=compute, threads=threads)  # type: ignore[arg-type]  # a literal, from one list or another


def seconds(embedder: Embedder, texts: Sequence[str]) -> float:
    start = time.perf_counter()
    embedder.embed(texts, on_long="truncate")
    return time.perf_counter() - start


def gain(texts: Sequence[str], threads: int | None) -> float:
    """Return how many times as fast int8 is as what `auto` chooses, the median of several rounds."""
    with opened("auto", threads) as usual, opened("int8", threads) as coarse:
        rounds = [(seconds(usual, texts), seconds(coarse, texts)) for _ in range(ROUNDS + 1)]
    return median(usual / coarse for usual, coarse in rounds[1:])


def main() -> None:
    command = options.parser(__doc__)
    command.add_argument("--sample", type=int, help="take only so many rows: a trial, not to be compared with anything")
    command.add_argument("--threads", type=int, help="cores to compute with (default: all)")
    arguments = command.parse_args()
    data = corpora.data_folder(arguments.data)
    os.environ["VECSMITH_INT8_ANYWHERE"] = "true"
    from vecsmith.local.arithmetic import int8_is_fast

    fast, why = int8_is_fast()
    figures: dict[str, dict[str, float]] = {}
    arms = {}
    for compute in ("f32", "int8"):
        with opened(compute, arguments.threads) as embedder:
            arms[compute] = Recorded(embedder)
            figures[compute] = {name: TASKS[name][1](arms[compute], data, arguments.sample) for name in WANTED}
    pairs = zip(arms["f32"].given, arms["int8"].given, strict=True)
    cosines = [float(cosine) for exact, coarse in pairs for cosine in (unit(exact) * unit(coarse)).sum(axis=1)]
    cosine = sum(cosines) / len(cosines)
    faster = gain(corpora.sample(corpora.mixed_texts(data), TEXTS, seed=1), arguments.threads) if fast else None
    rows = [
        [TASKS[name][0], *(f"{figures[each][name]:.2f}" for each in figures), f"loss at most {most}"]
        for name, most in WANTED.items()
    ]
    rows.append(["cosine to f32, mean (least)", "1", f"{cosine:.4f} ({min(cosines):.4f})", f"at least {COSINE}"])
    rows.append(["times as fast as auto", "", f"not shown: {why}" if faster is None else f"{faster:.2f}", f"{FASTER}"])
    print(render(["measure", "f32", "int8", "wanted"], rows))
    options.save(arguments.json, {"figures": figures, "cosine": cosine, "least": min(cosines), "faster": faster})
    missed = [name for name, most in WANTED.items() if figures["f32"][name] - figures["int8"][name] > most]
    missed += ["cosine"] if cosine < COSINE else []
    options.judge(missed + (["speed"] if faster is not None and faster < FASTER else []))


if __name__ == "__main__":
    enter()
    main()
