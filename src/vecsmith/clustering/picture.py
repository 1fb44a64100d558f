"""Clusters as a picture, before anything is drawn: points, colours, labels and where they go."""

from __future__ import annotations

from dataclasses import dataclass
from math import dist
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vecsmith.clustering.labels import Box, placed
from vecsmith.clustering.plane import flat
from vecsmith.errors import ConfigError
from vecsmith.files.outputs import settle, whole_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from vecsmith.clustering.clusters import Cluster, Clusters
    from vecsmith.types import Floats

    Labels = NDArray[np.int64]

__all__ = ["COLOURS", "FONT", "HEIGHT", "LINE", "NO_CLUSTER", "WIDTH", "Label", "Picture", "draw", "drawable", "look"]

WIDTH, HEIGHT = 1200, 800
"""Pixels of what the points are in."""

BORDER = 24
"""Pixels around the points."""

POINTS = 2_000
"""The most that are drawn."""

ROOMY = 500
"""The most that are drawn large."""

FEWEST = 15
"""Points of a cluster that are drawn if it has them, however small a part of all it is."""

LABELLED = 24
"""The most labels; smaller clusters have only their colour."""

FONT, LINE = 14, 17
"""Pixels of a label's letters, and of its lines."""

MARK = 16
"""Pixels for the mark before a label."""

ACROSS = 26
"""Letters of a label's line; a Chinese one counts for more, as it is wider."""

COMMA = 6
"""Letters that a line may be longer for the first one to end with a comma."""

FAR = 40
"""Pixels between a label and what it names from which on a line leads there."""

LETTER = 0.6
"""The width of a letter, in heights; Chinese, Japanese and Korean ones are as wide as high."""

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Okabe and Ito's palette, which people with any colour vision tell apart, without black and yellow: both have to be
seen on white and on black. Further clusters have the same colours and another shape."""

NO_CLUSTER = "#999999"


@dataclass(frozen=True, slots=True)
class Label:
    """The name of a cluster in a picture."""

    cluster: int
    lines: tuple[str, ...]
    x: float
    y: float
    """Its middle."""
    at: tuple[float, float]
    """The middle of what it names."""
    width: float

    @property
    def height(self) -> float:
        """Pixels of all its lines."""
        return LINE * len(self.lines)

    @property
    def start(self) -> tuple[float, float]:
        """The point of it that is nearest to what it names."""
        x, y = self.at
        wide, high = self.width / 2, self.height / 2
        return min(max(x, self.x - wide), self.x + wide), min(max(y, self.y - high), self.y + high)

    @property
    def away(self) -> bool:
        """Whether it stands so far from what it names that a line has to lead there."""
        return dist(self.start, self.at) > FAR


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What is drawn; x goes to the right, y down, in pixels of `WIDTH` × `HEIGHT`."""

    title: str
    note: str
    """How to read it."""
    points: Floats
    """(n, 2)."""
    places: Labels
    """Which texts they are, (n,)."""
    labels: tuple[Label, ...]
    clusters: Clusters

    @property
    def crowded(self) -> bool:
        """Whether there are so many points that each is drawn small."""
        return len(self.points) > ROOMY


def draw(clusters: Clusters, path: str | Path, title: str | None = None) -> None:
    """Draw clusters into a ``.png`` or ``.html`` file, which appears whole or not at all.

    Raises `ConfigError` for another ending, or where it cannot be written.
    """
    path = Path(path)
    write = drawable(path)
    content = write(look(clusters, title))
    with whole_file(path, str(path)) as file:
        file.write(content)
        settle([file], str(path))


def drawable(path: Path) -> Callable[[Picture], bytes]:
    """Return what writes a file with such an ending; refuse one that does not say how."""
    match path.suffix.lower():
        case ".png":
            from vecsmith.clustering.png import png

            return png
        case ".html" | ".htm":
            from vecsmith.clustering.page import page

            return page
        case _:
            raise ConfigError(f"{path} does not say by its ending how to draw it: .png and .html do")


