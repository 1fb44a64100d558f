"""From vectors and labels to a head, and to a report on rows that it has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vecsmith.classifying import logistic
from vecsmith.classifying.head import Head
from vecsmith.classifying.labels import classes_of, contradictions, numbered
from vecsmith.classifying.predictions import USUAL, Predictions, Unsure
from vecsmith.classifying.report import Report, report_of
from vecsmith.classifying.split import held_out, units_of
from vecsmith.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from vecsmith.classifying.labels import Label
    from vecsmith.types import Floats

__all__ = ["Examples", "Trained", "Training", "predicted", "train"]


@dataclass(frozen=True, slots=True)
class Training:
    """What is asked of a training."""

    c: float | None = None
    """How freely weights may follow the examples; None to choose it."""
    balanced: bool = False
    """Whether all labels weigh the same, however many examples they have."""
    holdout: float = 0.0
    """The share of the examples that the report is made on; 0 for no report."""
    unsure: Unsure = USUAL

    def __post_init__(self) -> None:
        logistic.strength(self.c)
        share = self.holdout
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share < 1:
            raise ConfigError(f"holdout must be a share of the examples, from 0 to below 1, not {share!r}")


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Texts with their vectors and labels."""

    texts: Sequence[str]
    vectors: Floats
    """(texts, dimensions)"""
    labels: Sequence[Label]
    places: Sequence[str] | None = None
    """What a person calls each, such as ``line 7``; None for ``input 0`` and so on."""

    def place(self, at: int) -> str:
        """Return what a person calls one of them."""
        return f"input {at}" if self.places is None else self.places[at]


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of it."""

    head: Head
    """Fitted on all examples."""
    c: float
    report: Report | None
    """On the rows that were held out, of a head that was fitted on the others; or on the test rows."""
    notes: tuple[str, ...]
    """What should not go unnoticed, a sentence each."""


def train(examples: Examples, asked: Training, test: Examples | None = None) -> Trained:
    """Fit a head on examples and report on `test`, or on the share of the examples that is held out.

    Raises `InputError` where labels are not of one type, or fewer than two.
    """
    classes = classes_of(examples.labels)
    labels, units = numbered(examples.labels, classes), units_of(examples.texts)
    hidden = held_out(labels, units, asked.holdout) if asked.holdout and test is None else np.zeros(len(labels), bool)
    seen = ~hidden
    c = asked.c or logistic.chosen(examples.vectors[seen], labels[seen], units[seen], balanced=asked.balanced)
    report = None
    if hidden.any():
        first, _ = fitted(examples.vectors[seen], labels[seen], classes, c, asked)
        truth = [label for label, apart in zip(examples.labels, hidden, strict=True) if apart]
        report = report_of(predicted(first, examples.vectors[hidden], asked.unsure), truth)
    head, converged = fitted(examples.vectors, labels, classes, c, asked)
    if test is not None:
        report = report_of(predicted(head, test.vectors, asked.unsure), test.labels)
    notes = [*contradicting(examples), *untested(labels, hidden, asked, test), *repeated(examples, test)]
    if not converged:
        notes.append("the regression did not converge: name a smaller C")
    return Trained(head, c, report, tuple(notes))


def fitted(
    vectors: Floats, labels: NDArray[np.int64], classes: tuple[Label, ...], c: float, asked: Training
) -> tuple[Head, bool]:
    """Return a head, and whether its fit converged."""
    found = logistic.fit(vectors, labels, c, balanced=asked.balanced)
    weights, bias = (each.astype(np.float32) for each in (found.weights, found.bias))
    return Head("logistic", classes, weights, bias), found.converged


def predicted(head: Head, vectors: Floats, unsure: Unsure) -> Predictions:
    """Return what a head says of vectors, (n, dimensions)."""
    probabilities = head.probabilities(vectors)
    return Predictions(head.labels, probabilities, unsure.of(probabilities))


def contradicting(examples: Examples) -> Iterator[str]:
    """Say whether the same text comes with several labels."""
    found = contradictions(examples.texts, examples.labels)
    if found:
        first, second = (examples.place(at) for at in found[0])
        texts = "1 text comes" if len(found) == 1 else f"{len(found)} texts come"
        yield f"{texts} with more than one label (the first: {first} and {second}): mend or remove them"


def untested(
    labels: NDArray[np.int64], hidden: NDArray[np.bool_], asked: Training, test: Examples | None
) -> Iterator[str]:
    """Say which labels the report does not know of."""
    if not asked.holdout or test is not None:
        return
    lone = len(np.setdiff1d(labels, labels[hidden]))
    if not hidden.any():
        yield "no label has two texts, so that none could be held out for a report: give more examples"
    elif lone:
        which, them = ("1 label has", "it") if lone == 1 else (f"{lone} labels have", "them")
        yield f"{which} a single text and so none among the held-out rows: the report does not speak of {them}"


def repeated(examples: Examples, test: Examples | None) -> Iterator[str]:
    """Say whether test rows were seen in the training."""
    if test is None:
        return
    known = set(examples.texts)
    if both := sum(text in known for text in test.texts):
        yield f"{both} of {len(test.texts)} test rows have a text that the examples have, too: the report flatters"
