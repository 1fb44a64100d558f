"""What a call that failed had already been given, so that the next one does not ask, and pay, for it again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

    from vecsmith.dialects import Asked
    from vecsmith.types import Floats

__all__ = ["Paid"]

MOST = 20_000
"""Vectors that are kept; the oldest go first."""


@dataclass(slots=True)
class Paid:
    """Vectors by what was asked for; each is given out once."""

    kept: dict[Hashable, tuple[Floats, int | None]] = field(default_factory=dict)

    def put(self, asked: Asked, place: int, vector: Floats, tokens: int | None) -> None:
        """Keep the vector of one of the texts asked for."""
        while len(self.kept) >= MOST:
            del self.kept[next(iter(self.kept))]
        self.kept[key(asked, place)] = (vector.copy(), tokens)

    def take(self, asked: Asked) -> dict[int, tuple[Floats, int | None]]:
        """Return what is kept of these texts, by their place, and keep it no longer."""
        if not self.kept:
            return {}
        found = {place: self.kept.pop(key(asked, place), None) for place in range(len(asked.texts))}
        return {place: entry for place, entry in found.items() if entry is not None}


def key(asked: Asked, place: int) -> Hashable:
    """Return what one text's vector depends on."""
    return asked.model, asked.task, asked.title, asked.dimensions, asked.on_long, asked.prompt, asked.texts[place]
