"""Medians with their spread, and plain tables of them."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some numbers, with the least and the most."""

    middle: float
    least: float
    most: float

    def __format__(self, spec: str) -> str:
        return f"{self.middle:{spec}} ({self.least:{spec}}-{self.most:{spec}})"


def spread(values: Sequence[float]) -> Spread:
    return Spread(median(values), min(values), max(values))


def paired(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Return the spread of each round's own ratio, ours ÷ theirs."""
    return spread([mine / other for mine, other in zip(ours, theirs, strict=True)])


def render(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a Markdown table: the first two columns to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    rule = [":" + "-" * (width - 1) if i < 2 else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    lines = [
        [
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        for row in (header, *rows)
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in (lines[0], rule, *lines[1:]))
