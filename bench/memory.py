"""Measure that memory stays bounded however many texts are streamed.

    python bench/memory.py
    python bench/memory.py --texts 100000

Streams 10,000 texts, and in another fresh process 1,000,000, and compares the peaks. The texts are slices of real
abstracts: 90 % of 1 to 12 words, 9 % of up to 60, 1 % of up to 400 (cut by the model), and one of 20,000. Their lengths
repeat every 10,000 texts, so both runs see every length; mostly short ones, so that the long run ends.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import corpora
import options
from peers import ENVIRONMENT, enter
from table import render

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PERIOD = 10_000
MARKS = 10
WORDS = 20_000
WANTED = 1.1


def lengths() -> list[int]:
    """Return the words of each text of one period."""
    numbers = random.Random(corpora.SEED)
    kinds = numbers.choices([(1, 12), (13, 60), (61, 400)], weights=[90, 9, 1], k=PERIOD - 1)
    return [*(numbers.randint(*kind) for kind in kinds), WORDS]


def words(data: Path) -> list[str]:
    """Return `WORDS` running words of the corpus, few enough to weigh nothing."""
    found: list[str] = []
    for text in corpora.mixed_texts(data):
        found += text.split()
        if len(found) >= WORDS:
            return found[:WORDS]
    return found


def texts(running: Sequence[str], count: int) -> Iterator[str]:
    """Make `count` texts, each beginning where the last one ended."""
    period = lengths()
    circle = [*running, *running]
    starts = [end % len(running) for end in accumulate(period, initial=0)]
    for i in range(count):
        start = (starts[i % PERIOD] + i // PERIOD) % len(running)
        yield " ".join(circle[start : start + period[i % PERIOD]])


def peak() -> int:
    """Return the most memory this process has held at once, in bytes."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 (as light as can be)
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    except OSError:
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def stream(data: Path, count: int) -> dict[str, Any]:
    """Stream `count` texts in this process, noting the peak at each tenth."""
    from vecsmith import Embedder

    running, done, start = words(data), 0, time.perf_counter()
    curve: list[int] = []
    with Embedder() as embedder:
        for part in embedder.stream(texts(running, count), on_long="truncate"):
            done += len(part.vectors)
            while len(curve) < MARKS and done >= count * (len(curve) + 1) // MARKS:
                curve.append(peak())
                print(f"{done:,} of {count:,} texts: {curve[-1] / 1e6:.0f} MB", file=sys.stderr, flush=True)
    if done != count:
        raise SystemExit(f"{count:,} texts went in, {done:,} vectors came out")
    return {"texts": count, "seconds": time.perf_counter() - start, "peak": peak(), "curve": curve}


def measure(data: Path, count: int) -> dict[str, Any]:
    """Do the same in a fresh process."""
    command = [sys.executable, __file__, "--data", str(data), "--texts", str(count), "--alone"]
    done = subprocess.run(command, env=ENVIRONMENT, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    command = options.parser(__doc__)
    command.add_argument("--texts", type=int, default=1_000_000, help="texts of the long run (default: %(default)s)")
    command.add_argument("--few", type=int, default=PERIOD, help="texts of the short run (default: %(default)s)")
    command.add_argument(
        "--alone", action="store_true", help="measure only this many texts, in this process; print JSON"
    )
    arguments = command.parse_args()
    data = corpora.data_folder(arguments.data)
    if arguments.alone:
        print(json.dumps(stream(data, arguments.texts)))
        return
    runs = [measure(data, count) for count in (arguments.few, arguments.texts)]
    cells = [(f"{run['texts']:,} texts", " ".join(f"{mark / 1e6:.0f}" for mark in run["curve"]),
              f"{run['seconds']:.0f}", f"{run['peak'] / 1e6:.0f}") for run in runs]  # fmt: skip
    print(render(("streamed", "peak at each tenth, MB", "seconds", "peak, MB"), cells))
    print(f"ratio of the peaks: {runs[1]['peak'] / runs[0]['peak']:.3f} (wanted: ≤ {WANTED})")
    options.save(arguments.json, {"runs": runs})


if __name__ == "__main__":
    enter()
    main()
