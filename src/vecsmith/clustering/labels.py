"""Where labels go in a picture: near what they name, within the frame, none over another, over few points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

__all__ = ["Box", "placed"]

GAP = 4.0
"""Pixels between two labels, and between a label and the frame."""

HIDDEN = (1.5, 8.0)
"""Pixels that a label goes further away to hide one point less: of many points, and of few, each of which counts."""

MANY = 2_000

RADIUS = 4.0
"""Pixels of a point, about."""

CROSSED = 1_000.0
"""What is worse than any distance: a label over another one."""

RINGS = 40
STEP = 9.0
"""Pixels between the rings of places that are tried around what is named."""


@dataclass(frozen=True, slots=True)
class Box:
    """A label on its way: what it names, and how much room it takes, in pixels."""

    x: float
    y: float
    width: float
    height: float


def placed(boxes: Sequence[Box], points: Reals, frame: tuple[float, float]) -> Reals:
    """Return the middle of each label, (labels, 2).

    Each in its turn goes where least is lost: pixels from what it names, points (n, 2) that it hides, labels before it
    that it would cross, which pushes it on to the next free place. All in pixels; the frame is (width, height).
    """
    middles = np.zeros((len(boxes), 2))
    each = float(np.clip(HIDDEN[0] * MANY / max(len(points), 1), *HIDDEN))
    half = np.array([[box.width, box.height] for box in boxes]).reshape(-1, 2) / 2
    for at, box in enumerate(boxes):
        tried = np.array([box.x, box.y]) + rings()
        low = half[at] + GAP
        tried = np.clip(tried, low, np.maximum(np.array(frame) - low, low))
        lost = np.linalg.norm(tried - [box.x, box.y], axis=1)
        lost += each * inside(tried, half[at] + RADIUS, points)
        lost += CROSSED * crossing(tried, half[at] + GAP, middles[:at], half[:at])
        middles[at] = tried[int(np.argmin(lost))]
    return middles


def rings() -> Reals:
    """Return offsets (m, 2): none, then rings of ever more places; wider than high, as labels are."""
    found = [np.zeros((1, 2))]
    for ring in range(1, RINGS):
        turns = np.linspace(0, 2 * np.pi, 8 + 4 * ring, endpoint=False)
        found.append(ring * STEP * np.stack([1.4 * np.cos(turns), np.sin(turns)], axis=1))
    return np.concatenate(found)


def inside(middles: Reals, half: Reals, points: Reals) -> Reals:
    """Return how many points lie inside a box at each of its possible middles."""
    near = (np.abs(points[None] - middles[:, None]) < half).all(axis=2)
    return np.asarray(near.sum(axis=1), np.float64)


def crossing(middles: Reals, half: Reals, others: Reals, theirs: Reals) -> Reals:
    """Return how many other boxes a box crosses at each of its possible middles."""
    near = (np.abs(others[None] - middles[:, None]) < half + theirs[None]).all(axis=2)
    return np.asarray(near.sum(axis=1), np.float64)
