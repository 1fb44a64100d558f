"""ModernBERT (Warner et al. 2024, arXiv:2412.13663): most layers see only neighbours, every third sees all tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vecsmith.local.architectures.layers import Shape, dense, dense_parts, norm, only
from vecsmith.local.graph import (
    activation,
    distances,
    embed,
    heads_attention,
    integers,
    masked,
    op,
    padding_mask,
    split_heads,
)
from vecsmith.local.rotary import Rotary, frequencies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openvino import Node

    from vecsmith.local.graph import Tokens
    from vecsmith.local.weights import Weights

__all__ = ["POSITIONS", "PREFIXES", "WORDS", "encode"]

WORDS = "embeddings.tok_embeddings.weight"
POSITIONS = None
PREFIXES = ("", "model.")
KINDS = {"full_attention": "global", "sliding_attention": "local"}
THETAS = {"full_attention": 160_000.0, "sliding_attention": 10_000.0}


def theta(config: Mapping[str, Any], kind: str) -> float:
    """Return the base of the angles in layers of a kind."""
    told = (config.get("rope_parameters") or {}).get(kind) or {}
    only(told, rope_type="default")
    said = told.get("rope_theta") or config.get(f"{KINDS[kind]}_rope_theta")
    return float(said or (config.get("global_rope_theta") or THETAS[kind]))


def kinds(config: Mapping[str, Any], layers: int) -> list[str]:
    """Return what each layer sees."""
    every = int(config.get("global_attn_every_n_layers", 3))
    counted = ["sliding_attention" if number % every else "full_attention" for number in range(layers)]
    return list(config.get("layer_types") or counted)


def shape_of(config: Mapping[str, Any]) -> Shape:
    """Return the sizes."""
    epsilon, act = config.get("norm_eps", 1e-5), config.get("hidden_activation", "gelu")
    return Shape.of({**config, "layer_norm_eps": epsilon, "hidden_act": act})


def neighbours(tokens: Tokens, reach: int) -> Node:
    """Return the mask of tokens farther than `reach`, (1, 1, t, t)."""
    near = op.less_equal(op.absolute(distances(tokens)), integers(reach))
    return op.unsqueeze(masked(near), integers([0, 1]))


def encode(config: Mapping[str, Any], weights: Weights, tokens: Tokens) -> Node:
    """Return the last hidden states, (n, t, h)."""
    only(config, norm_bias=False, attention_bias=False, mlp_bias=False, rope_scaling=None)
    shape = shape_of(config)
    sequence, full = kinds(config, shape.layers), padding_mask(tokens)
    masks = {"full_attention": full}
    if "sliding_attention" in sequence:
        masks["sliding_attention"] = op.add(full, neighbours(tokens, int(config.get("local_attention", 128)) // 2))
    rotaries = {kind: Rotary.of(frequencies(shape.size, theta(config, kind)), tokens) for kind in masks}
    x = norm(embed(weights[WORDS], tokens.ids), weights, "embeddings.norm", shape.epsilon, bias=False)
    for number, kind in enumerate(sequence):
        beneath = weights.beneath(f"layers.{number}.")
        normal = norm(x, beneath, "attn_norm", shape.epsilon, bias=False) if number else x  # which is normal already
        x = op.add(x, attended(normal, beneath, shape, masks[kind], rotaries[kind]))
        x = op.add(x, gated(norm(x, beneath, "mlp_norm", shape.epsilon, bias=False), beneath, shape))
    return norm(x, weights, "final_norm", shape.epsilon, bias=False)


def attended(x: Node, weights: Weights, shape: Shape, mask: Node, rotary: Rotary) -> Node:
    """Attention: (n, t, h) → (n, t, h)."""
    parts = dense_parts(x, weights, "attn.Wqkv", 3)
    q, k, v = (split_heads(part, shape.heads, shape.size) for part in parts)
    read = heads_attention(rotary.turned(q), rotary.turned(k), v, size=shape.size, mask=mask)
    return dense(read, weights, "attn.Wo", bias=False)


def gated(x: Node, weights: Weights, shape: Shape) -> Node:
    """Two linear layers with a gate between them: (n, t, h) → (n, t, h)."""
    wide, gate = dense_parts(x, weights, "mlp.Wi", 2)
    return dense(op.multiply(activation(shape.activation)(wide), gate), weights, "mlp.Wo", bias=False)
