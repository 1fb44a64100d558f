"""What each cluster is: its centre, its words, its most central texts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from vecsmith.clustering.clusters import Cluster
from vecsmith.clustering.naming import terms_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from vecsmith.clustering.collection import Collection
    from vecsmith.types import Floats

    Labels = NDArray[np.int64]

__all__ = ["described", "distances_of"]

CENTRAL = 5
"""Texts that are told of each cluster."""

IN_NAME = 3
"""Terms that make a name."""

LONGEST_NAME = 60
"""Characters of a name that is a text."""

READ = 5_000
"""Texts of each cluster, evenly out of all, whose words are counted."""


def distances_of(vectors: Floats, labels: Labels, centres: Floats) -> Floats:
    """Return 1 - cosine of each vector to its centre; NaN where it has none."""
    far = np.full(len(vectors), np.nan, np.float32)
    for each, centre in enumerate(centres):
        members = labels == each
        far[members] = np.clip(1 - vectors[members] @ centre, 0, 2)
    return far


def described(collection: Collection, labels: Labels, distances: Floats) -> Iterator[Cluster]:
    """Yield what each cluster is."""
    groups = [np.flatnonzero(labels == each).astype(np.int64) for each in range(labels.max() + 1)]
    terms = words(collection, groups, np.flatnonzero(labels < 0).astype(np.int64))
    central = [nearest_texts(collection, members, distances) for members in groups]
    names = named([terms[each] or as_name(texts[0][1], each) for each, texts in enumerate(central)])
    for each, members in enumerate(groups):
        ids, texts = zip(*central[each], strict=True)
        yield Cluster(each, names[each], terms[each], members, texts, ids, float(1 - distances[members].mean()))


def words(collection: Collection, groups: Sequence[Labels], outliers: Labels) -> dict[int, tuple[str, ...]]:
    """Return the terms of each group."""
    read = [
        (label, int(place))
        for label, members in ((-1, outliers), *enumerate(groups))
        for place in members[:: max(1, len(members) // READ)]
    ]
    return terms_of([collection.texts[place] for _, place in read], [label for label, _ in read])


def nearest_texts(collection: Collection, members: Labels, distances: Floats) -> list[tuple[str | int, str]]:
    """Return the ids and texts nearest to the centre, each text once."""
    found: dict[str | int, tuple[str | int, str]] = {}
    for place in members[np.argsort(distances[members], kind="stable")].tolist():
        identity, text = collection.ids[place], collection.texts[place]
        found.setdefault(text or place, (identity, text))
        if len(found) == CENTRAL:
            break
    return list(found.values())


def as_name(text: str, number: int) -> tuple[str]:
    """Return a text, shortened and on one line, as the name of a cluster without words."""
    line = "".join(letter if letter.isprintable() else " " for letter in text[: 10 * LONGEST_NAME])
    line = " ".join(line.split())
    return ((line if len(line) <= LONGEST_NAME else line[: LONGEST_NAME - 1] + "…") or f"cluster {number}",)


def named(terms: Sequence[Sequence[str]]) -> list[str]:
    """Return a name for each cluster of its first terms; with as many more as it takes for no two to be equal."""
    names = [", ".join(each[:IN_NAME]) for each in terms]
    for length in range(IN_NAME + 1, max(map(len, terms), default=0) + 1):
        often = Counter(names)
        names = [", ".join(each[:length]) if often[name] > 1 else name for name, each in zip(names, terms, strict=True)]
    taken: Counter[str] = Counter()
    for place, name in enumerate(names):
        taken[name] += 1
        names[place] = name if taken[name] == 1 else f"{name} ({taken[name]})"
    return names
