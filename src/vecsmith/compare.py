"""For vectors a person already has: how near they are, and which are nearest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

import numpy as np

from vecsmith.encodings import Calibration, decode, encode, encoding_of
from vecsmith.errors import ConfigError, InputError
from vecsmith.postprocess import normalize

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from vecsmith.space import Space, StoredForm
    from vecsmith.types import Encoding, Floats

__all__ = ["METRICS", "Metric", "similarity", "top_k"]

Metric = Literal["cosine", "dot", "euclidean", "manhattan", "hamming"]
METRICS: tuple[Metric, ...] = get_args(Metric)

T = TypeVar("T", bound="NDArray[Any]")

ROWS = 4096
"""Rows compared at once, so that memory does not grow with the number of vectors squared."""

BITS = ("binary", "ubinary")


@dataclass(frozen=True, slots=True)
class Side:
    """Vectors to compare, and how they are stored."""

    rows: NDArray[Any]
    encoding: Encoding
    calibration: Calibration | None
    space: Space | None
    """Known of a result of vecsmith, and of nothing else."""

    @classmethod
    def of(cls, vectors: ArrayLike, encoding: Encoding, calibration: Calibration | None) -> Side:
        """Take a result of vecsmith at its own word, and plain arrays at the caller's."""
        stored: StoredForm | None = getattr(vectors, "stored", None)
        rows = as_rows(vectors)
        if stored is None:
            return cls(rows, encoding_of(encoding), calibration, None)
        if stored.calibration is not None and (calibration is None or calibration.id != stored.calibration):
            raise InputError(
                f"these vectors were stored with the calibration {stored.calibration}: give it as calibration"
            )
        return cls(rows, encoding_of(stored.encoding), calibration if stored.calibration else None, stored.space)

    @property
    def floats(self) -> Floats:
        """The numbers that the rows stand for, (n, d)."""
        return decode(self.rows, self.encoding, self.calibration)

    @property
    def bits(self) -> NDArray[np.uint8]:
        """The signs of the rows, (n, d / 8) bytes."""
        if self.encoding == "binary":
            return self.rows.astype(np.int8).view(np.uint8) ^ np.uint8(0x80)
        return self.rows.astype(np.uint8) if self.encoding == "ubinary" else encode(self.floats, "ubinary")


def as_rows(vectors: ArrayLike) -> NDArray[Any]:
    """Return an array (n, d); raise `InputError` for what is none."""
    try:
        rows = np.atleast_2d(np.asarray(vectors))
    except ValueError:  # rows of several lengths
        rows = np.empty((0, 0, 0))
    if rows.ndim != 2 or rows.dtype.kind not in "fiu":  # noqa: PLR2004 (rows and columns)
        raise InputError("vectors must be numbers in an array (n, d), all of one width")
    if rows.dtype.kind == "f" and not np.isfinite(rows).all():
        row = int(np.argmin(np.isfinite(rows).all(axis=1)))
        raise InputError(f"vector {row} holds NaN or infinity, which is near nothing: leave it out")
    return rows


