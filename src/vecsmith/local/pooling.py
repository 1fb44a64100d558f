"""From a vector for each token to one for each text: sentence-transformers' pooling modes, and what follows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vecsmith.errors import ConfigError
from vecsmith.local.graph import MASKED, check_shape, floats, integers, layer_norm, linear, op
from vecsmith.local.modules import Dense, LayerNorm, Normalize, Step
from vecsmith.local.weights import Weights

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from openvino import Node

    from vecsmith.local.graph import Tokens

__all__ = ["POOLERS", "follow", "pool"]


def summed(hidden: Node, weights: Node) -> Node:
    """Σₜ wₜ·xₜ: (n, t, h) and (n, t) → (n, h)."""
    return op.reduce_sum(op.multiply(hidden, op.unsqueeze(weights, integers(2))), integers(1))


def pooled_tokens(tokens: Tokens) -> Node:
    """Return which tokens count, (n, t) boolean: those of a text, without what is skipped."""
    if tokens.skipped is None:
        return tokens.present
    behind = op.greater_equal(op.unsqueeze(tokens.positions, integers(0)), op.unsqueeze(tokens.skipped, integers(1)))
    return op.logical_and(tokens.present, behind)


def ones(tokens: Tokens) -> Node:
    """Return the weights of a plain sum, (n, t)."""
    return op.convert(pooled_tokens(tokens), "f32")


def counted(tokens: Tokens) -> Node:
    """Return how many tokens count, (n, 1)."""
    counts = tokens.lengths if tokens.skipped is None else op.subtract(tokens.lengths, tokens.skipped)
    return op.unsqueeze(op.convert(counts, "f32"), integers(1))


def one_token(tokens: Tokens, position: Node) -> Node:
    """Return weights (n, t) that are one at each text's `position` (n, 1) and zero elsewhere."""
    return op.convert(op.equal(op.unsqueeze(tokens.positions, integers(0)), position), "f32")


def pool_mean(hidden: Node, tokens: Tokens) -> Node:
    return op.divide(summed(hidden, ones(tokens)), counted(tokens))


def pool_mean_sqrt(hidden: Node, tokens: Tokens) -> Node:
    return op.divide(summed(hidden, ones(tokens)), op.sqrt(counted(tokens)))


def pool_max(hidden: Node, tokens: Tokens) -> Node:
    return op.reduce_max(
        op.select(op.unsqueeze(pooled_tokens(tokens), integers(2)), hidden, floats(MASKED)), integers(1)
    )


def pool_weighted_mean(hidden: Node, tokens: Tokens) -> Node:
    """Later tokens weigh more: 1, 2, 3, … (Muennighoff 2022, arXiv:2202.08904); what is skipped is counted along."""
    ramp = op.convert(op.unsqueeze(op.add(tokens.positions, integers(1)), integers(0)), "f32")
    weights = op.multiply(ramp, ones(tokens))
    return op.divide(summed(hidden, weights), op.reduce_sum(weights, integers(1), keep_dims=True))


def pool_first(hidden: Node, tokens: Tokens) -> Node:
    first = integers([[0]]) if tokens.skipped is None else op.unsqueeze(tokens.skipped, integers(1))
    return summed(hidden, one_token(tokens, first))


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


ACTIVATIONS: dict[str, Callable[[Node], Node]] = {
    "Identity": lambda x: x,
    "Tanh": op.tanh,
    "GELU": lambda x: op.gelu(x, "erf"),
    "ReLU": op.relu,
    "SiLU": op.swish,
    "Sigmoid": op.sigmoid,
    "Mish": op.mish,
}
"""By the names of their classes in ``torch.nn``."""

EPSILON = 1e-5  # of torch's layer norms


def follow(x: Node, step: Step) -> tuple[Node, Weights | None]:
    """Return what a module makes of pooled vectors, (n, h) → (n, o), and its weights, which must live as long."""
    match step:
        case Dense():
            weights = Weights.open([step.weights])
            return dense(x, step, weights), weights
        case LayerNorm():
            weights = Weights.open([step.weights])
            return layer_norm(x, weights["norm.weight"], weights["norm.bias"], EPSILON), weights
        case Normalize():
            return op.normalize_l2(x, integers([-1]), 1e-24, "max"), None


def dense(x: Node, step: Dense, weights: Weights) -> Node:
    """Return a(W·x + b), and x or its projection added to it where the layer is residual."""
    if step.activation not in ACTIVATIONS:
        raise ConfigError(
            f"{step.config} asks for the activation {step.activation!r}: {', '.join(ACTIVATIONS)} are supported"
        )
    shape = (step.out, step.width)
    matrix, bias = weights["linear.weight"], weights["linear.bias"] if step.bias else None
    check_shape(matrix, shape)
    y = ACTIVATIONS[step.activation](linear(x, matrix, bias))
    if not step.residual:
        return y
    if step.width == step.out:
        return op.add(y, x)
    check_shape(weights["residual.weight"], shape)
    return op.add(y, linear(x, weights["residual.weight"], None))
