"""One result of the parts of a call, made while they arrive: the vectors lie in memory once."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, overload

from vecsmith.types import EmbedResult, Items, Seconds, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        """Without their vectors and items, but for the first as long as it is alone."""
        self.columns = Columns()
        self.created_at = NO_ITEMS.created_at
        """When the last part was answered."""
        self.rows: NDArray[Any] | None = None
        self.count = 0

    @property
    def length(self) -> int:
        """Rows that were added."""
        return self.count if self.rows is not None else sum(len(part.vectors) for part in self.parts)

    def add(self, part: EmbedResult) -> None:
        """Take the next part."""
        if self.parts:
            if self.rows is None:
                self.parts[0] = self.taken(self.parts[0])
            part = self.taken(part)
        self.parts.append(part)

    def lying(self, start: int, end: int) -> NDArray[Any]:
        """Return the rows that were added so far, from one to another."""
        return (self.parts[0].vectors if self.rows is None else self.rows)[start:end]

    def taken(self, part: EmbedResult) -> EmbedResult:
        """Put a part's vectors and items where the whole is; return what is left."""
        self.put(part.vectors)
        self.columns.add(part.items)
        self.created_at = part.items.created_at
        return replace(part, vectors=part.vectors[:0].copy(), items=NO_ITEMS)

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
            self.columns.items(first.model, self.created_at),
            sum((part.usage for part in self.parts), Usage()),
            first.stored,
            first.model,
            tuple(chain.from_iterable(part.chunks for part in self.parts)),
            {index: text for part in self.parts for index, text in part.cleaned.items()},
            sum((part.seconds for part in self.parts), Seconds()),
            tuple(dict.fromkeys(chain.from_iterable(part.notes for part in self.parts))),
        )


class Column(Sequence[int]):
    """Whole numbers, of which most columns hold one value throughout: then it is kept once."""

    def __init__(self) -> None:
        self.values: array[int] | None = None
        self.value = 0
        self.length = 0

    def extend(self, more: Sequence[int]) -> None:
        """Put numbers behind those that are there."""
        if self.values is None and len(more):
            self.value = self.value if self.length else more[0]
            if any(number != self.value for number in more):
                self.values = array("i", (self.value,)) * self.length
        if self.values is not None:
            self.values.extend(more)
        self.length += len(more)

    def __len__(self) -> int:
        return self.length

    @overload
    def __getitem__(self, at: int) -> int: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[int]: ...

    def __getitem__(self, at: int | slice) -> int | Sequence[int]:
        if self.values is not None:
            return self.values[at]
        places = range(self.length)[at]
        return self.value if isinstance(places, int) else [self.value] * len(places)

    def __iter__(self) -> Iterator[int]:
        return iter(self.values) if self.values is not None else repeat(self.value, self.length)


class Columns:
    """The items of all parts, in few bytes each: there may be millions."""

    def __init__(self) -> None:
        self.indexes: Sequence[int] = range(0)
        self.tokens, self.dropped, self.replaced, self.chunks, self.cached = (Column() for _ in range(5))

    def add(self, items: Items) -> None:
        """Put items behind those that are there."""
        count = len(self.indexes)
        if isinstance(self.indexes, range) and list(items.indexes) == list(range(count, count + len(items))):
            self.indexes = range(count + len(items))
        else:
            self.indexes = array("q", chain(self.indexes, items.indexes))
        for name in ("tokens", "dropped", "replaced", "chunks", "cached"):
            getattr(self, name).extend(getattr(items, name))

    def items(self, model: str, created_at: datetime) -> Items:
        """Return the items of the whole."""
        return Items(
            self.indexes, self.tokens, self.dropped, self.replaced, self.chunks, self.cached, model, created_at
        )


NO_ITEMS = Items((), (), (), (), (), (), "", datetime.min.replace(tzinfo=UTC))
