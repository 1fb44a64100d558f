"""How right a classifier is on rows whose labels are known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from vecsmith.classifying.labels import classes_of
from vecsmith.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from vecsmith.classifying.labels import Label
    from vecsmith.classifying.predictions import Predictions
    from vecsmith.types import Floats

    Doubles = NDArray[np.float64]

__all__ = ["Confused", "Report", "calibration_error", "report_of"]

BINS = 15
DIGITS = 4


class Confused(NamedTuple):
    """A label that was taken for another."""

    label: Label
    """The one that the rows have."""
    predicted: Label
    rows: int


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """What came of predicting labels that are known; ``print(report)`` shows it."""

    labels: tuple[Label, ...]
    """Those of the classifier, and behind them any others that the rows have."""
    confusion: NDArray[np.int64] = field(repr=False)
    """(labels, labels): how many rows of a label (the row) were given which (the column)."""
    calibration_error: float
    """How far probabilities are from the share of rows that are right, at a mean: 0 where all are as sure as right.

    The expected calibration error of the best label's probability, in fifteen bins (Guo et al. 2017,
    arXiv:1706.04599).
    """
    unsure: float
    """The share of rows that are unsure."""
    sure_accuracy: float | None
    """The accuracy of the others; None where there are none."""

    @property
    def rows(self) -> int:
        """How many rows were looked at."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """The share of rows that are right."""
        return float(np.trace(self.confusion) / self.rows)

    @property
    def support(self) -> NDArray[np.int64]:
        """How many rows each label has, (labels,)."""
        support: NDArray[np.int64] = self.confusion.sum(axis=1)
        return support

    @property
    def precision(self) -> Doubles:
        """Of the rows that were given a label the share that has it, (labels,); 0 where none was."""
        return share(np.diag(self.confusion), self.confusion.sum(axis=0))

    @property
    def recall(self) -> Doubles:
        """Of the rows that have a label the share that was given it, (labels,); 0 where none has."""
        return share(np.diag(self.confusion), self.support)

    @property
    def f1(self) -> Doubles:
        """2 × precision × recall ÷ (precision + recall), (labels,)."""
        return share(2 * np.diag(self.confusion), self.support + self.confusion.sum(axis=0))

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the labels that some row has or was given."""
        seen = (self.support + self.confusion.sum(axis=0)) > 0
        return float(self.f1[seen].mean())

    def confused(self, count: int = 10) -> list[Confused]:
        """Return the pairs of labels that were taken for each other most often, one direction each, most rows first."""
        wrong = self.confusion - np.diag(np.diag(self.confusion))
        places = [divmod(int(at), len(self.labels)) for at in np.argsort(-wrong, axis=None, kind="stable")[:count]]
        pairs = (Confused(self.labels[row], self.labels[column], int(wrong[row, column])) for row, column in places)
        return [pair for pair in pairs if pair.rows]

    def draw(self, path: str | Path) -> None:
        """Draw the confusion matrix into a PNG file; raise `ConfigError` where that cannot be written."""
        from vecsmith.classifying.picture import draw

        draw(self, path)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain data, for JSON."""
        columns = zip(self.labels, self.precision, self.recall, self.f1, self.support, strict=True)
        return {
            "rows": self.rows,
            "accuracy": round(self.accuracy, DIGITS),
            "macro_f1": round(self.macro_f1, DIGITS),
            "calibration_error": round(self.calibration_error, DIGITS),
            "unsure": round(self.unsure, DIGITS),
            "sure_accuracy": None if self.sure_accuracy is None else round(self.sure_accuracy, DIGITS),
            "labels": [
                {
                    "label": label,
                    "precision": round(float(precision), DIGITS),
                    "recall": round(float(recall), DIGITS),
                    "f1": round(float(f1), DIGITS),
                    "support": int(support),
                }
                for label, precision, recall, f1, support in columns
            ],
            "confusion": self.confusion.tolist(),
        }

    def __str__(self) -> str:
        from vecsmith.classifying.told import lines

        return "\n".join(lines(self))


def share(part: NDArray[Any], whole: NDArray[Any]) -> Doubles:
    """Divide, with 0 where there is nothing to divide by."""
    shares: Doubles = np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
    return shares


def report_of(predictions: Predictions, labels: Sequence[Label]) -> Report:
    """Hold predictions against the labels that the rows have.

    A label that the classifier does not know counts as a mistake. Raises `InputError` for no rows, and for labels of
    another type than the classifier's.
    """
    if not len(predictions):
        raise InputError("there are no rows to make a report on: give texts with their labels")
    others = sorted(set(classes_of([*predictions.classes, *labels])) - set(predictions.classes))
    known = (*predictions.classes, *others)
    places = {label: place for place, label in enumerate(known)}
    true, given = np.array([places[label] for label in labels]), predictions.probabilities.argmax(axis=1)
    confusion = np.zeros((len(known), len(known)), np.int64)
    np.add.at(confusion, (true, given), 1)
    right, sure = true == given, ~predictions.unsure
    return Report(
        known,
        confusion,
        calibration_error(predictions.best, right),
        float(predictions.unsure.mean()),
        float(right[sure].mean()) if sure.any() else None,
    )


def calibration_error(best: Floats, right: NDArray[np.bool_]) -> float:
    """Return the mean of |accuracy - probability| over fifteen bins of probability, weighted by their rows."""
    bins = np.minimum((best * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, right, BINS) - np.bincount(bins, best, BINS)
    return float(np.abs(gaps).sum() / len(best))
