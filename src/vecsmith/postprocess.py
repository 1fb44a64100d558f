"""Vectors out: cut, normalise, check. Each is a function on arrays of shape (n, dimensions)."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np

from vecsmith.errors import InputError, ModelError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from vecsmith.types import Floats

__all__ = ["check", "check_dimensions", "finish", "normalize"]


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
    check(cut)
    return unit(cut) if normalize else np.ascontiguousarray(cut)


def check(vectors: Floats) -> None:
    """Raise `ModelError` where a vector of (n, d) is not finite or has length zero."""
    squares = np.einsum("nd,nd->n", vectors, vectors)
    wrong = np.flatnonzero(~(np.isfinite(squares) & (squares > 0)))
    if len(wrong):
        raise ModelError(
            f"the model gave a vector with NaN, infinity or length zero for {len(wrong)} of {len(vectors)} texts "
            f"(the first at index {wrong[0]}): its weights are damaged, or it needs compute='f32'"
        )


def unit(vectors: Floats) -> Floats:
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
    scaled: Floats = vectors / lengths[:, None]
    return scaled


def normalize(vectors: ArrayLike) -> Floats:
    """Scale each vector to length one; `vectors` is (n, d) or (d,), and a vector of length zero stays as it is."""
    x = np.asarray(vectors, np.float32)
    lengths = np.linalg.norm(x, axis=-1, keepdims=True)
    return np.asarray(x / np.where(lengths == 0, 1, lengths), np.float32)
