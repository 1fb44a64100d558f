"""Vectors of length one among themselves: their neighbours, and what they have in common with these."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vecsmith.postprocess import normalize

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vecsmith.types import Floats

    Places = NDArray[np.int64]

__all__ = ["chosen", "neighbours", "smoothed"]

BLOCK = 512
"""Vectors that are compared with all others at once."""

AMONG = 20_000
"""So many vectors, drawn from all, are enough to find neighbours among: the time does not grow with n squared."""


def chosen(many: int, most: int, seed: int = 0) -> Places:
    """Return the places of up to `most` of so many things, ascending, each as likely as any other."""
    if many <= most:
        return np.arange(many, dtype=np.int64)
    return np.sort(np.random.default_rng(seed).choice(many, most, replace=False)).astype(np.int64)


def neighbours(vectors: Floats, count: int, *, seed: int = 0) -> Places:
    """Return the places of the `count` vectors nearest to each of (n, d) beside itself, nearest first: (n, count)."""
    among = chosen(len(vectors), AMONG, seed)
    others = vectors[among]
    count = min(count, len(among) - 1)
    found = np.empty((len(vectors), count), np.int64)
    for start in range(0, len(vectors), BLOCK):
        near = vectors[start : start + BLOCK] @ others.T
        own = np.searchsorted(among, np.arange(start, start + len(near))).clip(0, len(among) - 1)
        rows = np.flatnonzero(among[own] == np.arange(start, start + len(near)))
        near[rows, own[rows]] = -np.inf
        best = np.argpartition(-near, max(count - 1, 0), axis=1)[:, :count]
        order = np.argsort(-np.take_along_axis(near, best, axis=1), axis=1, kind="stable")
        found[start : start + BLOCK] = among[np.take_along_axis(best, order, axis=1)]
    return found


def smoothed(vectors: Floats, near: Places) -> Floats:
    """Return the mean of each vector (n, d) and its neighbours (n, m), of length one.

    What a text says beside its topic is its own, and what it shares with its neighbours remains: one step of the filter
    of graph convolution on the graph of nearest neighbours (Wu et al. 2019, arXiv:1902.07153; Zhang et al. 2019,
    arXiv:1906.01210, use it to cluster).
    """
    sums = vectors.copy()
    for column in range(near.shape[1]):
        sums += vectors[near[:, column]]
    return normalize(sums)
