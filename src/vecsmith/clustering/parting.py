"""Which text goes where, and how the number of clusters came about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from vecsmith.clustering.clusters import Method
from vecsmith.clustering.density import dense, least_size
from vecsmith.clustering.kmeans import NEAREST, grouped, searched
from vecsmith.errors import ConfigError, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vecsmith.clustering.collection import Collection

    Labels = NDArray[np.int64]

__all__ = ["Parted", "Wish", "checked", "enough", "parted"]

ENOUGH = 1_000
"""So many texts that differ are more than any number of clusters that is tried."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How texts are to be clustered; `cluster` says what each means."""

    k: int | None = None
    method: Method = "kmeans"
    min_size: int | None = None
    nearest: int = NEAREST
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Parted:
    """The cluster of each text."""

    labels: Labels
    """(n,), -1 for none; the largest cluster is 0."""
    found: str
    """How the number of clusters came about, in words."""
    silhouette: float | None = None
    """Of the number that was found by it."""


def checked(wish: Wish) -> Wish:
    """Refuse what cannot be."""
    if wish.method not in get_args(Method):
        raise ConfigError(f"method must be one of {', '.join(get_args(Method))}, not {wish.method!r}")
    for name, value, least in (("k", wish.k, 1), ("min_size", wish.min_size, 2), ("nearest", wish.nearest, 1)):
        given: Any = value
        if given is not None and (isinstance(given, bool) or not isinstance(given, int) or given < least):
            raise InputError(f"{name} must be a whole number from {least} up, not {given!r}")
    if wish.method == "hdbscan" and wish.k is not None:
        raise ConfigError("hdbscan finds the number of clusters itself: leave k out, or use kmeans")
    if wish.method == "kmeans" and wish.min_size is not None:
        raise ConfigError("min_size is for hdbscan: leave it out, or use hdbscan")
    return wish


def parted(collection: Collection, wish: Wish) -> Parted:
    """Give each text a cluster.

    Raises `InputError` where fewer texts differ than clusters are asked for.
    """
    k, differing = wish.k, collection.differing(max(wish.k or 0, ENOUGH))
    enough(wish, len(collection))
    if k is not None and k > differing:
        raise InputError(
            f"{k} clusters cannot be made where the number of different texts is {differing}: ask for fewer"
        )
    if k == 1 or (k is None and differing == 1):
        return together(collection, "as asked" if k else "there is nothing to part")
    if wish.method == "hdbscan":
        size = wish.min_size or least_size(len(collection))
        labels = dense(collection.vectors, size, nearest=wish.nearest, seed=wish.seed)
        return Parted(by_size(labels), f"where at least {size} texts lie densely")
    if k is None:
        return found(collection, differing, wish)
    return Parted(by_size(grouped(collection.vectors, k, nearest=wish.nearest, seed=wish.seed)), "as asked")


def enough(wish: Wish, many: int) -> None:
    """Refuse more clusters than there are texts."""
    if wish.k is not None and wish.k > many:
        raise InputError(f"{wish.k} clusters cannot be made of {texts(many)}: ask for fewer")


def texts(many: int) -> str:
    """Return so many texts in words."""
    return "1 text" if many == 1 else f"{many:,} texts"


def together(collection: Collection, why: str) -> Parted:
    """Put all texts into one cluster."""
    return Parted(np.zeros(len(collection), np.int64), why)


def found(collection: Collection, differing: int, wish: Wish) -> Parted:
    """Find how many clusters fit best, and make them."""
    search = searched(collection.vectors, differing, nearest=wish.nearest, seed=wish.seed)
    k, score = search.best
    if k == 1:
        return together(collection, "too few texts to part")
    told = f"the best silhouette ({score:.2f}) of 2 to {search.scores[-1][0]}"
    if search.sample < len(collection):
        told += f", on a sample of {search.sample:,}"
    labels = grouped(collection.vectors, k, nearest=wish.nearest, seed=wish.seed)
    return Parted(by_size(labels), told, round(score, 4))


def by_size(labels: Labels) -> Labels:
    """Give groups numbers by size, 0 to the largest; of equal ones to that whose text comes first. -1 stays."""
    numbers, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    order = [each for each in np.lexsort((first, -sizes)) if numbers[each] >= 0]
    renamed = {int(numbers[each]): place for place, each in enumerate(order)}
    return np.asarray([renamed.get(label, -1) for label in labels.tolist()], np.int64)
