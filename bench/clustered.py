"""Measure how well clusters agree with the topics of news, and with the intents of customers' questions.

    python bench/clustered.py
    python bench/clustered.py --sample 1000

`vecsmith.cluster` beside scikit-learn's own k-means, KMeans(n_clusters=k, n_init=10, random_state=0), on the same
vectors of the bundled model: AG News' test set in 4 clusters, and Banking77's in 77, whose figures are there so that
nothing is fitted to one set. V-measure (Rosenberg and Hirschberg 2007), which is NMI with the arithmetic mean; purity,
the share of texts in a cluster whose most frequent topic is theirs; NMI with the geometric mean. Embedding takes some
minutes, and none the second time with `--cache FILE`. Needs vecsmith, not the peers' environment. Ends with exit code 1
where AG News' V-measure is below scikit-learn's, or a second run gives other clusters.
"""

from __future__ import annotations

import csv
import sys
import time
from typing import TYPE_CHECKING

import numpy as np

import corpora
import options
from table import render

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Found = tuple[float, float, float]

SEED = 20


def news(data: Path) -> list[corpora.Labelled]:
    with (data / "ag_news" / "test.csv").open(encoding="utf-8", newline="") as lines:
        topics = [topic for topic, _, _ in csv.reader(lines)]
    return [corpora.Labelled(text, topic) for text, topic in zip(corpora.ag_news(data), topics, strict=True)]


SETS: dict[str, Callable[[Path], list[corpora.Labelled]]] = {
    "AG News": news,
    "Banking77": lambda data: corpora.banking77(data, "test"),
}


def agreement(topics: Sequence[str], labels: NDArray[np.int64]) -> Found:
    """Return V-measure, NMI (geometric) and purity, x 100."""
    from sklearn.metrics import normalized_mutual_info_score, v_measure_score
    from sklearn.metrics.cluster import contingency_matrix

    purity = contingency_matrix(topics, labels).max(axis=0).sum() / len(topics)
    nmi = normalized_mutual_info_score(topics, labels, average_method="geometric")
    return 100 * float(v_measure_score(topics, labels)), 100 * float(nmi), 100 * float(purity)


def measured(name: str, rows: Sequence[corpora.Labelled], cache: str | None) -> tuple[list[list[str]], Found, Found]:
    """Return the lines of one set, and what vecsmith and scikit-learn reach."""
    from sklearn.cluster import KMeans

    from vecsmith import Embedder, cluster

    texts, topics = [row.text for row in rows], [row.label for row in rows]
    k = len(set(topics))
    with Embedder(cache=cache) as embedder:
        vectors = embedder.embed(texts, task="clustering", on_long="truncate").vectors
    start = time.perf_counter()
    clusters = cluster(texts, k, vectors=vectors)
    middle = time.perf_counter()
    theirs = KMeans(n_clusters=k, n_init=10, random_state=0).fit_predict(vectors)
    end = time.perf_counter()
    if (cluster(texts, k, vectors=vectors).labels != clusters.labels).any():
        print(f"{name}: a second run gives other clusters", file=sys.stderr)
        raise SystemExit(1)
    ours, other = agreement(topics, clusters.labels), agreement(topics, theirs)
    for each in clusters.clusters[:12]:
        print(f"{name}: {each.size} {each.name}", file=sys.stderr)
    label = f"{name}, {len(texts):,} texts, k = {k}"
    lines = [
        [label, who, *(f"{figure:.1f}" for figure in figures), f"{seconds:.1f}"]
        for who, figures, seconds in (("vecsmith", ours, middle - start), ("KMeans", other, end - middle))
    ]
    return lines, ours, other


def main() -> None:
    command = options.parser(__doc__)
    command.add_argument(
        "--sample", type=int, help="take only so many texts: a trial, not to be compared with anything"
    )
    command.add_argument("--cache", help="keep the vectors in this file")
    arguments = command.parse_args()
    data = corpora.data_folder(arguments.data)
    lines, figures, missed = [], {}, []
    for name, read in SETS.items():
        rows = read(data)
        if arguments.sample:
            rows = [rows[place] for place in np.random.default_rng(SEED).permutation(len(rows))[: arguments.sample]]
        told, ours, theirs = measured(name, rows, arguments.cache)
        lines += told
        figures[name] = {"vecsmith": ours, "KMeans": theirs}
        if name == "AG News" and ours[0] < theirs[0]:
            missed.append(f"{name}: V-measure {ours[0]:.1f}, wanted ≥ {theirs[0]:.1f}")
    print(render(["texts", "by", "V-measure x 100", "NMI x 100", "purity %", "seconds"], lines))
    options.save(arguments.json, {"figures": figures, "sample": arguments.sample})
    options.judge(missed)


if __name__ == "__main__":
    main()
