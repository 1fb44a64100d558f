"""The MPNet encoder (Song et al. 2020, arXiv:2004.09297): RoBERTa whose attention also looks at distances."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING, Any

import numpy as np

from vecsmith.local.architectures import padding
from vecsmith.local.architectures.layers import Names, Shape, layers, placed
from vecsmith.local.graph import embed, integers, op, padding_mask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from openvino import Node

    from vecsmith.local.graph import Tokens
    from vecsmith.local.weights import Tensor, Weights

__all__ = ["POSITIONS", "PREFIXES", "WORDS", "encode"]

WORDS = "embeddings.word_embeddings.weight"
POSITIONS = "embeddings.position_embeddings.weight"
PREFIXES = ("", "mpnet.", "model.", "encoder.mpnet.")

NAMES = Names(
    embedded="embeddings.LayerNorm",
    layer="encoder.layer.{}.",
    query="attention.attn.q",
    key="attention.attn.k",
    value="attention.attn.v",
    read="attention.attn.o",
    read_norm="attention.LayerNorm",
    wide="intermediate.dense",
    narrow="output.dense",
    narrow_norm="output.LayerNorm",
)

BUCKETS = 32
"""Half of them for what stands before a token, half for what stands behind it."""
FARTHEST = 128
"""From this distance on all is in the last bucket of its side."""


def encode(config: Mapping[str, Any], weights: Weights, tokens: Tokens) -> Node:
    """Return the last hidden states, (n, t, h)."""
    positions, padded = weights[POSITIONS], padding(config)
    x = op.add(embed(weights[WORDS], tokens.ids), embed(positions, placed(tokens, padded)))  # (n, t, h)
    bias = distance_bias(weights["encoder.relative_attention_bias.weight"], tokens, positions.shape[0])
    return layers(x, weights, NAMES, Shape.of(config), op.add(bias, padding_mask(tokens)))


def distance_bias(table: Tensor, tokens: Tokens, longest: int) -> Node:
    """Return what the distance of two tokens adds to their score, (1, a, t, t), by a table (buckets, a)."""
    by_distance = table.float32()[buckets(np.arange(1 - longest, longest))]  # (2 · longest - 1, a)
    here, there = (op.unsqueeze(tokens.positions, integers(axis)) for axis in (1, 0))
    distances = op.add(op.subtract(there, here), integers(longest - 1))  # (t, t)
    return op.unsqueeze(op.transpose(embed(by_distance, distances), integers([2, 0, 1])), integers(0))


def buckets(distances: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the bucket of each distance: one each for short ones, then wider and wider (T5, arXiv:1910.10683)."""
    side = BUCKETS // 2
    exact = side // 2
    n = np.abs(distances)
    logarithm = np.log(np.maximum(n, 1).astype(np.float32) / np.float32(exact)) / np.float32(log(FARTHEST / exact))
    wide = exact + (logarithm * np.float32(side - exact)).astype(np.int64)
    return np.where(distances > 0, side, 0) + np.where(n < exact, n, np.minimum(wide, side - 1))
