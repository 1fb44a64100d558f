"""Clusters where vectors lie densely, by HDBSCAN; what lies between them belongs to none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vecsmith.clustering.kmeans import NEAREST, alone, near_enough
from vecsmith.clustering.nearness import chosen, neighbours, smoothed
from vecsmith.postprocess import normalize

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vecsmith.types import Floats

    Labels = NDArray[np.int64]

__all__ = ["OUTLIER", "dense", "least_size", "principal"]

OUTLIER = -1
"""The label of what belongs to no cluster."""

DIMENSIONS = 15
"""Principal components that density is measured in: in hundreds of dimensions all distances are nearly equal."""

AROUND = 5
"""Neighbours that make a vector's surroundings dense."""

FENCE = 1.5
LEAST = 1e-3
"""The least that a cluster's cosines are taken to differ by, so that equal texts leave room for rounding."""

SMALLEST = 5
SHARE = 100
"""The smallest cluster is at least this part of all, unless another size is asked for."""

ON = 20_000
"""Vectors that are clustered; the others go where the nearest of these is."""


def least_size(many: int) -> int:
    """Return the size of the smallest cluster among so many texts."""
    return max(SMALLEST, many // SHARE)


def dense(vectors: Floats, min_size: int, *, nearest: int = NEAREST, seed: int = 0) -> Labels:
    """Return the cluster of each vector (n, d) of length one, from 0 up, or `OUTLIER`.

    HDBSCAN (Campello et al. 2013; scikit-learn's) on the first principal components of vectors that were averaged with
    their neighbours where clusters are large enough for that. HDBSCAN gives stray vectors to a cluster that nothing
    divides from them: those that are unusually far from the others, on their own, are taken out again.
    """
    if len(vectors) < max(min_size, 2):
        return np.full(len(vectors), OUTLIER, np.int64)
    wide = near_enough(min_size, nearest)
    even = smoothed(vectors, neighbours(vectors, wide - 1, seed=seed)) if wide > 1 else vectors
    flat = normalize(principal(even, DIMENSIONS, seed=seed))
    some = chosen(len(flat), ON, seed)
    with alone():
        from sklearn.cluster import HDBSCAN

        around = min(AROUND, min_size, len(some))
        found = HDBSCAN(min_size, min_samples=around, copy=True).fit_predict(flat[some].astype(np.float64))
    labels = np.asarray(found, np.int64)
    return without_strays(vectors, labels if len(some) == len(flat) else spread(flat, some, labels), min_size)


def without_strays(vectors: Floats, labels: Labels, min_size: int) -> Labels:
    """Take those out of each cluster whose cosine to its centre is below Tukey's fence (1977): Q1 - 1.5 (Q3 - Q1).

    The nearest `min_size` stay.
    """
    kept = labels.copy()
    for each in range(labels.max() + 1):
        members = np.flatnonzero(labels == each)
        near = vectors[members] @ normalize(vectors[members].mean(axis=0))
        low, high = np.quantile(near, (0.25, 0.75))
        fence = low - FENCE * max(high - low, LEAST)
        kept[members[near < min(fence, np.sort(near)[-min(min_size, len(near))])]] = OUTLIER
    return kept


def spread(flat: Floats, some: Labels, labels: Labels) -> Labels:
    """Give each vector the label of the nearest of those that have one."""
    from sklearn.neighbors import KNeighborsClassifier

    found = KNeighborsClassifier(1).fit(flat[some], labels).predict(flat)
    return np.asarray(found, np.int64)


def principal(vectors: Floats, dimensions: int, *, seed: int = 0) -> Floats:
    """Return vectors (n, d) in their first principal components, (n, min(dimensions, n, d))."""
    with alone():
        from sklearn.decomposition import PCA

        kept = min(dimensions, *vectors.shape)
        return np.asarray(PCA(kept, random_state=seed).fit_transform(vectors), np.float32)
