"""Alibaba's encoder of the GTE models (Zhang et al. 2024, arXiv:2407.19669): BERT with rotary positions and gates.

Its own files call it ``new``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vecsmith.errors import ConfigError
from vecsmith.local.architectures.layers import Shape, dense, dense_parts, norm, only
from vecsmith.local.graph import activation, embed, floats, heads_attention, op, padding_mask, split_heads
from vecsmith.local.rotary import Rotary, frequencies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openvino import Node

    from vecsmith.local.graph import Tokens
    from vecsmith.local.weights import Weights
    from vecsmith.types import Floats

__all__ = ["POSITIONS", "PREFIXES", "WORDS", "encode"]

WORDS = "embeddings.word_embeddings.weight"
POSITIONS = None
PREFIXES = ("", "new.", "gte.", "model.")


def turns(config: Mapping[str, Any], size: int) -> Floats:
    """Return the angles from one position to the next.

    ``ntk`` is the scaling of https://kexue.fm/archives/9706, equation 6: a larger base, and slower turns besides.
    """
    told = config.get("rope_parameters") or config.get("rope_scaling") or {}
    base = float(told.get("rope_theta") or config.get("rope_theta") or 10_000.0)
    kind = told.get("rope_type") or told.get("type") or "default"
    if kind == "default":
        return frequencies(size, base)
    if kind != "ntk" or told.get("mixed_b") is not None:
        raise ConfigError(f"config.json asks for the rotary scaling {kind!r}, which is not supported: only 'ntk' is")
    factor = float(told["factor"])
    slower: Floats = frequencies(size, base * factor) / factor ** (2 / size)
    return slower.astype("float32")


def encode(config: Mapping[str, Any], weights: Weights, tokens: Tokens) -> Node:
    """Return the last hidden states, (n, t, h)."""
    only(config, position_embedding_type="rope", layer_norm_type="layer_norm", pack_qkv=True)
    only(config, logn_attention_scale=False)
    shape = Shape.of(config)
    x = embed(weights[WORDS], tokens.ids)
    if config.get("type_vocab_size", 0):  # every token is of type 0
        x = op.add(x, floats(weights["embeddings.token_type_embeddings.weight"].float32()[0]))
    x, mask = norm(x, weights, "embeddings.LayerNorm", shape.epsilon), padding_mask(tokens)
    rotary = Rotary.of(turns(config, shape.size), tokens)
    for number in range(shape.layers):
        x = layer(x, weights.beneath(f"encoder.layer.{number}."), shape, mask, rotary)
    return x


def layer(x: Node, weights: Weights, shape: Shape, mask: Node, rotary: Rotary) -> Node:
    """Attention, then a gated layer, each added to its input and normalised: (n, t, h) → (n, t, h)."""
    parts = dense_parts(x, weights, "attention.qkv_proj", 3, bias=True)
    q, k, v = (split_heads(part, shape.heads, shape.size) for part in parts)
    read = heads_attention(rotary.turned(q), rotary.turned(k), v, size=shape.size, mask=mask)
    x = norm(op.add(dense(read, weights, "attention.o_proj"), x), weights, "attn_ln", shape.epsilon)
    wide, gate = dense_parts(x, weights, "mlp.up_gate_proj", 2)
    gated = op.multiply(wide, activation(shape.activation)(gate))
    return norm(op.add(dense(gated, weights, "mlp.down_proj"), x), weights, "mlp_ln", shape.epsilon)
