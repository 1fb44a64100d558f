"""K-means on vectors of length one that were smoothed among their neighbours; how many clusters, by the silhouette."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vecsmith.clustering.nearness import chosen, neighbours, smoothed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from vecsmith.types import Floats

    Labels = NDArray[np.int64]

__all__ = ["NEAREST", "Search", "grouped", "near_enough", "searched"]

NEAREST = 10
"""Texts, itself included, of which a smoothed vector is the mean; fewer where clusters are small."""

PART = 4
"""A text's neighbours are at most this part of a cluster of average size."""

STARTS = 10
ON = 20_000
"""Vectors on which the starts are compared; the best goes on with all."""

SAMPLE = 1_500
"""Vectors on which the number of clusters is searched."""

MOST = 30
"""The largest number that is tried: more clusters than one can look over have to be asked for."""

TRIAL_STARTS = 3


@dataclass(frozen=True, slots=True)
class Search:
    """How well each number of clusters fits, in the order in which they were tried."""

    scores: tuple[tuple[int, float], ...]
    """Numbers of clusters and their mean silhouette (Rousseeuw 1987), from -1 to 1."""
    sample: int
    """How many vectors were looked at."""

    @property
    def best(self) -> tuple[int, float]:
        """The number with the highest silhouette, the smaller of two that are equal; (1, 0.0) where none was tried."""
        return max(self.scores, key=lambda each: (each[1], -each[0]), default=(1, 0.0))


def near_enough(size: float, nearest: int = NEAREST) -> int:
    """Return of how many texts a smoothed vector is the mean where clusters have a size."""
    return max(1, min(nearest, int(size / PART)))


def grouped(vectors: Floats, k: int, *, nearest: int = NEAREST, seed: int = 0) -> Labels:
    """Return the cluster of each vector (n, d) of length one, from 0 up; k is at most the number that differ.

    The best of ten starts of k-means++, by scikit-learn, on vectors that were averaged with their neighbours. The same
    arguments give the same clusters, on any number of cores.
    """
    wide = near_enough(len(vectors) / k, nearest)
    if wide > 1:
        labels = started(smoothed(vectors, neighbours(vectors, wide - 1, seed=seed)), k, seed)
        if len(np.unique(labels)) == k:
            return labels
    return started(vectors, k, seed)


def started(vectors: Floats, k: int, seed: int) -> Labels:
    """Compare starts on some vectors, and go on with the best on all."""
    some = vectors[chosen(len(vectors), max(ON, 20 * k), seed)]
    with alone():
        from sklearn.cluster import KMeans

        best = KMeans(k, n_init=STARTS, random_state=seed).fit(some)
        if len(some) < len(vectors):
            best = KMeans(k, init=best.cluster_centers_, n_init=1).fit(vectors)
    return np.asarray(best.labels_, np.int64)


@contextmanager
def alone() -> Iterator[None]:
    """Compute on one core, because sums of several have no fixed order; leave scikit-learn's warnings to our checks."""
    import sklearn.cluster  # noqa: F401 (only what is loaded can be limited)
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def searched(vectors: Floats, differing: int, *, nearest: int = NEAREST, seed: int = 0) -> Search:
    """Try numbers of clusters from 2 up to `MOST`, half the vectors or those that differ, on a sample of (n, d)."""
    sample = vectors[chosen(len(vectors), SAMPLE, seed)]
    highest = min(MOST, differing, len(sample) - 1, max(2, len(sample) // 2))
    if highest < 2:  # noqa: PLR2004 (the fewest that can be compared)
        return Search((), len(sample))
    near = neighbours(sample, nearest - 1, seed=seed)
    far = np.clip(1 - sample @ sample.T, 0, 2).astype(np.float64)
    np.fill_diagonal(far, 0)
    with alone():
        scores = [
            (k, silhouette(smoothed(sample, near[:, : near_enough(len(sample) / k, nearest) - 1]), far, k, seed))
            for k in range(2, highest + 1)
        ]
    return Search(tuple(scores), len(sample))


def silhouette(vectors: Floats, far: NDArray[np.float64], k: int, seed: int) -> float:
    """Return the mean silhouette of k clusters of vectors (n, d), by distances (n, n)."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    labels = KMeans(k, n_init=TRIAL_STARTS, random_state=seed).fit_predict(vectors)
    parts = len(np.unique(labels))
    return float(silhouette_score(far, labels, metric="precomputed")) if 1 < parts < len(labels) else -1.0
