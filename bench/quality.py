"""Measure what the vectors are worth on three public tasks, beside sentence-transformers in f32, in one run.

    python bench/quality.py
    python bench/quality.py --only stsb

The protocols are MTEB's. STS-B (test): Spearman correlation of cosine and score, x 100. SciFact (test): mean nDCG@10 of
all documents ranked by cosine, x 100. Banking77: ten times, draw 8 training texts per intent, fit a logistic regression
of at most 100 iterations, and take the accuracy on the whole test set; the mean, x 100.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING, Self

import corpora
import options
from peers import enter
from table import render

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from contest import Entrant

    Floats = NDArray[np.float32]
    Embed = Callable[[Sequence[str]], Floats]

REFERENCE = "st"
OURS = ("vecsmith-f32", "vecsmith-bf16")
DEPTH = 10
DRAWS = 10
EXAMPLES = 8


def unit(vectors: Floats) -> Floats:
    import numpy as np

    length: Floats = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / length


def stsb(embed: Embed, data: Path, limit: int | None) -> float:
    from scipy.stats import spearmanr

    pairs = corpora.stsb(data)[:limit]
    first, second = unit(embed([pair.first for pair in pairs])), unit(embed([pair.second for pair in pairs]))
    return 100 * float(spearmanr((first * second).sum(axis=1), [pair.score for pair in pairs]).statistic)


@dataclass(frozen=True, slots=True)
class Search:
    """SciFact as two lists of texts: what is asked, and what is searched in."""

    task: corpora.Retrieval
    asked: Sequence[str]
    """The names of the queries."""
    searched: Sequence[str]
    """The names of the documents."""

    @classmethod
    def of(cls, data: Path, limit: int | None) -> Self:
        task = corpora.scifact(data)
        queries = list(task.queries)[:limit]
        documents = list(task.documents)
        if limit:  # a small trial still needs the documents that its queries look for
            needed = dict.fromkeys(name for query in queries for name in task.relevant[query])
            documents = [*needed, *(name for name in documents[:limit] if name not in needed)]
        return cls(task, queries, documents)

    @property
    def queries(self) -> list[str]:
        return [self.task.queries[name] for name in self.asked]

    @property
    def documents(self) -> list[str]:
        return [self.task.documents[name] for name in self.searched]

    def score(self, ranked: NDArray[np.int64]) -> float:
        """Return mean nDCG x 100 of the places (queries, `DEPTH`) of the documents found, nearest first."""
        rows = zip(self.asked, ranked, strict=True)
        gains = (ndcg([self.searched[i] for i in row], self.task.relevant[query]) for query, row in rows)
        return 100 * sum(gains) / len(self.asked)


def scifact(embed: Embed, data: Path, limit: int | None) -> float:
    search = Search.of(data, limit)
    found = unit(embed(search.documents))
    asked = unit(embed(search.queries))
    return search.score((-(asked @ found.T)).argsort(axis=1, kind="stable")[:, :DEPTH])


def ndcg(ranked: Sequence[str], relevant: frozenset[str]) -> float:
    """Return nDCG of a ranking in which a document is relevant or is not."""
    gain = sum(1 / log2(rank + 2) for rank, name in enumerate(ranked) if name in relevant)
    return gain / sum(1 / log2(rank + 2) for rank in range(min(DEPTH, len(relevant))))


def banking77(embed: Embed, data: Path, limit: int | None) -> float:
    from sklearn.linear_model import LogisticRegression

    train, test = corpora.banking77(data, "train"), corpora.banking77(data, "test")[:limit]
    drawn = draws([row.label for row in train])
    needed = sorted({i for draw in drawn for i in draw})
    row_of = {i: row for row, i in enumerate(needed)}
    examples, questions = embed([train[i].text for i in needed]), embed([row.text for row in test])
    accuracies: list[float] = []
    for draw in drawn:
        classifier = LogisticRegression(max_iter=100)
        classifier.fit(examples[[row_of[i] for i in draw]], [train[i].label for i in draw])
        accuracies.append(float(classifier.score(questions, [row.label for row in test])))
    return 100 * sum(accuracies) / len(accuracies)


def draws(labels: Sequence[str]) -> list[list[int]]:
    """Draw `EXAMPLES` indices of each label, `DRAWS` times; always the same."""
    numbers, order = random.Random(corpora.SEED), list(range(len(labels)))
    return [draw(labels, numbers, order) for _ in range(DRAWS)]


def draw(labels: Sequence[str], numbers: random.Random, order: list[int]) -> list[int]:
    numbers.shuffle(order)
    taken: Counter[str] = Counter()
    chosen = []
    for i in order:
        if taken[labels[i]] < EXAMPLES:
            taken[labels[i]] += 1
            chosen.append(i)
    return chosen


TASKS: Mapping[str, tuple[str, Callable[[Embed, Path, int | None], float], float, float]] = {
    # name: (what is measured, how, the published figure, how near to the reference is wanted)
    "stsb": ("STS-B test, Spearman x 100", stsb, 82.03, 0.1),
    "scifact": ("SciFact, nDCG@10 x 100", scifact, 64.51, 0.1),
    "banking77": ("Banking77, accuracy x 100", banking77, 80.04, 0.7),
}


def results(name: str, entrants: Mapping[str, Entrant], data: Path, limit: int | None) -> dict[str, float]:
    """Return one task's figure for every contender."""
    _, task, _, _ = TASKS[name]
    figures = {}
    for contender, entrant in entrants.items():
        figures[contender] = task(entrant.vectors, data, limit)
        print(f"{name}: {contender} {figures[contender]:.2f}", file=sys.stderr, flush=True)
    return figures


def row(name: str, figures: Mapping[str, float]) -> list[str]:
    measure, _, published, within = TASKS[name]
    cells = [measure, f"{published:.2f}", f"{figures[REFERENCE]:.2f}"]
    for ours in OURS:
        cells += (
            [f"{figures[ours]:.2f}", f"{figures[ours] - figures[REFERENCE]:+.2f}"] if ours in figures else ["-", "-"]
        )
    return [*cells, f"± {within}"]


def main() -> None:
    command = options.parser(__doc__)
    command.add_argument("--only", nargs="+", choices=TASKS, default=list(TASKS), help="tasks to measure")
    command.add_argument("--sample", type=int, help="take only so many rows: a trial, not to be compared with anything")
    arguments = command.parse_args()
    data = corpora.data_folder(arguments.data)
    from contest import enlist

    with ExitStack() as stack:
        entrants = enlist(stack, REFERENCE, *OURS)
        figures = {name: results(name, entrants, data, arguments.sample) for name in arguments.only}
    header = ["measure", "published", "sentence-transformers f32"]
    for ours in OURS:
        header += [ours.replace("-", " "), "difference"]
    print(render([*header, "wanted"], [row(name, found) for name, found in figures.items()]))
    options.save(arguments.json, {"figures": figures, "sample": arguments.sample})


if __name__ == "__main__":
    enter()
    main()