def look(clusters: Clusters, title: str | None = None) -> Picture:
    """Lay a picture out."""
    places = drawn(clusters)
    room = np.array([WIDTH, HEIGHT]) - 2 * BORDER
    points = np.asarray(flat(clusters.collection.vectors[places]) * room + BORDER, np.float32)
    many, labels = len(clusters.labels), clusters.labels[places]
    shown = f"{len(places):,} of " if len(places) < many else ""
    parts = "1 cluster" if len(clusters) == 1 else f"{len(clusters)} clusters"
    note = f"{shown}{many:,} texts: near points mean alike, distances between clusters mean little"
    if len(clusters.outliers):
        note += f"; grey: the {len(clusters.outliers):,} in no cluster"
    told = tuple(labelled(clusters, points, labels))
    return Picture(title or f"{many:,} texts in {parts}", note, points, places, told, clusters)


def drawn(clusters: Clusters) -> Labels:
    """Return the places of the texts to draw: of every cluster its part, and a few at least; always the same."""
    labels = clusters.labels
    if len(labels) <= POINTS:
        return np.arange(len(labels), dtype=np.int64)
    order = np.random.default_rng(0).permutation(len(labels))
    first = [order[labels[order] == each.index][:FEWEST] for each in clusters]
    kept = np.concatenate(first)[: POINTS // 2] if first else order[:0]
    rest = order[~np.isin(order, kept)][: POINTS - len(kept)]
    return np.sort(np.concatenate([kept, rest])).astype(np.int64)


def labelled(clusters: Clusters, points: Floats, labels: Labels) -> list[Label]:
    """Return the labels of the largest clusters, each in its place."""
    told = [each for each in clusters.clusters[:LABELLED] if (labels == each.index).any()]
    lines = [lines_of(each) for each in told]
    widths = [max(map(width_of, each)) + MARK for each in lines]
    middles = [middle(points[labels == each.index]) for each in told]
    boxes = [Box(*at, width, LINE * len(each)) for at, width, each in zip(middles, widths, lines, strict=True)]
    found = placed(boxes, points.astype(np.float64), (WIDTH, HEIGHT))
    return [
        Label(each.index, said, float(x), float(y), at, width)
        for each, said, (x, y), at, width in zip(told, lines, found, middles, widths, strict=True)
    ]


def lines_of(cluster: Cluster) -> tuple[str, ...]:
    """Return a cluster's name and size in one line or two, with as many of its terms as these have room for."""
    terms, size = cluster.name.split(", "), f"({cluster.size:,})"
    for many in range(len(terms), 0, -1):
        lines = broken([*", ".join(terms[:many]).split(" "), size])
        if longest(lines) <= ACROSS:
            return lines
    name = terms[0]
    while letters(f"{name}… {size}") > ACROSS:
        name = name[:-1].rstrip()
    return (f"{name}… {size}",)


def broken(words: Sequence[str]) -> tuple[str, ...]:
    """Return words in one line, or else in two that are short, the first of which best ends with a comma."""
    whole = " ".join(words)
    if letters(whole) <= ACROSS:
        return (whole,)
    ways = [(" ".join(words[:at]), " ".join(words[at:])) for at in range(1, len(words))]
    return min(ways, key=lambda lines: longest(lines) + (0 if lines[0].endswith(",") else COMMA))


def longest(lines: tuple[str, ...]) -> float:
    """Return the letters of the longest line."""
    return max(map(letters, lines))


def letters(line: str) -> float:
    """Return how many Latin letters are as wide as a line, about."""
    from rich.cells import cell_len

    return len(line) + (1 / LETTER - 1) * (cell_len(line) - len(line))


def width_of(line: str) -> float:
    """Return the pixels that a line takes, about."""
    return FONT * LETTER * letters(line)


def middle(points: Floats) -> tuple[float, float]:
    """Return the point of (n, 2) that is nearest to the others, of which a far group counts little."""
    far = np.sqrt(np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2)))
    x, y = points[int(far.mean(axis=1).argmin())]
    return float(x), float(y)
