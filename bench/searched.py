"""Measure `Store.search` on SciFact: nDCG@10 x 100 beside `quality.py`'s own ranking, and the time of a query.

    python bench/searched.py [--only sqlite|postgres|parquet|npy|jsonl]

The documents go into each store by `Embedder.store` (a cache in memory embeds them once), each query is searched as
text, one after another, 10 hits, exact. The time is that of `Store.search`, query embedded and rows fetched: all but
the start of a process. The reference ranks the same vectors by `bench/quality.py`'s protocol. Postgres is one of its
own, in a folder for the while, or the one that VECSMITH_TEST_POSTGRES names.

Needs the data, and a Python that has vecsmith with the extras of its tests. Ends with exit code 1 where a figure is
missed.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import corpora
import options
from loaded import postgres
from quality import Search, scifact
from table import render
from vecsmith import Embedder, Store

KINDS = ("sqlite", "postgres", "parquet", "npy", "jsonl")
DEPTH = 10
SOON = 15.0  # ms


def main() -> None:
    parser = options.parser(__doc__)
    parser.add_argument("--only", choices=KINDS)
    asked = parser.parse_args()
    data = corpora.data_folder(asked.data)
    search = Search.of(data, None)
    rows = list(zip(search.searched, search.documents, strict=True))
    table, missed, numbers = [], [], {}
    with tempfile.TemporaryDirectory() as folder, Embedder(cache="memory") as embedder, ExitStack() as opened:
        reference = scifact(lambda texts: embedder.embed(texts, on_long="truncate").vectors, data, None)
        with Embedder() as uncached:
            for kind in KINDS if asked.only is None else (asked.only,):
                place = f"{folder}/scifact.{kind}"
                if kind == "postgres":
                    place = opened.enter_context(postgres(Path(folder) / "postgres"))
                started = time.perf_counter()
                embedder.store(rows, place, on_long="truncate")
                filled = time.perf_counter() - started
                score, times = searched(place, uncached, search)
                p50, p99 = statistics.median(times), statistics.quantiles(times, n=100)[98]
                numbers[kind] = {"ndcg": score, "p50": p50, "p99": p99, "reference": reference}
                table.append([kind, f"{score:.2f}", f"{reference:.2f}", f"{p50:.1f}", f"{p99:.1f}", f"{filled:.1f}"])
                if abs(score - reference) > 0.005 or p50 > SOON:
                    missed.append(kind)
    print(render(["store", "nDCG@10", "quality.py", "p50, ms", "p99, ms", "filled, s"], table))
    options.save(asked.json, numbers)
    options.judge(missed)


def searched(place: str, embedder: Embedder, search: Search) -> tuple[float, list[float]]:
    """Return the score and the time of each query, in ms."""
    import numpy as np

    at = {name: row for row, name in enumerate(search.searched)}
    found, times = [], []
    with Store(place) as store:
        store.search("warm", DEPTH, embedder=embedder)
        for query in search.queries:
            start = time.perf_counter()
            hits = store.search(query, DEPTH, embedder=embedder)
            times.append(1000 * (time.perf_counter() - start))
            found.append([at[str(hit.id)] for hit in hits])
    return search.score(np.array(found)), times


if __name__ == "__main__":
    main()
