"""One result of the parts of a call, made while they arrive: the vectors lie in memory once."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from vecsmith.types import EmbedResult, Items, Seconds, Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Joined"]


class Joined:
    """Collects parts, in order.

    Args:
        expected: Rows there will be, or None; a better guess spares a copy, and a worse one does no harm.
    """

    def __init__(self, expected: int | None = None) -> None:
        self.expected = expected or 0
        self.parts: list[EmbedResult] = []
        """Without their vectors, but for the first as long as it is alone."""
        self.rows: NDArray[Any] | None = None
        self.count = 0

    def add(self, part: EmbedResult) -> None:
        """Take the next part."""
        if self.parts and self.rows is None:
            self.put(self.parts[0].vectors)
            self.parts[0] = without_vectors(self.parts[0])
        if self.rows is not None:
            self.put(part.vectors)
            part = without_vectors(part)
        self.parts.append(part)

    def put(self, vectors: NDArray[Any]) -> None:
        """Copy vectors behind those that are there."""
        import numpy as np

        end = self.count + len(vectors)
        if self.rows is None:
            self.rows = np.empty((max(end, self.expected), vectors.shape[1]), vectors.dtype)
        if end > len(self.rows):
            self.rows.resize((max(end, len(self.rows) * 3 // 2), vectors.shape[1]), refcheck=False)
        self.rows[self.count : end] = vectors
        self.count = end

    def result(self) -> EmbedResult:
        """Return the whole; there must have been a part."""
        first = self.parts[0]
        if self.rows is None:
            return first
        self.rows.resize((self.count, self.rows.shape[1]), refcheck=False)
        return EmbedResult(
            self.rows,
            chained([part.items for part in self.parts]),
            sum((part.usage for part in self.parts), Usage()),
            first.stored,
            first.model,
            tuple(chain.from_iterable(part.chunks for part in self.parts)),
            {index: text for part in self.parts for index, text in part.cleaned.items()},
            sum((part.seconds for part in self.parts), Seconds()),
            tuple(dict.fromkeys(chain.from_iterable(part.notes for part in self.parts))),
        )


def without_vectors(part: EmbedResult) -> EmbedResult:
    """Return a part that holds no memory but its items."""
    from dataclasses import replace

    return replace(part, vectors=part.vectors[:0].copy())


def chained(items: Sequence[Items]) -> Items:
    """Return the items of all parts."""

    def column(name: str) -> list[Any]:
        return list(chain.from_iterable(getattr(part, name) for part in items))

    return Items(
        column("indexes"),
        column("tokens"),
        column("dropped"),
        column("replaced"),
        column("chunks"),
        column("cached"),
        items[0].model,
        items[0].created_at,
    )
