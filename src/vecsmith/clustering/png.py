"""A picture of clusters as PNG, by matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vecsmith.clustering.picture import COLOURS, FONT, HEIGHT, LINE, NO_CLUSTER, WIDTH
from vecsmith.drawing import blank, families, png_of, readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from vecsmith.clustering.picture import Label, Picture

__all__ = ["png"]

DPI = 100
HEAD = 70
"""Pixels for the title."""

INK, FAINT = "#1a1a1a", "#666666"
SHAPES = "os^D"
"""Circle, square, triangle, diamond: one after another as the colours are used up."""

PAGE = ", or draw an .html page, whose letters are those of the browser"

PLAIN: dict[str, Any] = {"parse_math": False}
"""A dollar sign in a name is a dollar sign."""


def png(picture: Picture) -> bytes:
    """Return the picture as PNG, without touching the state of pyplot."""
    figure = blank(WIDTH / DPI, (HEIGHT + HEAD) / DPI, DPI)
    axes = figure.add_axes((0, 0, 1, HEIGHT / (HEIGHT + HEAD)))
    axes.set(xlim=(0, WIDTH), ylim=(HEIGHT, 0))
    axes.axis("off")
    said = [readable(line) for label in picture.labels for line in label.lines]
    family = families([title := readable(picture.title), *said], instead=PAGE, stacklevel=4)
    points(axes, picture)
    for label in picture.labels:
        write(axes, label, family)
    left, top = 16 / WIDTH, 1 - 28 / (HEIGHT + HEAD)
    figure.text(left, top, title, size=16 * 72 / DPI * 1.15, color=INK, family=family, va="center", **PLAIN)
    below = 1 - 54 / (HEIGHT + HEAD)
    figure.text(left, below, picture.note, size=pixels(13), color=FAINT, family=family, va="center", **PLAIN)
    return png_of(figure)


def pixels(height: float) -> float:
    """Return a height of letters in points, as matplotlib counts."""
    return height * 72 / DPI


def points(axes: Axes, picture: Picture) -> None:
    """Draw the points, those without a cluster beneath the others."""
    labels, size = picture.clusters.labels[picture.places], 18 if picture.crowded else 36
    for each in (-1, *range(len(picture.clusters))):
        mine = picture.points[labels == each]
        colour = COLOURS[each % len(COLOURS)] if each >= 0 else NO_CLUSTER
        shape = SHAPES[each // len(COLOURS) % len(SHAPES)] if each >= 0 else "."
        axes.scatter(mine[:, 0], mine[:, 1], s=size, c=colour, marker=shape, alpha=0.7, linewidths=0)


def write(axes: Axes, label: Label, family: list[str]) -> None:
    """Draw a label with its mark, and a line to what it names where that is not beneath it."""
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=3, foreground="white")]
    if label.away:
        axes.plot(*zip(label.start, label.at, strict=True), color=INK, linewidth=0.8, zorder=3)
    colour, shape = COLOURS[label.cluster % len(COLOURS)], SHAPES[label.cluster // len(COLOURS) % len(SHAPES)]
    left, top = label.x - label.width / 2, label.y - label.height / 2
    axes.plot([left + 6], [top + LINE / 2], marker=shape, markersize=8, color=colour, mec="white", mew=1.5, zorder=5)
    for number, line in enumerate(label.lines):
        at = top + LINE * (number + 0.5)
        axes.text(
            left + 16,
            at,
            readable(line),
            size=pixels(FONT),
            color=INK,
            family=family,
            va="center_baseline",
            path_effects=halo,
            zorder=4,
            **PLAIN,
        )