def check_spaces(left: Side, right: Side) -> None:
    """Refuse to compare vectors of two spaces."""
    if left.space is not None and right.space is not None and left.space != right.space:
        raise InputError(f"vectors of two spaces cannot be compared ({left.space.difference(right.space)})")


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
        a: Vectors; a single one counts as one row. A result of vecsmith says itself how it is stored.
        b: The others.
        metric: ``cosine``, ``dot``; ``euclidean`` and ``manhattan``, which are the distance below zero; or
            ``hamming``, the share of equal signs.
        encoding: How plain arrays are stored.
        calibration: The ranges that ``int8`` or ``uint8`` were made with.

    Raises `InputError` where the two differ in width, or are results of two spaces.
    """
    if metric not in METRICS:
        raise ConfigError(f"metric must be one of {', '.join(METRICS)}, not {metric!r}")
    left, right = (Side.of(x, encoding, calibration) for x in (a, b))
    check_spaces(left, right)
    if metric == "hamming":
        return equal_bits(*same_width(left.bits, right.bits))
    return measured(*same_width(left.floats, right.floats), metric=metric)


def same_width(left: T, right: T) -> tuple[T, T]:
    """Refuse vectors of two widths."""
    widths = left.shape[-1], right.shape[-1]
    if widths[0] != widths[1]:
        raise InputError(f"vectors of {widths[0]} and {widths[1]} dimensions cannot be compared")
    return left, right


def equal_bits(left: NDArray[np.uint8], right: NDArray[np.uint8]) -> Floats:
    """Return the share of equal bits."""
    share = np.empty((len(left), len(right)), np.float32)
    for i, row in enumerate(left):
        share[i] = 1 - np.bitwise_count(row ^ right).sum(axis=1, dtype=np.int64) / (8 * left.shape[1])
    return share


def measured(left: Floats, right: Floats, metric: Metric) -> Floats:
    """Compare floats."""
    if metric == "cosine":
        left, right = normalize(left), normalize(right)
    if metric in {"cosine", "dot"}:
        products: Floats = left @ right.T
        return products
    if metric == "euclidean":
        ours, theirs = left.astype(np.float64), right.astype(np.float64)
        squares = (ours**2).sum(axis=1)[:, None] + (theirs**2).sum(axis=1) - 2 * (ours @ theirs.T)
        return np.asarray(-np.sqrt(np.maximum(squares, 0)), np.float32)
    far = np.empty((len(left), len(right)), np.float32)
    for i, row in enumerate(left):
        far[i] = -np.abs(row - right).sum(axis=1)
    return far


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
        queries: (n, d) float vectors, or a result of vecsmith; of packed bits their signs are compared.
        vectors: (m, d), or (m, d / 8) bytes of packed bits; a result of vecsmith says itself how it is stored.
        k: How many; fewer where there are fewer vectors.
        metric: One of `similarity`; None for ``cosine``, and ``hamming`` for packed bits.
        encoding: How `vectors` are stored where they are a plain array.
        calibration: The ranges that ``int8`` or ``uint8`` were made with.
        rescore: (m, d) finer vectors of the same texts, floats or calibration-free ``int8``: `oversample` times `k` are
            found among `vectors` and put in order by their cosine here.
        oversample: How many times `k`.
    """
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise InputError(f"k must be a whole number from 1 up, not {k!r}")
    asked, stored = Side.of(queries, "float32", calibration), Side.of(vectors, encoding, calibration)
    check_spaces(asked, stored)
    metric = metric or ("hamming" if stored.encoding in BITS else "cosine")
    bits = metric == "hamming"
    compare = partial(similarity, asked.bits if bits else asked.floats, metric=metric)
    if bits:
        compare = partial(compare, encoding="ubinary")
    rows = stored.bits if bits else stored.floats
    if rescore is None:
        return nearest(compare, rows, k)
    side = Side.of(rescore, "float32", calibration)
    check_spaces(asked, side)
    finer = side.floats
    if isinstance(oversample, bool) or not isinstance(oversample, int) or oversample < 1:
        raise InputError(f"oversample must be a whole number from 1 up, not {oversample!r}")
    if len(finer) != len(rows):
        raise InputError(f"rescore has {len(finer)} vectors for {len(rows)}: give the same texts' in the same order")
    same_width(asked.floats, finer)
    places, _ = nearest(compare, rows, k * oversample)
    return rescored(asked.floats, finer, places, k)


def nearest(
    compare: Callable[[NDArray[Any]], Floats], stored: NDArray[Any], k: int
) -> tuple[NDArray[np.int64], Floats]:
    """Return the places and scores of the `k` nearest, (queries, k), going through the stored vectors in runs."""
    best = compare(stored[:0])
    places = np.empty(best.shape, np.int64)
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
