"""What a classifier says of texts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from vecsmith.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vecsmith.classifying.labels import Label
    from vecsmith.types import Floats

__all__ = ["BELOW", "MARGIN", "USUAL", "Predictions", "Unsure"]


BELOW = 0.5
MARGIN = 0.2


@dataclass(frozen=True, slots=True)
class Unsure:
    """From where on a label is only a guess: where its probability is low, or the next one is near."""

    below: float = BELOW
    """Unsure below this probability of the best label; 0 for never."""
    margin: float = MARGIN
    """Unsure where the best label is not so much more probable than the second; 0 for never."""

    def __post_init__(self) -> None:
        for name, value in (("below", self.below), ("margin", self.margin)):
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
                raise ConfigError(f"unsure_{name} must be a number from 0 to 1, not {value!r}")

    def of(self, probabilities: Floats) -> NDArray[np.bool_]:
        """Return which rows of probabilities (n, labels) are unsure, (n,)."""
        second, best = np.partition(probabilities, -2, axis=1)[:, -2:].T
        unsure: NDArray[np.bool_] = (best < self.below) | (best - second < self.margin)
        return unsure


USUAL = Unsure()


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """A label for each text, in order, and how probable every label is."""

    classes: tuple[Label, ...]
    """The labels there are, in the order of the columns."""
    probabilities: Floats = field(repr=False)
    """(texts, classes) float32; the sum of each row is one."""
    unsure: NDArray[np.bool_] = field(repr=False)
    """Which labels are only a guess, (texts,)."""

    @property
    def labels(self) -> list[Label]:
        """The most probable label of each text."""
        return [self.classes[place] for place in self.probabilities.argmax(axis=1)]

    @property
    def best(self) -> Floats:
        """The probability of that label, (texts,)."""
        best: Floats = self.probabilities.max(axis=1)
        return best

    def top(self, count: int = 3) -> list[list[tuple[Label, float]]]:
        """Return for each text its most probable labels with their probabilities, the best first."""
        order = np.argsort(-self.probabilities, axis=1, kind="stable")[:, :count]
        rows: Any = zip(order, self.probabilities, strict=True)
        return [[(self.classes[place], float(row[place])) for place in places] for places, row in rows]

    def __len__(self) -> int:
        return len(self.probabilities)
