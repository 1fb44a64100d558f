"""What was found: clusters, and each text's place in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from vecsmith.clustering.collection import Collection
    from vecsmith.types import Floats

    Labels = NDArray[np.int64]

__all__ = ["Cluster", "Clusters", "Method"]

Method = Literal["kmeans", "hdbscan"]
"""``kmeans`` gives every text a cluster; ``hdbscan`` finds where texts lie densely, and leaves the others out."""


LONGEST = 1_000
"""Characters of a central text in `Clusters.to_dict`; its id stands beside it."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Cluster:
    """Some texts that are near each other."""

    index: int
    """Its number, which is its texts' label; the largest cluster is 0."""
    name: str
    """Its first words, or its most central text where it has none."""
    words: tuple[str, ...]
    """Words and phrases that are frequent in it and rare elsewhere, the most telling first."""
    members: Labels
    """The positions of its texts, ascending."""
    central: tuple[str, ...]
    """Its texts nearest to the centre, the nearest first, each once."""
    central_ids: tuple[str | int, ...]
    """Their ids."""
    cohesion: float
    """The mean cosine of its texts to the centre."""

    @property
    def size(self) -> int:
        """How many texts it has."""
        return len(self.members)

    def __repr__(self) -> str:
        return f"<Cluster {self.index}: {self.name!r}, {self.size} texts>"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Clusters:
    """Clusters, the largest first; ``clusters[i]``, ``len(clusters)`` and iteration are over these."""

    clusters: tuple[Cluster, ...]
    labels: Labels
    """The cluster of each text, (n,); -1 for a text that belongs to none."""
    centres: Floats
    """The mean of each cluster's vectors, of length one: (clusters, d)."""
    distances: Floats
    """1 - cosine of each text to its cluster's centre, (n,); NaN for a text that belongs to none."""
    collection: Collection = field(repr=False)
    """What was clustered."""
    method: Method
    found: str
    """How the number of clusters came about, in words."""
    silhouette: float | None = None
    """The mean silhouette of the number that was found, from -1 to 1; None where it was given."""

    @property
    def outliers(self) -> Labels:
        """The positions of the texts that belong to no cluster."""
        return np.flatnonzero(self.labels < 0).astype(np.int64)

    def __len__(self) -> int:
        return len(self.clusters)

    def __getitem__(self, index: int) -> Cluster:
        return self.clusters[index]

    def __iter__(self) -> Iterator[Cluster]:
        return iter(self.clusters)

    def __repr__(self) -> str:
        return f"<Clusters of {len(self.labels)} texts: {len(self)} ({self.found})>"

    def share(self, cluster: Cluster) -> float:
        """Return the part of all texts that are in a cluster."""
        return cluster.size / len(self.labels)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for JSON: what is known of each cluster, and of each text."""
        return {
            "method": self.method,
            "found": self.found,
            "silhouette": self.silhouette,
            "texts": len(self.labels),
            "outliers": len(self.outliers),
            "clusters": [
                {
                    "cluster": each.index,
                    "name": each.name,
                    "size": each.size,
                    "share": round(self.share(each), 4),
                    "cohesion": round(each.cohesion, 4),
                    "words": list(each.words),
                    "central": [
                        {"id": identity, "text": shortened(text)}
                        for identity, text in zip(each.central_ids, each.central, strict=True)
                    ],
                }
                for each in self
            ],
            "items": [{"id": identity, "cluster": number, "distance": far} for identity, number, far, _ in self.rows()],
        }

    def rows(self) -> Iterator[tuple[str | int, int | None, float | None, str]]:
        """Yield each text's id, cluster, distance to the centre, and itself; None for both where it has no cluster."""
        of = zip(self.collection.ids, self.labels.tolist(), self.distances.tolist(), self.collection.texts, strict=True)
        for identity, label, far, text in of:
            yield identity, *((label, round(far, 4)) if label >= 0 else (None, None)), text

    def save(self, path: str | Path) -> None:
        """Write a row for each text with its cluster, into a ``.csv``, ``.tsv`` or ``.jsonl`` file."""
        from vecsmith.clustering.saving import save

        save(self, path)

    def picture(self, path: str | Path, *, title: str | None = None) -> None:
        """Draw the texts as points in two dimensions, with the clusters' names, into a ``.png`` or ``.html`` file.

        Of more than 2,000 texts as many are drawn, of every cluster its part.
        """
        from vecsmith.clustering.picture import draw

        draw(self, path, title)


def shortened(text: str) -> str:
    """Return the beginning of a text."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
