"""Rows set apart, each label's in the same share, and equal texts on one side: what is known by heart is no test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Whole = NDArray[np.int64]

__all__ = ["ALWAYS", "folds", "held_out", "units_of"]

SEED = 0
ALWAYS = -1
"""The fold of rows that are in no test: of a label that has only one text."""


def units_of(texts: Sequence[str]) -> Whole:
    """Return a number for each row, (n,): the same for equal texts."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(text, len(numbers)) for text in texts], np.int64)


def by_label(labels: Whole, units: Whole) -> list[Whole]:
    """Return the units of each label, shuffled; a text of several labels counts for its first."""
    _, first = np.unique(units, return_index=True)
    chance = np.random.default_rng(SEED)
    return [chance.permutation(units[first][labels[first] == label]) for label in np.unique(labels)]


def folds(labels: Whole, units: Whole, count: int) -> Whole:
    """Deal rows onto `count` folds and return the fold of each, (n,); `ALWAYS` for those that are never tested."""
    fold_of, dealt = np.full(int(units.max()) + 1, ALWAYS, np.int64), 0
    for own in by_label(labels, units):
        if len(own) > 1:
            fold_of[own] = (dealt + np.arange(len(own))) % count
            dealt += len(own)
    return anchored(labels, fold_of[units])


def held_out(labels: Whole, units: Whole, share: float) -> NDArray[np.bool_]:
    """Return which rows are held out, (n,): about `share` of each label's texts, one of two, none of a single one."""
    fold_of = np.full(int(units.max()) + 1, ALWAYS, np.int64)
    for own in by_label(labels, units):
        if len(own) > 1:
            fold_of[own[: min(len(own) - 1, max(1, round(share * len(own))))]] = 0
    apart: NDArray[np.bool_] = anchored(labels, fold_of[units]) == 0
    return apart


def anchored(labels: Whole, fold: Whole) -> Whole:
    """Leave no label without an example: rows of one that lies in a single fold are never tested."""
    for label in np.unique(labels):
        own = fold[labels == label]
        if (own == own[0]).all():
            fold[labels == label] = ALWAYS
    return fold
