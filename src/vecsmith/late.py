"""Late chunking: a model reads a long text whole, in overlapping windows, and each chunk is the mean of its tokens.

After Günther et al., "Late Chunking: Contextual Chunk Embeddings Using Long-Context Embedding Models", 2024
(https://arxiv.org/abs/2409.04701); the windows are its "long late chunking". Pure.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from vecsmith.errors import ConfigError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike

    from vecsmith.types import Floats

    Range = tuple[int, int]

__all__ = ["LatePool", "owned", "pool_late", "windows"]


def windows(tokens: int, room: int, overlap: int) -> list[Range]:
    """Return the windows, as (start, end), through which a model that reads `room` tokens reads `tokens` of them.

    Neighbours share `overlap` tokens; the last one is full as well and may share more. No tokens are no window. Raises
    `ConfigError` where the overlap leaves no room.
    """
    if not 0 <= overlap < room:
        raise ConfigError(f"the overlap of windows must be from 0 to {room - 1}, not {overlap}")
    if tokens <= room:
        return [(0, tokens)] if tokens else []
    starts = [*range(0, tokens - room, room - overlap), tokens - room]
    return [(start, start + room) for start in starts]


def owned(windows: Sequence[Range]) -> list[Range]:
    """Return the tokens that each window answers for: those that lie farthest from its edges, each token once."""
    middles = [(left[1] + right[0] + 1) // 2 for left, right in pairwise(windows)]
    edges = [0, *middles, windows[-1][1]] if windows else [0]
    return list(pairwise(edges))


class LatePool:
    """Gathers the mean of each chunk's token vectors, window by window, so that one window's are held at a time.

    `spans` is (chunks, 2): the first token of each chunk and the one after its last, in any order. Raises `InputError`
    for a chunk without tokens.
    """

    def __init__(self, windows: Sequence[Range], spans: ArrayLike) -> None:
        self.chunks = np.asarray(spans, np.int64).reshape(-1, 2)
        self.lengths = self.chunks[:, 1] - self.chunks[:, 0]
        if not len(self.chunks) or self.lengths.min() < 1:
            raise InputError("a chunk without tokens has no vectors to pool: embed the text as it is")
        self.waiting = iter([(start, *own) for (start, _), own in zip(windows, owned(windows), strict=True)])
        self.sums: Floats | None = None

    def add(self, vectors: Floats) -> None:
        """Take the token vectors of the next window, (its tokens, d), without special tokens."""
        start, first, last = next(self.waiting)
        if self.sums is None:
            self.sums = np.zeros((len(self.chunks), vectors.shape[1]), np.float32)
        parts = np.clip(self.chunks, first, last)
        for i in np.flatnonzero(parts[:, 1] > parts[:, 0]):
            self.sums[i] += vectors[parts[i, 0] - start : parts[i, 1] - start].sum(axis=0)

    def means(self) -> Floats:
        """Return the mean of each chunk, (chunks, d), in float32 and not normalised."""
        if self.sums is None:
            raise InputError("a text without tokens has no vectors to pool: embed it as it is")
        return np.asarray(self.sums / self.lengths[:, None], np.float32)


def pool_late(vectors: Iterable[Floats], windows: Sequence[Range], spans: ArrayLike) -> Floats:
    """Return what `LatePool` makes of the token vectors of all windows."""
    pool = LatePool(windows, spans)
    for window in vectors:
        pool.add(window)
    return pool.means()
