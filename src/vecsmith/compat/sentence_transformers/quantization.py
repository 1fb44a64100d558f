"""Vectors as small integers and bits, by the original's rules, so that stores filled by it can be filled further."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from vecsmith.compat.errors import ArgumentError
from vecsmith.compat.sentence_transformers.arrays import plain

if TYPE_CHECKING:
    from vecsmith.compat.sentence_transformers.arrays import Numbers

__all__ = ["PRECISIONS", "quantize_embeddings"]

PRECISIONS = ("float32", "int8", "uint8", "binary", "ubinary")
LEVELS = 255
SIGN = 128


def quantize_embeddings(
    embeddings: object, precision: str, ranges: object = None, calibration_embeddings: object = None
) -> Numbers:
    """Return vectors (n, d) as `precision`: (n, d), or (n, d / 8) bytes for bits.

    ``uint8`` cuts each dimension's range into 255 equal steps and numbers them from 0; ``int8`` is 128 less. The ranges
    (2, d), least and greatest, are `ranges`, or those of `calibration_embeddings`, or of the vectors themselves. A bit
    of ``ubinary`` is 1 where a number is above 0, the first one the highest of its byte; ``binary`` is 128 less.

    Raises `ValueError` for a precision that there is none of, for vectors that are integers already, and for a single
    vector's own ranges, which say nothing.
    """
    if precision not in PRECISIONS:
        raise ArgumentError(f"precision must be one of {', '.join(PRECISIONS)}, not {precision!r}")
    x = plain(embeddings)
    if x.dtype.kind != "f":
        raise ArgumentError(f"vectors of {x.dtype} are integers already: give those of float32")
    if precision == "float32":
        return x.astype(np.float32)
    if precision in {"binary", "ubinary"}:
        packed = np.packbits(x > 0, axis=-1)
        return packed if precision == "ubinary" else (packed ^ SIGN).view(np.int8)
    levels = levels_of(x, ranges_of(x, precision, ranges, calibration_embeddings))
    return levels.astype(np.uint8) if precision == "uint8" else (levels - SIGN).astype(np.int8)


def ranges_of(x: Numbers, precision: str, ranges: Any, calibration: Any) -> Numbers:
    """Return the least and the greatest number of each dimension, (2, d)."""
    if ranges is not None:
        return np.asarray(plain(ranges), np.float32)
    seen = x if calibration is None else plain(calibration)
    if not seen.size:
        return np.zeros((2, x.shape[-1]), np.float32)
    if calibration is None and (seen.ndim == 1 or len(seen) == 1):
        raise ArgumentError(f"{precision} needs the ranges of many vectors: give ranges or calibration_embeddings")
    return np.asarray([seen.min(axis=0), seen.max(axis=0)], np.float32)


def levels_of(x: Numbers, ranges: Numbers) -> Numbers:
    """Return the number of the step in which each number lies, 0 to 255."""
    step = (ranges[1] - ranges[0]) / LEVELS
    return np.asarray(np.clip(np.floor((x - ranges[0]) / np.where(step == 0, 1, step)), 0, LEVELS))
