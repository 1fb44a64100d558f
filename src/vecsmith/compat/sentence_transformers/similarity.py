"""How near vectors are to each other: matrices of all with all, and the likeness of pairs."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from vecsmith.compat.errors import ArgumentError
from vecsmith.compat.sentence_transformers.arrays import Form, floats, rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from vecsmith.compat.sentence_transformers.arrays import Numbers

__all__ = [
    "SimilarityFunction",
    "cos_sim",
    "dot_score",
    "euclidean_sim",
    "manhattan_sim",
    "normalize_embeddings",
    "pairwise_cos_sim",
    "pairwise_dot_score",
    "pairwise_euclidean_sim",
    "pairwise_manhattan_sim",
    "pytorch_cos_sim",
    "truncate_embeddings",
]

TINY = 1e-12
"""The least that a vector is divided by, as in ``torch.nn.functional.normalize``: one of length 0 stays as it is."""

CELLS = 2**24
"""Numbers that a block of differences may hold."""


def units(x: Numbers) -> Numbers:
    """Return vectors (…, d) divided by their lengths."""
    lengths = np.sqrt(np.einsum("...d,...d->...", x, x))[..., None]
    return np.asarray(x / np.maximum(lengths, np.asarray(TINY, x.dtype)))


def both(a: object, b: object, read: Callable[[object], Numbers]) -> tuple[Numbers, Numbers]:
    """Read two sides; raise `ArgumentError` where their widths differ."""
    left, right = read(a), read(b)
    if left.shape[-1] != right.shape[-1]:
        raise ArgumentError(f"vectors of {left.shape[-1]} and {right.shape[-1]} dimensions cannot be compared")
    return left, right


def cos_sim(a: object, b: object) -> Any:
    """Return the cosine of every vector of `a` (n, d) with every one of `b` (m, d), of shape (n, m)."""
    left, right = both(a, b, rows)
    return Form.of(a, b)(units(left) @ units(right).T)


pytorch_cos_sim = cos_sim


def dot_score(a: object, b: object) -> Any:
    """Return the dot product of every vector of `a` (n, d) with every one of `b` (m, d), of shape (n, m)."""
    left, right = both(a, b, rows)
    return Form.of(a, b)(left @ right.T)


def euclidean_sim(a: object, b: object) -> Any:
    """Return the Euclidean distances of `a` (n, d) and `b` (m, d) below zero, of shape (n, m)."""
    return distances(a, b, lambda far: np.sqrt(np.einsum("...d,...d->...", far, far)))


def manhattan_sim(a: object, b: object) -> Any:
    """Return the sums of absolute differences of `a` (n, d) and `b` (m, d) below zero, of shape (n, m)."""
    return distances(a, b, lambda far: np.abs(far).sum(axis=-1))


def distances(a: object, b: object, length: Callable[[Numbers], Numbers]) -> Any:
    """Return the lengths of all differences below zero, made in blocks of bounded size."""
    left, right = both(a, b, rows)
    step = max(1, CELLS // max(1, right.size))
    blocks = [-length(left[i : i + step, None] - right) for i in range(0, len(left), step)]
    return Form.of(a, b)(np.concatenate(blocks) if blocks else np.empty((0, len(right)), left.dtype))


def pairwise_cos_sim(a: object, b: object) -> Any:
    """Return the cosine of each vector of `a` (n, d) with its neighbour in `b` (n, d), of shape (n,)."""
    left, right = both(a, b, floats)
    return Form.of(a, b)(np.asarray((units(left) * units(right)).sum(axis=-1)))


def pairwise_dot_score(a: object, b: object) -> Any:
    """Return the dot product of each vector of `a` (n, d) with its neighbour in `b` (n, d), of shape (n,)."""
    left, right = both(a, b, floats)
    return Form.of(a, b)(np.asarray((left * right).sum(axis=-1)))


def pairwise_euclidean_sim(a: object, b: object) -> Any:
    """Return the Euclidean distance of each vector of `a` (n, d) from its neighbour in `b` below zero, (n,)."""
    left, right = both(a, b, floats)
    return Form.of(a, b)(np.asarray(-np.linalg.norm(left - right, axis=-1)))


def pairwise_manhattan_sim(a: object, b: object) -> Any:
    """Return the sum of absolute differences of each vector of `a` (n, d) and its neighbour in `b` below zero, (n,)."""
    left, right = both(a, b, floats)
    return Form.of(a, b)(np.asarray(-np.abs(left - right).sum(axis=-1)))


def normalize_embeddings(embeddings: object) -> Any:
    """Return vectors (n, d) or (d,) scaled to length one."""
    return Form.of(embeddings)(units(floats(embeddings)))


def truncate_embeddings(embeddings: Any, truncate_dim: int | None) -> Any:
    """Return the first `truncate_dim` numbers of each vector (…, d); they do not have length one any more."""
    return embeddings[..., :truncate_dim]


class SimilarityFunction(Enum):
    """The ways in which a model's vectors may be compared."""

    COSINE = "cosine"
    DOT_PRODUCT = "dot"
    DOT = "dot"  # noqa: PIE796 (a second name, as in the original)
    EUCLIDEAN = "euclidean"
    MANHATTAN = "manhattan"

    @staticmethod
    def to_similarity_fn(similarity_function: str | SimilarityFunction) -> Callable[[object, object], Any]:
        """Return what compares all with all; raise `ValueError` for a name that there is none of."""
        return ALL[SimilarityFunction(similarity_function)]

    @staticmethod
    def to_similarity_pairwise_fn(similarity_function: str | SimilarityFunction) -> Callable[[object, object], Any]:
        """Return what compares pairs; raise `ValueError` for a name that there is none of."""
        return PAIRS[SimilarityFunction(similarity_function)]

    @staticmethod
    def possible_values() -> list[str]:
        """Return the names."""
        return [each.value for each in SimilarityFunction]


ALL = {
    SimilarityFunction.COSINE: cos_sim,
    SimilarityFunction.DOT_PRODUCT: dot_score,
    SimilarityFunction.EUCLIDEAN: euclidean_sim,
    SimilarityFunction.MANHATTAN: manhattan_sim,
}
PAIRS = {
    SimilarityFunction.COSINE: pairwise_cos_sim,
    SimilarityFunction.DOT_PRODUCT: pairwise_dot_score,
    SimilarityFunction.EUCLIDEAN: pairwise_euclidean_sim,
    SimilarityFunction.MANHATTAN: pairwise_manhattan_sim,
}
