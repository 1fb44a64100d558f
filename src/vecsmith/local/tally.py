"""How many, how much, how long: counts that cost next to nothing to keep."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecsmith.local.plan import Batch

__all__ = ["SECONDS", "Batches", "Distribution"]

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
POWERS = tuple(float(2**power) for power in range(15))


class Distribution:
    """How many of some numbers lie between bounds."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float] = SECONDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """Of numbers up to each bound and above the one before it; the last of those above all."""
        self.total = 0.0

    def add(self, number: float) -> None:
        """Count one more."""
        self.counts[bisect_left(self.bounds, number)] += 1
        self.total += number


@dataclass(slots=True)
class Batches:
    """What a lane has computed."""

    rows: Distribution = field(default_factory=lambda: Distribution(POWERS))
    padded: Distribution = field(default_factory=lambda: Distribution(POWERS))
    """Tokens of each batch, padding included."""
    seconds: Distribution = field(default_factory=Distribution)
    tokens: int = 0
    """Without padding."""

    def add(self, batch: Batch, seconds: float) -> None:
        """Count a batch."""
        self.rows.add(len(batch.rows))
        self.padded.add(batch.shape.rows * batch.shape.length)
        self.seconds.add(seconds)
        self.tokens += sum(len(row.ids) for row in batch.rows)
