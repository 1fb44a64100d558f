"""For vectors a person already has: how near they are, and which are nearest."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from vecsmith.encodings import Calibration, decode, encode, encoding_of
from vecsmith.errors import ConfigError, InputError
from vecsmith.postprocess import normalize

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from vecsmith.types import Encoding, Floats

__all__ = ["METRICS", "Metric", "similarity", "top_k"]

Metric = Literal["cosine", "dot", "euclidean", "manhattan", "hamming"]
METRICS: tuple[Metric, ...] = get_args(Metric)

ROWS = 4096
"""Rows compared at once, so that memory does not grow with the number of vectors squared."""

BITS = ("binary", "ubinary")


def similarity(
    a: ArrayLike,
    b: ArrayLike,
    metric: Metric = "cosine",
    *,
    encoding: Encoding = "float32",
    calibration: Calibration | None = None,
) -> Floats:
    """Return how near every vector of `a` (n, d) is to every vector of `b` (m, d), of shape (n, m); more is nearer.

    Args:
        a: Vectors; a single one counts as one row.
        b: The others.
        metric: ``cosine``, ``dot``; ``euclidean`` and ``manhattan``, which are the distance below zero; or
            ``hamming``, the share of equal bits, for packed bits.
        encoding: How both are stored.
        calibration: The ranges that ``int8`` or ``uint8`` were made with.

    Raises `InputError` where the two differ in width.
    """
    if metric not in METRICS:
        raise ConfigError(f"metric must be one of {', '.join(METRICS)}, not {metric!r}")
    encoding_of(encoding)
    left, right = (np.atleast_2d(np.asarray(x)) for x in (a, b))
    if left.shape[-1] != right.shape[-1]:
        raise InputError(f"vectors of {left.shape[-1]} and {right.shape[-1]} dimensions cannot be compared")
    if metric == "hamming":
        if encoding not in BITS:
            raise InputError(f"hamming compares packed bits: name encoding='binary' or 'ubinary', not {encoding!r}")
        return equal_bits(*(x.astype(np.int8 if encoding == "binary" else np.uint8) for x in (left, right)))
    return measured(decode(left, encoding, calibration), decode(right, encoding, calibration), metric)


def equal_bits(left: NDArray[Any], right: NDArray[Any]) -> Floats:
    """Return the share of equal bits; the offset of ``binary`` flips the same bit on both sides."""
    ours, theirs = (np.ascontiguousarray(x).view(np.uint8) for x in (left, right))
    share = np.empty((len(ours), len(theirs)), np.float32)
    for i, row in enumerate(ours):
        share[i] = 1 - np.bitwise_count(row ^ theirs).sum(axis=1, dtype=np.int64) / (8 * ours.shape[1])
    return share


def measured(left: Floats, right: Floats, metric: Metric) -> Floats:
    """Compare floats."""
    if metric == "cosine":
        left, right = normalize(left), normalize(right)
    if metric in {"cosine", "dot"}:
        products: Floats = left @ right.T
        return products
    if metric == "euclidean":
        squares = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1) - 2 * (left @ right.T)
        distances: Floats = np.sqrt(np.maximum(squares, 0))
        return -distances
    return np.stack([-np.abs(row - right).sum(axis=1) for row in left]).astype(np.float32)


def top_k(
    queries: ArrayLike,
    vectors: ArrayLike,
    k: int = 10,
    metric: Metric | None = None,
    *,
    encoding: Encoding = "float32",
    calibration: Calibration | None = None,
    rescore: ArrayLike | None = None,
    oversample: int = 4,
) -> tuple[NDArray[np.int64], Floats]:
    """Return the positions and the similarities of the `k` nearest vectors of each query, nearest first: two (n, k).

    Args:
        queries: (n, d) float vectors; where `encoding` is packed bits they are packed here.
        vectors: (m, d), or (m, d / 8) bytes, as `encode` gives them.
        k: How many; fewer where there are fewer vectors.
        metric: One of `similarity`; None for ``cosine``, and ``hamming`` for packed bits.
        encoding: How `vectors` are stored.
        calibration: The ranges that ``int8`` or ``uint8`` were made with.
        rescore: (m, d) finer vectors of the same texts, floats or calibration-free ``int8``: `oversample` times `k` are
            found among `vectors` and put in order by their cosine here.
        oversample: How many times `k`.
    """
    asked = np.atleast_2d(np.asarray(queries, np.float32))
    stored = np.atleast_2d(np.asarray(vectors))
    metric = metric or ("hamming" if encoding in BITS else "cosine")
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise InputError(f"k must be a whole number from 1 up, not {k!r}")
    if metric == "hamming":
        asked_as_stored = encode(asked, encoding)
        compare = partial(similarity, asked_as_stored, metric=metric, encoding=encoding)
    else:
        compare = partial(similarity, asked, metric=metric)
        stored = decode(stored, encoding, calibration)
    if rescore is None:
        return nearest(compare, stored, k)
    places, _ = nearest(compare, stored, k * oversample)
    return rescored(asked, np.asarray(rescore), places, k)


def nearest(
    compare: Callable[[NDArray[Any]], Floats], stored: NDArray[Any], k: int
) -> tuple[NDArray[np.int64], Floats]:
    """Return the places and scores of the `k` nearest, (queries, k), going through the stored vectors in runs."""
    best, places = compare(stored[:0]), np.empty((len(compare(stored[:0])), 0), np.int64)
    for start in range(0, len(stored), ROWS):
        run = compare(stored[start : start + ROWS])
        best = np.concatenate([best, run], axis=1)
        places = np.concatenate([places, np.broadcast_to(np.arange(start, start + run.shape[1]), run.shape)], axis=1)
        order = np.argsort(-best, axis=1, kind="stable")[:, :k]
        best, places = np.take_along_axis(best, order, axis=1), np.take_along_axis(places, order, axis=1)
    return places, best


def rescored(asked: Floats, finer: NDArray[Any], places: NDArray[np.int64], k: int) -> tuple[NDArray[np.int64], Floats]:
    """Put the candidates of each query in the order of their cosine to finer vectors."""
    units = normalize(asked)
    scores = np.stack([normalize(finer[row]) @ unit for row, unit in zip(places, units, strict=True)])
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(places, order, axis=1), np.take_along_axis(scores, order, axis=1)
