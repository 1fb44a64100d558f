"""A linear head on vectors of length one: what turns a text's vector into a probability for each label.

The same for both ways of making one. Of logistic regression the weights are those that were fitted; of label
descriptions they are the descriptions' vectors, divided by a temperature.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from vecsmith.errors import InputError
from vecsmith.postprocess import normalize

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vecsmith.classifying.labels import Label
    from vecsmith.types import Floats

__all__ = ["Head", "Kind", "softmax"]

Kind = Literal["logistic", "zero-shot"]


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """Weights and a bias for each label."""

    kind: Kind
    labels: tuple[Label, ...]
    weights: Floats = field(repr=False)
    """(labels, dimensions)"""
    bias: Floats = field(repr=False)
    """(labels,)"""

    @property
    def dimensions(self) -> int:
        """The width of the vectors that it takes."""
        return int(self.weights.shape[1])

    def probabilities(self, vectors: Floats) -> Floats:
        """Return a probability for each label, (n, labels), each row with the sum of one.

        Takes vectors (n, dimensions) of any length but zero; raises `InputError` for another width.
        """
        if vectors.ndim != 2 or vectors.shape[1] != self.dimensions:  # noqa: PLR2004 (rows and columns)
            raise InputError(f"vectors of the shape {vectors.shape} where (n, {self.dimensions}) is expected")
        units = normalize(vectors).astype(np.float64)
        return softmax(units @ self.weights.T.astype(np.float64) + self.bias).astype(np.float32)


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return exp(x) ÷ Σ exp(x) of each row, (n, labels)."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares
