"""Requests to a provider: as many texts as its limits on items, tokens and bytes allow at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecsmith.wire import Limits

__all__ = ["Parcel", "pack"]


@dataclass(frozen=True, slots=True)
class Parcel:
    """Texts that go in one request."""

    places: Sequence[int]
    """Where they stand among the texts of the call."""
    tokens: int
    """What they may cost, at most."""

    def halves(self, costs: Sequence[int]) -> tuple[Parcel, Parcel]:
        """Return two parcels of half the texts each."""
        middle = len(self.places) // 2
        parts = self.places[:middle], self.places[middle:]
        first, second = (Parcel(part, sum(costs[place] for place in part)) for part in parts)
        return first, second


def pack(costs: Sequence[int], sizes: Sequence[int], limits: Limits) -> list[Parcel]:
    """Put texts into parcels, in order; a text that is over a limit by itself goes alone.

    Args:
        costs: The tokens of each text, never fewer than the provider will count.
        sizes: The bytes of each text.
        limits: What a request may hold.
    """
    parcels: list[Parcel] = []
    start = tokens = size = 0
    for place, (cost, length) in enumerate(zip(costs, sizes, strict=True)):
        full = (
            (limits.items is not None and place - start >= limits.items)
            or (limits.tokens is not None and tokens + cost > limits.tokens)
            or (limits.bytes is not None and size + length > limits.bytes)
        )
        if full and place > start:
            parcels.append(Parcel(range(start, place), tokens))
            start, tokens, size = place, 0, 0
        tokens, size = tokens + cost, size + length
    if start < len(costs):
        parcels.append(Parcel(range(start, len(costs)), tokens))
    return parcels
