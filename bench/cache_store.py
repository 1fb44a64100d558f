"""Read and write a cache's file, and print rows per second of one core.

    python bench/cache_store.py
    python bench/cache_store.py --rows 500000 --width 1024

Fills a file with random vectors in a folder of its own, then looks up 1,000 keys at a time: neighbours (texts that come
again in the order in which they first came), scattered ones, and ones that are not there. The file stays in the page
cache. Shown is the median of the rounds, by processor time and by the clock.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from vecsmith.cache import Entry, open_cache
from vecsmith.cache.key import Keys

if TYPE_CHECKING:
    from collections.abc import Callable

AT_ONCE = 1000
ROUNDS = 60


def rate(work: Callable[[], object], rows: int) -> tuple[float, float]:
    """Return rows per second of processor time, and by the clock."""
    cpu, clock = time.process_time(), time.perf_counter()
    work()
    return rows / (time.process_time() - cpu), rows / (time.perf_counter() - clock)


def show(name: str, rates: list[tuple[float, float]]) -> None:
    cpu, clock = (statistics.median(column) for column in zip(*rates, strict=True))
    print(f"{name:<22} {cpu:>10,.0f} {clock:>10,.0f}   best {max(rates)[0]:,.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--width", type=int, default=384)
    given = parser.parse_args()
    texts = [f"text number {number}, of some length" for number in range(given.rows)]
    maker = Keys({"model": "none"})
    print(f"{'rows per second':<22} {'processor':>10} {'clock':>10}")
    show("keys", [rate(lambda: maker.keys(texts), len(texts))])
    keys, absent = maker.keys(texts), Keys({"model": "other"}).keys(texts[:AT_ONCE])
    entries = [Entry(os.urandom(4 * given.width), 100, 0) for _ in range(AT_ONCE)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "cache.sqlite")
        cache = open_cache(path, size=10**11)
        assert cache is not None
        starts = range(0, given.rows - AT_ONCE + 1, AT_ONCE)
        show("put", [rate(lambda s=s: cache.put(keys[s : s + AT_ONCE], entries), AT_ONCE) for s in starts])
        show("put again", [rate(lambda s=s: cache.put(keys[s : s + AT_ONCE], entries), AT_ONCE) for s in starts[:20]])
        pick = random.Random(7)
        neighbours = [keys[s : s + AT_ONCE] for s in pick.choices(starts, k=ROUNDS)]
        scattered = [pick.sample(keys, AT_ONCE) for _ in range(ROUNDS)]
        for name, sets in (("get, neighbours", neighbours), ("get, scattered", scattered), ("get, absent", [absent])):
            show(name, [rate(lambda wanted=wanted: cache.get(wanted), AT_ONCE) for wanted in sets])
        assert None not in cache.get(keys)
        cache.close()
        print(
            f"{path.stat().st_size / given.rows:,.0f} bytes a row in the file, {4 * given.width:,} of them the vector"
        )


if __name__ == "__main__":
    main()
