"""Measure whether two processes get in each other's way: both at once with half the cores each, against one alone.

    python bench/processes.py

Both processes stay loaded. A round runs the first alone, both at once, then the second alone, each for a few seconds on
the same texts; the ratio is a process's own rate in company ÷ alone, in the same round.
"""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import corpora
import options
from peers import cores, enter, refuse
from table import paired, render, spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contest import Entrant, Texts

WANTED = "≥ 0.9"
NAMES = ("first", "second")
SETTLE = 0.3


def rates(entrants: Sequence[Entrant], texts: Texts, seconds: float, foreign: list[float]) -> list[float]:
    """Let these processes embed at once for `seconds`; return the tokens per second of each.

    Adds to `foreign` the share of the cores that other work took meanwhile.
    """
    from load import watched

    time.sleep(SETTLE)
    with watched([entrant.pid for entrant in entrants], []) as load:
        for entrant in entrants:
            entrant.send("keep_embedding", texts=texts.path, seconds=seconds)
        answers = [entrant.receive() for entrant in entrants]
    foreign.append(load.foreign)
    if not all(answer["passes"] for answer in answers):
        raise refuse("not one pass ended in time: give more --seconds or a smaller --sample")
    return [answer["passes"] * texts.tokens / answer["seconds"] for answer in answers]


def main() -> None:
    command = options.parser(__doc__)
    command.add_argument("--sample", type=int, default=100, help="texts of one pass (default: %(default)s)")
    command.add_argument("--seconds", type=float, default=10.0, help="of each measurement (default: %(default)s)")
    command.add_argument("--rounds", type=int, default=5, help="rounds (default: %(default)s)")
    arguments = command.parse_args()
    data = corpora.data_folder(arguments.data)
    half = cores() // 2
    if not half:
        raise refuse("this machine has one core: there is no half to give to each process")
    from contest import Entrant, Texts

    alone: dict[str, list[float]] = {name: [] for name in NAMES}
    company: dict[str, list[float]] = {name: [] for name in NAMES}
    foreign: list[float] = []
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        texts = Texts(corpora.sample(corpora.mixed_texts(data), arguments.sample, seed=corpora.SEED), scratch)
        pair = [stack.enter_context(Entrant("vecsmith", threads=half)) for _ in NAMES]
        rates(pair, texts, arguments.seconds, [])  # warms up
        for turn in range(arguments.rounds):
            before, together, after = (
                rates(some, texts, arguments.seconds, foreign) for some in ([pair[0]], pair, [pair[1]])
            )
            for name, one, both in zip(NAMES, before + after, together, strict=True):
                alone[name].append(one)
                company[name].append(both)
            print(f"round {turn + 1} of {arguments.rounds}", file=sys.stderr, flush=True)
    cells = [(name, str(half), f"{spread(alone[name]):,.0f}", f"{spread(company[name]):,.0f}",
              f"{paired(company[name], alone[name]):.3f}", WANTED) for name in NAMES]  # fmt: skip
    print(render(("process", "threads", "alone, tokens/s", "both at once, tokens/s", "ratio", "wanted"), cells))
    print(f"the cores' time used by other work: {spread(foreign).middle:.1%}, most {spread(foreign).most:.1%}")
    options.save(arguments.json, {"threads": half, "alone": alone, "company": company})


if __name__ == "__main__":
    enter()
    main()
