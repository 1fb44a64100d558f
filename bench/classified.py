"""Measure how right `vecsmith.Classifier` is on Banking77's test set: 3,080 questions to a bank, 77 labels.

    python bench/classified.py
    python bench/classified.py --cache /tmp/vectors.sqlite

Three ways: learnt from the whole training set (10,003 questions), from the first eight questions of each label, and
without examples, from the labels' names. All with the bundled model and nothing tuned.

Needs vecsmith, not the peers' environment. Ends with exit code 1 where the first is right less than 0.90 of the time.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

import corpora
import options
from table import render

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vecsmith import Classifier, Embedder
    from vecsmith.classifying import Report

WANTED = 0.90
FEW = 8

Rows = list[corpora.Labelled]


def learnt(embedder: Embedder, rows: Rows) -> Classifier:
    from vecsmith import Classifier

    return Classifier.fit(embedder, [row.text for row in rows], [row.label for row in rows])


def told(embedder: Embedder, rows: Rows) -> Classifier:
    from vecsmith import Classifier

    return Classifier.zero_shot(embedder, {row.label for row in rows})


def first(rows: Rows, count: int) -> Rows:
    """Return the first rows of each label."""
    taken: Counter[str] = Counter()
    chosen = []
    for row in rows:
        taken[row.label] += 1
        if taken[row.label] <= count:
            chosen.append(row)
    return chosen


def cells(name: str, count: int, report: Report, seconds: float) -> list[str]:
    shares = (report.accuracy, report.macro_f1, report.calibration_error, report.unsure, report.sure_accuracy or 0.0)
    return [name, f"{count:,}", *(f"{share:.3f}" for share in shares), f"{seconds:.0f}"]


def main() -> None:
    command = options.parser(__doc__)
    command.add_argument("--cache", metavar="FILE", help="keep the vectors, for another run")
    arguments = command.parse_args()
    data = corpora.data_folder(arguments.data)
    from vecsmith import Embedder

    train, test = corpora.banking77(data, "train"), corpora.banking77(data, "test")
    ways: Sequence[tuple[str, Callable[[Embedder, Rows], Classifier], Rows]] = (
        ("all examples", learnt, train),
        (f"{FEW} of each label", learnt, first(train, FEW)),
        ("names of labels alone", told, train),
    )
    table, figures = [], {}
    with Embedder(cache=arguments.cache) as embedder:
        for name, made, rows in ways:
            start = time.perf_counter()
            classifier = made(embedder, rows)
            seconds = time.perf_counter() - start
            report = classifier.evaluate([row.text for row in test], [row.label for row in test])
            table.append(cells(name, len(rows) if made is learnt else 0, report, seconds))
            figures[name] = {**report.to_dict(), "seconds": seconds}
    header = ["from", "examples", "accuracy", "macro F1", "calibration error", "unsure", "accuracy of the sure"]
    print(render([*header, "seconds to make"], table))
    options.save(arguments.json, figures)
    accuracy = figures["all examples"]["accuracy"]
    options.judge([f"accuracy {accuracy}, where {WANTED} is wanted"] if accuracy < WANTED else [])


if __name__ == "__main__":
    main()
