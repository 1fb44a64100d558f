"""Texts that one call holds several times: they go along the road once, and their vector to every place."""

from __future__ import annotations

from array import array
from dataclasses import replace
from typing import TYPE_CHECKING

from vecsmith.types import Chunk, EmbedResult, Items

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import TypeGuard, TypeVar

    from vecsmith.errors import InputError

    T = TypeVar("T")

__all__ = ["Repeats"]


class Repeats:
    """Lets each different text of a call pass once, and gives the result of the whole call back."""

    def __init__(self) -> None:
        self.order: array[int] | range = array("q")
        """For each input, its place among the texts that passed."""
        self.passed = 0

    def once(self, texts: Iterable[str]) -> Iterator[str]:
        """Yield texts that were not there before."""
        if all_different(texts):
            self.order, self.passed = range(len(texts)), len(texts)
            yield from texts
            return
        order = self.order = array("q")
        places: dict[str, int] = {}
        for text in texts:
            place = places.setdefault(text, self.passed) if isinstance(text, str) else self.passed
            order.append(place)
            if place == self.passed:
                self.passed += 1
                yield text

    def named(self, error: InputError) -> InputError:
        """Return an error about texts that passed as one about all inputs they stand for."""
        inputs: dict[int, list[int]] = {}
        for index, place in enumerate(self.order):
            inputs.setdefault(place, []).append(index)
        return error.moved(inputs.__getitem__)

    def restored(self, result: EmbedResult) -> EmbedResult:
        """Return the result for all inputs of the one for those that passed."""
        if self.passed == len(self.order):
            return result
        rows: Sequence[int] = self.order
        chunks = result.chunks
        if chunks:
            rows, chunks = unfolded(self.order, chunks)
        cleaned = {i: result.cleaned[place] for i, place in enumerate(self.order) if place in result.cleaned}
        items = items_at(self.order, result.items)
        return replace(result, vectors=result.vectors[rows], items=items, chunks=chunks, cleaned=cleaned)


def all_different(texts: Iterable[str]) -> TypeGuard[Sequence[str]]:
    """Whether these are a list of texts of which no two are equal, as they mostly are."""
    try:
        return isinstance(texts, list) and len(set(texts)) == len(texts)
    except TypeError:  # what is no text may have no hash
        return False


def unfolded(order: Sequence[int], chunks: Sequence[Chunk]) -> tuple[list[int], tuple[Chunk, ...]]:
    """Return the rows and the chunks of every input, where chunks are a row each."""
    its: dict[int, list[int]] = {}
    for row, chunk in enumerate(chunks):
        its.setdefault(chunk.item, []).append(row)
    pairs = [(index, row) for index, place in enumerate(order) for row in its[place]]
    return [row for _, row in pairs], tuple(replace(chunks[row], item=index) for index, row in pairs)


def items_at(order: Sequence[int], items: Items) -> Items:
    """Return items of which the first is the one at the first place of `order`, and so on."""

    def taken(column: Sequence[T]) -> list[T]:
        return [column[place] for place in order]

    return Items(
        range(len(order)),
        taken(items.tokens),
        taken(items.dropped),
        taken(items.replaced),
        taken(items.chunks),
        taken(items.cached),
        items.model,
        items.created_at,
    )
