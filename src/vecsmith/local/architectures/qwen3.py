"""Qwen3 as an encoder (Zhang et al. 2025, arXiv:2506.05176): a token sees those before it, so the last has seen all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from vecsmith.local.architectures.layers import Shape, dense, only
from vecsmith.local.graph import (
    activation,
    distances,
    embed,
    heads_attention,
    integers,
    masked,
    op,
    rms_norm,
    split_heads,
)
from vecsmith.local.rotary import Rotary, frequencies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openvino import Node

    from vecsmith.local.graph import Tokens
    from vecsmith.local.weights import Weights

__all__ = ["POSITIONS", "PREFIXES", "WORDS", "encode"]

WORDS = "embed_tokens.weight"
POSITIONS = None
PREFIXES = ("", "model.")


class Seen(NamedTuple):
    """What all layers share: which tokens see which, and how they turn."""

    mask: Node
    rotary: Rotary


def theta(config: Mapping[str, Any]) -> float:
    """Return the base of the angles."""
    told = config.get("rope_parameters") or {}
    only(told, rope_type="default")
    return float(told.get("rope_theta") or config.get("rope_theta") or 10_000.0)


def before(tokens: Tokens) -> Node:
    """Return the mask of the tokens behind each, (1, 1, t, t), which hides padding_mask, too."""
    return op.unsqueeze(masked(op.greater_equal(distances(tokens), integers(0))), integers([0, 1]))


def encode(config: Mapping[str, Any], weights: Weights, tokens: Tokens) -> Node:
    """Return the last hidden states, (n, t, h)."""
    only(config, attention_bias=False, use_sliding_window=False, rope_scaling=None)
    shape, groups = shape_of(config), int(config["num_key_value_heads"])
    x = embed(weights[WORDS], tokens.ids)
    seen = Seen(before(tokens), Rotary.of(frequencies(shape.size, theta(config)), tokens))
    for number in range(shape.layers):
        beneath = weights.beneath(f"layers.{number}.")
        normal = root_norm(x, beneath, "input_layernorm", shape)
        x = op.add(x, attended(normal, beneath.beneath("self_attn."), shape, groups, seen))
        x = op.add(x, gated(root_norm(x, beneath, "post_attention_layernorm", shape), beneath.beneath("mlp."), shape))
    return root_norm(x, weights, "norm", shape)


def shape_of(config: Mapping[str, Any]) -> Shape:
    """Return the sizes; a head need not be a share of the model's width."""
    epsilon, act = config.get("rms_norm_eps", 1e-6), config.get("hidden_act", "silu")
    shape = Shape.of({**config, "layer_norm_eps": epsilon, "hidden_act": act})
    return replace(shape, size=int(config.get("head_dim") or shape.size))


def root_norm(x: Node, weights: Weights, name: str, shape: Shape) -> Node:
    """Return a norm by the name that its vector has in the weights."""
    return rms_norm(x, weights[name + ".weight"], shape.epsilon)


def attended(x: Node, weights: Weights, shape: Shape, groups: int, seen: Seen) -> Node:
    """Attention in which heads share keys and values: (n, t, h) → (n, t, h)."""

    def heads(name: str, count: int) -> Node:
        return split_heads(dense(x, weights, name, bias=False), count, shape.size)

    q = seen.rotary.turned(root_norm(heads("q_proj", shape.heads), weights, "q_norm", shape))
    k = seen.rotary.turned(root_norm(heads("k_proj", groups), weights, "k_norm", shape))
    k, v = (shared(each, shape.heads, groups) for each in (k, heads("v_proj", groups)))
    return dense(heads_attention(q, k, v, size=shape.size, mask=seen.mask), weights, "o_proj", bias=False)


def shared(x: Node, heads: int, groups: int) -> Node:
    """Give a group's keys or values to its heads (Ainslie et al. 2023, arXiv:2305.13245): (n, g, t, k) → (n, a, …)."""
    return op.gather(x, integers(np.repeat(np.arange(groups), heads // groups).tolist()), integers(1))


def gated(x: Node, weights: Weights, shape: Shape) -> Node:
    """Two linear layers with a gate between them: (n, t, h) → (n, t, h)."""
    gate, wide = (dense(x, weights, name, bias=False) for name in ("gate_proj", "up_proj"))
    return dense(op.multiply(activation(shape.activation)(gate), wide), weights, "down_proj", bias=False)
