"""Vectors as bytes of a store: little-endian, in the types of their encoding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["dtype_of", "little_endian", "numbers_of"]

TYPES = {"float32": "<f4", "float16": "<f2", "int8": "i1", "uint8": "u1", "binary": "i1", "ubinary": "u1"}


def dtype_of(encoding: str) -> np.dtype[Any]:
    """Return the type of a stored number; of packed bits, that of their bytes."""
    return np.dtype(TYPES[encoding])


def little_endian(vectors: NDArray[Any]) -> NDArray[Any]:
    """Return vectors in the byte order of stores, each row's bytes side by side."""
    return np.ascontiguousarray(vectors.astype(vectors.dtype.newbyteorder("<"), copy=False))


def numbers_of(width: int, encoding: str) -> int:
    """Return how many numbers a stored vector of that many dimensions has."""
    return width // 8 if encoding in {"binary", "ubinary"} else width
