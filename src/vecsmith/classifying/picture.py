"""The confusion matrix as a picture, drawn without a window and without matplotlib's global state."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vecsmith.classifying.labels import shown
from vecsmith.drawing import blank, families, png_of
from vecsmith.files.outputs import whole_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vecsmith.classifying.report import Report

__all__ = ["MOST", "draw"]

MOST = 100
"""Labels of a picture; of more those with the most mistakes."""

CELL = 0.26
"""Inches of a cell where there are many."""
ROOMY = 0.7
"""Inches of a cell where there are few."""
LEAST = 2.6
"""Inches of a side, so that the title has room."""
HEAD = 0.22
"""Points of the title's letters for each label, where there are many, so that it is read when all is in view."""
LETTER = 0.085
"""Inches of a letter, about."""
DARK = 0.5
"""The share from which on a cell is so dark that its number is white."""
DOTS = 110


def draw(report: Report, path: str | Path) -> None:
    """Write a PNG of a report's confusion matrix; raise `ConfigError` where that cannot be.

    A row is a label that texts have, a column what they were given; a number counts texts, a colour is their share of
    the row.
    """
    from rich.cells import cell_len

    places = wanted(report)
    names = [shown(report.labels[place]) for place in places]
    counts = report.confusion[np.ix_(places, places)]
    cell = CELL if len(names) > 12 else ROOMY  # noqa: PLR2004 (where numbers have room)
    side, margin = max(cell * len(names), LEAST), max(map(cell_len, names)) * LETTER
    figure = blank(side + margin + 1.2, side + margin + 1.4, DOTS, layout="constrained")
    family = families(names, stacklevel=3)
    fill(figure.add_subplot(), report, counts, names, font=7 if cell == CELL else 10, family=family)
    content = png_of(figure)
    with whole_file(Path(path), str(path)) as file:
        file.write(content)


def wanted(report: Report) -> NDArray[np.int64]:
    """Return the places of the labels that are drawn, in their order."""
    mistakes = report.confusion + report.confusion.T
    np.fill_diagonal(mistakes, 0)
    return np.sort(np.argsort(-mistakes.sum(axis=0), kind="stable")[:MOST])


def fill(
    axes: Any, report: Report, counts: NDArray[np.int64], names: list[str], *, font: int, family: list[str]
) -> None:
    """Draw cells, their numbers, and the names of labels beside them."""
    from rich.cells import cell_len

    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="equal")
    for row, column in np.argwhere(counts):
        white = shares[row, column] > DARK
        colour = "white" if white else "black"
        axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour, fontsize=font)
    ticks = range(len(names))
    upright = max(map(cell_len, names)) <= 3  # noqa: PLR2004 (letters that fit above a cell)
    axes.set_xticks(ticks, names, rotation=0 if upright else 90, fontsize=font, family=family)
    axes.set_yticks(ticks, names, fontsize=font, family=family)
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_parse_math(False)  # a $ in a label is a $
    borders = np.arange(1, len(names)) - 0.5
    axes.hlines(borders, -0.5, len(names) - 0.5, color="0.9", linewidth=0.5)
    axes.vlines(borders, -0.5, len(names) - 0.5, color="0.9", linewidth=0.5)
    axes.tick_params(length=0)
    left = len(report.labels) - len(names)
    told = f", the {len(names)} labels with the most mistakes" if left else ""
    head = max(font + 3, HEAD * len(names))
    axes.set_title(f"{report.rows:,} texts, accuracy {report.accuracy:.3f}{told}", fontsize=head)
    axes.set_xlabel("predicted", fontsize=head - 1)
    axes.set_ylabel("label", fontsize=head - 1)
