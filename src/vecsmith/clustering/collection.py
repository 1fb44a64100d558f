"""Texts with their ids and vectors: what is clustered, wherever it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vecsmith.compare import Side
from vecsmith.errors import InputError
from vecsmith.postprocess import normalize

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from numpy.typing import ArrayLike

    from vecsmith.types import Floats

__all__ = ["Collection"]


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """Texts, their ids and their vectors, in one order."""

    texts: Sequence[str]
    """Empty strings where the texts are not known."""
    ids: Sequence[str | int]
    vectors: Floats
    """(n, d) float32 of length one."""

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, vectors: ArrayLike, texts: Sequence[str] | None = None, ids: Sequence[str | int] | None = None) -> Self:
        """Check that vectors (n, d), or a result of vecsmith, fit n texts and ids; scale them to length one.

        Raises `InputError` for vectors with NaN, for several or no vectors of a text, and where there are none at all.
        """
        rows = normalize(Side.of(vectors, "float32", None).floats)
        told = [""] * len(rows) if texts is None else texts
        names: Sequence[str | int] = range(len(rows)) if ids is None else ids
        for many, what in ((told, "texts"), (names, "ids")):
            if len(many) != len(rows):
                raise InputError(f"{len(rows)} vectors do not fit {len(many)} {what}: give one vector for each")
        odd = next((at for at, text in enumerate(told) if not isinstance(text, str)), None)
        if odd is not None:
            raise InputError(f"expected a string, found {type(told[odd]).__name__}", index=odd)
        if not len(rows):
            raise InputError("there is nothing to cluster: give at least one text")
        return cls(told, names, rows)

    def differing(self, most: int) -> int:
        """Return how many vectors differ, counted up to `most`."""
        seen: set[bytes] = set()
        for row in self.vectors:
            seen.add((np.round(row, 4) + 0.0).tobytes())  # + 0.0 makes one zero of both
            if len(seen) == most:
                break
        return len(seen)
