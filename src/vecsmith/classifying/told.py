"""A report as lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vecsmith.classifying.labels import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vecsmith.classifying.report import Report

__all__ = ["lines"]

FEW = 10
"""Labels up to which the whole confusion matrix is shown; of more the pairs that are confused most often."""

WIDEST = 16
"""Characters of a column of the matrix."""


def lines(report: Report) -> Iterator[str]:
    """Yield what is told: the figures, those of each label, and what was taken for what."""
    yield from table(list(figures(report)))
    yield ""
    yield from table([("label", "precision", "recall", "F1", "rows"), *of_labels(report)])
    yield ""
    yield from matrix(report) if len(report.labels) <= FEW else pairs(report)


def figures(report: Report) -> Iterator[tuple[str, str]]:
    """Yield the figures of all rows."""
    yield "rows", str(report.rows)
    yield "accuracy", f"{report.accuracy:.3f}"
    yield "macro F1", f"{report.macro_f1:.3f}"
    yield "calibration error", f"{report.calibration_error:.3f}"
    yield "share of rows that are unsure", f"{report.unsure:.3f}"
    if report.sure_accuracy is not None:
        yield "accuracy of the others", f"{report.sure_accuracy:.3f}"


def of_labels(report: Report) -> Iterator[tuple[str, ...]]:
    """Yield the figures of each label."""
    columns = (report.precision, report.recall, report.f1)
    for place, label in enumerate(report.labels):
        numbers = (f"{column[place]:.3f}" for column in columns)
        yield (shown(label), *numbers, str(report.support[place]))


def matrix(report: Report) -> Iterator[str]:
    """Yield the confusion matrix."""
    names = [shown(label) for label in report.labels]
    short = [name if len(name) <= WIDEST else name[: WIDEST - 1] + "…" for name in names]
    rows = [(name, *map(str, row)) for name, row in zip(names, report.confusion, strict=True)]
    yield from table([("rows of ↓ predicted as →", *short), *rows])


def pairs(report: Report) -> Iterator[str]:
    """Yield the pairs that are confused most often."""
    confused = [(shown(label), shown(predicted), str(rows)) for label, predicted, rows in report.confused()]
    if confused:
        yield from table([("most confused: rows of", "predicted as", "rows"), *confused], names=2)
    else:
        yield "no label was taken for another"


def table(rows: Sequence[Sequence[str]], names: int = 1) -> Iterator[str]:
    """Yield each row as a line, the names to the left and the numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = zip(row, widths, strict=True)
        told = (cell.ljust(width) if at < names else cell.rjust(width) for at, (cell, width) in enumerate(cells))
        yield "  ".join(told).rstrip()
