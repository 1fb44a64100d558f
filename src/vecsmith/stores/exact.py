"""Exact search: every row is compared, block by block; packed bits by their signs first, the nearest then by numbers.

The second step for bits compares the query's floats with each candidate's signs, as Yamada et al. do
(https://arxiv.org/abs/2106.00882): nothing finer than the bits is needed for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from vecsmith.encodings import decode, encode
from vecsmith.postprocess import normalize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from vecsmith.stores.contract import Record
    from vecsmith.types import Floats

    Rows = NDArray[np.int64]

__all__ = ["BITS", "Block", "Held", "blocks_of", "found"]

BITS = ("binary", "ubinary")
BLOCK = 4096
"""Rows compared at once."""
HELD = 256 << 20
"""Bytes of floats that a store keeps in memory from one search to the next, at most."""


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows, ready to be compared."""

    rows: Rows
    """Their numbers in the store, (n,)."""
    vectors: NDArray[Any]
    """Unit floats (n, width), or the signs as packed bits (n, width / 8) uint8."""


@dataclass(frozen=True, slots=True)
class Held:
    """All rows of a store as they were at a moment."""

    moment: object
    blocks: tuple[Block, ...]


def blocks_of(runs: Iterable[tuple[Rows, NDArray[Any]]], record: Record) -> Iterator[Block]:
    """Make stored vectors comparable."""
    encoding = record.stored.encoding
    for rows, stored in runs:
        if encoding == "binary":
            yield Block(rows, stored.view(np.uint8) ^ np.uint8(0x80))
        elif encoding == "ubinary":
            yield Block(rows, stored)
        else:
            floats = decode(stored, encoding, record.calibration)  # type: ignore[arg-type]  # checked when it was made
            unit = record.stored.space.normalized and encoding == "float32"
            yield Block(rows, floats if unit else normalize(floats))


def held(moment: object, blocks: Iterable[Block], width: int, count: int) -> Held | None:
    """Keep all blocks in memory; None where they are too many."""
    return Held(moment, tuple(blocks)) if count * width * 4 <= HELD else None


def found(blocks: Iterable[Block], queries: Floats, k: int, *, oversample: int) -> list[list[tuple[int, float]]]:
    """Return the numbers and scores of the `k` rows nearest to each query (n, width), nearest first."""
    units = normalize(queries)
    best: list[Best] = [Best.none() for _ in units]
    signs = encode(units, "ubinary") if units.shape[1] % 8 == 0 else None
    for block in blocks:
        bits = block.vectors.dtype == np.uint8
        wanted = k * oversample if bits else k
        scores = shared_signs(signs, block.vectors) if bits else products(units, block.vectors)
        best = [
            so_far.joined(Best(score, block.rows, block.vectors if bits else None), wanted)
            for so_far, score in zip(best, scores, strict=True)
        ]
    return [each.rescored(unit).top(k) for each, unit in zip(best, units, strict=True)]


@cache
def pools() -> Any:
    """Return what limits the threads of numpy's BLAS."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def products(queries: Floats, rows: Floats) -> Floats:
    """Return queries·rowsᵀ by one thread: others of BLAS go on turning afterwards, and slow the next query's model."""
    with pools().limit(limits=1, user_api="blas"):
        return np.asarray(queries @ rows.T)


def shared_signs(signs: NDArray[Any] | None, bits: NDArray[np.uint8]) -> Floats:
    """Return how many signs of each query (n, w / 8) are those of each row (m, w / 8), of shape (n, m)."""
    assert signs is not None  # bits are of whole bytes
    differing = [np.bitwise_count(row ^ bits).sum(axis=1, dtype=np.int64) for row in signs]
    return np.asarray(8 * bits.shape[1] - np.stack(differing), np.float32)


@dataclass(frozen=True, slots=True)
class Best:
    """The nearest rows so far."""

    scores: Floats
    rows: Rows
    bits: NDArray[np.uint8] | None

    @staticmethod
    def none() -> Best:
        return Best(np.empty(0, np.float32), np.empty(0, np.int64), None)

    def joined(self, other: Best, k: int) -> Best:
        """Return the `k` best of both."""
        few = other.best(k)
        if not len(self.rows):
            return few
        bits = None if self.bits is None or few.bits is None else np.concatenate([self.bits, few.bits])
        scores, rows = np.concatenate([self.scores, few.scores]), np.concatenate([self.rows, few.rows])
        return Best(scores, rows, bits).best(k)

    def best(self, k: int) -> Best:
        """Return the `k` best, in no order."""
        if len(self.rows) <= k:
            return self
        at = np.argpartition(-self.scores, k - 1)[:k]
        return Best(self.scores[at], self.rows[at], None if self.bits is None else self.bits[at])

    def rescored(self, unit: Floats) -> Best:
        """Score rows of bits by the cosine of the query and their signs, (width,)."""
        if self.bits is None:
            return self
        floats = normalize(decode(self.bits, "ubinary"))
        return Best(np.asarray(floats @ unit, np.float32), self.rows, None)

    def top(self, k: int) -> list[tuple[int, float]]:
        """Return the numbers and scores of the `k` best, in order."""
        order = np.lexsort((self.rows, -self.scores))[:k]
        return [(int(self.rows[at]), float(self.scores[at])) for at in order]
