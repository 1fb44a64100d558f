"""From a vector for each token to one for each text: sentence-transformers' pooling modes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vecsmith.local.graph import MASKED, floats, integers, op

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from openvino import Node

    from vecsmith.local.graph import Tokens

__all__ = ["POOLERS", "pool"]


def summed(hidden: Node, weights: Node) -> Node:
    """Σₜ wₜ·xₜ: (n, t, h) and (n, t) → (n, h)."""
    return op.reduce_sum(op.multiply(hidden, op.unsqueeze(weights, integers(2))), integers(1))


def present_as_floats(tokens: Tokens) -> Node:
    return op.convert(tokens.present, "f32")


def lengths_as_floats(tokens: Tokens) -> Node:
    return op.unsqueeze(op.convert(tokens.lengths, "f32"), integers(1))  # (n, 1)


def one_token(tokens: Tokens, position: Node) -> Node:
    """Return weights (n, t) that are one at each text's `position` (n, 1) and zero elsewhere."""
    return op.convert(op.equal(op.unsqueeze(tokens.positions, integers(0)), position), "f32")


def pool_mean(hidden: Node, tokens: Tokens) -> Node:
    return op.divide(summed(hidden, present_as_floats(tokens)), lengths_as_floats(tokens))


def pool_mean_sqrt(hidden: Node, tokens: Tokens) -> Node:
    return op.divide(summed(hidden, present_as_floats(tokens)), op.sqrt(lengths_as_floats(tokens)))


def pool_max(hidden: Node, tokens: Tokens) -> Node:
    return op.reduce_max(op.select(op.unsqueeze(tokens.present, integers(2)), hidden, floats(MASKED)), integers(1))


def pool_weighted_mean(hidden: Node, tokens: Tokens) -> Node:
    """Later tokens weigh more: 1, 2, 3, … (Muennighoff 2022, arXiv:2202.08904)."""
    ramp = op.convert(op.unsqueeze(op.add(tokens.positions, integers(1)), integers(0)), "f32")
    weights = op.multiply(ramp, present_as_floats(tokens))
    return op.divide(summed(hidden, weights), op.reduce_sum(weights, integers(1), keep_dims=True))


def pool_first(hidden: Node, tokens: Tokens) -> Node:
    return summed(hidden, one_token(tokens, integers([[0]])))


def pool_last(hidden: Node, tokens: Tokens) -> Node:
    return summed(hidden, one_token(tokens, op.unsqueeze(op.subtract(tokens.lengths, integers(1)), integers(1))))


POOLERS: dict[str, Callable[[Node, Tokens], Node]] = {
    "mean": pool_mean,
    "cls": pool_first,
    "max": pool_max,
    "mean_sqrt_len_tokens": pool_mean_sqrt,
    "weightedmean": pool_weighted_mean,
    "lasttoken": pool_last,
}
"""(n, t, h) and the tokens → (n, h), by the names of sentence-transformers' pooling modes."""


def pool(hidden: Node, tokens: Tokens, modes: Sequence[str]) -> Node:
    """Return the pooled vectors, (n, h), of several modes one behind the other."""
    pooled = [POOLERS[mode](hidden, tokens) for mode in modes]
    return pooled[0] if len(pooled) == 1 else op.concat(pooled, -1)
