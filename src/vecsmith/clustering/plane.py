"""Vectors in two dimensions, near ones near each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vecsmith.clustering.density import principal
from vecsmith.clustering.kmeans import alone

if TYPE_CHECKING:
    from vecsmith.types import Floats

__all__ = ["flat"]

COMPONENTS = 50
"""Principal components that are laid out, as van der Maaten and Hinton (2008) do: beyond them is mostly noise."""

FEW = 5
"""Vectors up to which the first two principal components are the picture."""

PERPLEXITY = 30.0
"""How many neighbours each point keeps near, about; fewer where there are few points."""

ROUNDS = 500
"""Of gradient descent, half of them with early exaggeration: more move the points of a cluster, and no cluster."""


def flat(vectors: Floats, *, seed: int = 0) -> Floats:
    """Return places (n, 2) for vectors (n, d), from 0 to 1 in both directions.

    Principal components, then t-SNE (van der Maaten and Hinton 2008; scikit-learn's), which keeps neighbours together:
    distances between far points mean little. The same vectors give the same places.
    """
    places = np.zeros((len(vectors), 2), np.float32)
    if len(vectors) > 1:
        found = principal(vectors, COMPONENTS, seed=seed)
        if len(found) > FEW:
            found = embedded(found, seed)
        places[:, : min(2, found.shape[1])] = found[:, :2]
    least, span = places.min(axis=0), np.ptp(places, axis=0)
    return np.asarray(np.where(span > 0, (places - least) / np.where(span > 0, span, 1), 0.5), np.float32)


def embedded(vectors: Floats, seed: int) -> Floats:
    with alone():
        from sklearn.manifold import TSNE

        width = min(2, vectors.shape[1])
        start = np.zeros((len(vectors), 2), np.float32)
        start[:, :width] = vectors[:, :width] / max(float(vectors[:, 0].std()), 1e-12) * 1e-4
        layout = TSNE(
            perplexity=min(PERPLEXITY, (len(vectors) - 1) / 3),
            init=start,
            learning_rate="auto",
            max_iter=ROUNDS,
            random_state=seed,
        )
        return np.asarray(layout.fit_transform(vectors), np.float32)
