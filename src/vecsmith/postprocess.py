"""Vectors out: cut, normalise, check. Each is a function on arrays of shape (n, dimensions)."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np

from vecsmith.errors import InputError, ModelError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from vecsmith.types import Combine, Floats

__all__ = ["check", "check_dimensions", "combine", "combined", "finish", "normalize"]


EPSILON = 1e-6
"""How far the square of a length may be from one: vectors that come so near are left as they are, to the bit."""


def check_dimensions(dimensions: int | None, native: int) -> None:
    """Refuse a width that a model of `native` dimensions cannot give."""
    if dimensions is None:
        return
    given: object = dimensions
    if isinstance(given, bool) or not isinstance(given, Integral) or not 1 <= dimensions <= native:
        raise InputError(f"dimensions must be a whole number from 1 to {native}, not {dimensions!r}")


def finish(vectors: Floats, *, dimensions: int | None, normalize: bool) -> Floats:
    """Cut, then normalise, then check; the order is fixed, so that a cut vector has length one again."""
    cut = vectors[:, :dimensions]  # (n, d) → (n, dimensions)
    squares = check(cut)
    if normalize and np.abs(squares - 1).max(initial=0) > EPSILON:
        return unit(cut)
    return np.require(cut, requirements=["C", "W"])  # the caller's own, even from a cache


def check(vectors: Floats) -> Floats:
    """Return the squares of the lengths of (n, d); raise `ModelError` where one is zero or not finite."""
    squares: Floats = np.einsum("nd,nd->n", vectors, vectors)
    wrong = np.flatnonzero(~(np.isfinite(squares) & (squares > 0)))
    if len(wrong):
        raise ModelError(
            f"the model gave a vector with NaN, infinity or length zero for {len(wrong)} of {len(vectors)} texts "
            f"(the first at index {wrong[0]}): its weights are damaged, or it needs compute='f32'"
        )
    return squares


def unit(vectors: Floats) -> Floats:
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
    scaled: Floats = vectors / lengths[:, None]
    return scaled


def combine(vectors: Floats, tokens: ArrayLike, how: Combine = "weighted_mean") -> Floats:
    """Make one vector (d,) of the vectors of one text's chunks, (chunks, d); see `combined`."""
    vector: Floats = combined(vectors, np.zeros(len(vectors), np.intp), tokens, how)[0]
    return vector


def combined(vectors: Floats, owners: ArrayLike, tokens: ArrayLike, how: Combine = "weighted_mean") -> Floats:
    """Make one vector for each text of the vectors of its chunks: (chunks, d) → (texts, d), not normalised.

    `owners` (chunks,) names the text of each chunk, ascending from 0 with none left out; `tokens` (chunks,) weighs the
    chunks in ``weighted_mean``. A text of one chunk keeps its vector to the bit.
    """
    if not len(vectors):
        return vectors
    of = np.asarray(owners, np.intp)
    first = np.flatnonzero(np.diff(of, prepend=-1))
    if how == "first":
        return np.asarray(vectors[first], np.float32)
    if how == "max":
        return np.asarray(np.maximum.reduceat(vectors, first, axis=0), np.float32)
    weights = np.asarray(tokens, np.float64) if how == "weighted_mean" else np.ones(len(of))
    totals = np.add.reduceat(weights, first)
    weights = np.where(totals[of] > 0, weights, 1.0)  # chunks without any token count alike
    shares = weights / np.add.reduceat(weights, first)[of]
    return np.asarray(np.add.reduceat(vectors * shares[:, None], first, axis=0), np.float32)


def normalize(vectors: ArrayLike) -> Floats:
    """Scale each vector to length one; `vectors` is (n, d) or (d,), and a vector of length zero stays as it is."""
    x = np.asarray(vectors, np.float32)
    lengths = np.linalg.norm(x.astype(np.float64), axis=-1, keepdims=True)
    return np.asarray(x / np.where(lengths == 0, 1, lengths), np.float32)
