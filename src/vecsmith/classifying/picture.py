"""The confusion matrix as a picture, drawn without a window and without matplotlib's global state."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vecsmith.classifying.labels import shown
from vecsmith.drawing import load_matplotlib
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
    load_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    places = wanted(report)
    names = [shown(report.labels[place]) for place in places]
    counts = report.confusion[np.ix_(places, places)]
    cell = CELL if len(names) > 12 else ROOMY  # noqa: PLR2004 (where numbers have room)
    side, margin = max(cell * len(names), LEAST), max(map(len, names)) * LETTER
    figure = Figure(figsize=(side + margin + 1.2, side + margin + 1.4), dpi=DOTS, layout="constrained")
    fill(figure.add_subplot(), report, counts, names, font=7 if cell == CELL else 10)
    picture = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of letters that matplotlib's font lacks, which become boxes
        FigureCanvasAgg(figure).print_png(picture)  # type: ignore[no-untyped-call]  # it has no types
    with whole_file(Path(path), str(path)) as file:
        file.write(picture.getvalue())


def wanted(report: Report) -> NDArray[np.int64]:
    """Return the places of the labels that are drawn, in their order."""
    mistakes = report.confusion + report.confusion.T
    np.fill_diagonal(mistakes, 0)
    return np.sort(np.argsort(-mistakes.sum(axis=0), kind="stable")[:MOST])


def fill(axes: Any, report: Report, counts: NDArray[np.int64], names: list[str], *, font: int) -> None:
    """Draw cells, their numbers, and the names of labels beside them."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="equal")
    for row, column in np.argwhere(counts):
        white = shares[row, column] > DARK
        colour = "white" if white else "black"
        axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour, fontsize=font)
    ticks = range(len(names))
    upright = len(max(names, key=len)) <= 3  # noqa: PLR2004 (letters that fit above a cell)
    axes.set_xticks(ticks, names, rotation=0 if upright else 90, fontsize=font)
    axes.set_yticks(ticks, names, fontsize=font)
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_parse_math(False)  # a $ in a label is a $
    axes.set_xticks(np.arange(len(names) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(names) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="0.9", linewidth=0.5)
    axes.tick_params(which="both", length=0)
    left = len(report.labels) - len(names)
    told = f", the {len(names)} labels with the most mistakes" if left else ""
    axes.set_title(f"{report.rows} texts, accuracy {report.accuracy:.3f}{told}", fontsize=font + 3)
    axes.set_xlabel("predicted", fontsize=font + 2)
    axes.set_ylabel("label", fontsize=font + 2)
