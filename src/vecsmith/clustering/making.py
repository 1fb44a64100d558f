"""Texts in, clusters out: the steps in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from vecsmith.clustering.clusters import Clusters
from vecsmith.clustering.collection import Collection
from vecsmith.clustering.describing import described, distances_of
from vecsmith.clustering.kmeans import NEAREST
from vecsmith.clustering.parting import Wish, checked, parted
from vecsmith.errors import ConfigError, InputError
from vecsmith.options import CallOptions, for_task
from vecsmith.postprocess import normalize
from vecsmith.prepare import as_texts
from vecsmith.types import EmbedResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from vecsmith.clustering.clusters import Method
    from vecsmith.sync import Embedder

__all__ = ["cluster", "clustered"]


def cluster(
    texts_or_result: Iterable[str] | EmbedResult | NDArray[Any] | Collection,
    k: int | None = None,
    *,
    method: Method = "kmeans",
    model: str | Path = "minilm",
    embedder: Embedder | None = None,
    vectors: ArrayLike | EmbedResult | None = None,
    ids: Sequence[str | int] | None = None,
    min_size: int | None = None,
    nearest: int = NEAREST,
    seed: int = 0,
    **options: Unpack[CallOptions],
) -> Clusters:
    """Group texts by what they mean, and name each group by its own words.

    Args:
        texts_or_result: Texts, which are embedded; or vectors that are there, a result of vecsmith or an array (n, d),
            whose clusters have no words.
        k: How many clusters; None to find the number whose mean silhouette is highest, on a sample.
        method: ``kmeans``; or ``hdbscan``, which finds the number itself and leaves outliers without a cluster.
        model: What embeds the texts.
        embedder: An open embedder in the place of `model`.
        vectors: The texts' vectors, a result or an array (n, d), which are then not embedded again.
        ids: What the texts are called in results; their positions by default.
        min_size: Texts of the smallest cluster of ``hdbscan``; by default a hundredth of all, and at least 5.
        nearest: Texts, itself included, of which a vector is the mean before clusters are looked for, fewer where
            clusters are small; 1 leaves vectors as they are.
        seed: Of all that is drawn; the same arguments give the same clusters.
        options: What `Embedder.embed` takes; the task is ``clustering`` unless another is named.

    Raises `InputError` where there is no text, or fewer that differ than clusters are asked for.
    """
    wish = checked(Wish(k, method, min_size, nearest, seed))
    if isinstance(texts_or_result, Collection):
        return clustered(texts_or_result, wish)
    if isinstance(texts_or_result, EmbedResult | np.ndarray):
        return clustered(Collection.of(texts_or_result, None, ids), wish)
    texts = list(as_texts(texts_or_result))
    if not texts:
        raise InputError("there is nothing to cluster: give at least one text")
    if vectors is None:
        vectors = embedded(texts, model, embedder, for_task("clustering", options))
    return clustered(Collection.of(vectors, texts, ids), wish)


def embedded(texts: list[str], model: str | Path, embedder: Embedder | None, options: CallOptions) -> EmbedResult:
    """Return the vectors of texts, one for each."""
    from vecsmith.sync import shared

    if options.get("on_long") in {"chunk", "late"}:
        raise ConfigError("a text has one cluster, and so one vector: on_long may be truncate, truncate_start or mean")
    return (embedder or shared(model)).embed(texts, **options)


def clustered(collection: Collection, wish: Wish) -> Clusters:
    """Group a collection, and say of each group what it is."""
    vectors, parts = collection.vectors, parted(collection, wish)
    members = [parts.labels == each for each in range(parts.labels.max() + 1)]
    centres = np.empty((len(members), vectors.shape[1]), np.float32)
    for centre, rows in zip(centres, members, strict=True):
        centre[:] = vectors[rows].mean(axis=0)
    centres = normalize(centres)
    distances = distances_of(vectors, parts.labels, centres)
    return Clusters(
        tuple(described(collection, parts.labels, distances)),
        parts.labels,
        centres,
        distances,
        collection,
        wish.method,
        parts.found,
        parts.silhouette,
    )
