"""Nomic's BERT (Nussbaum et al. 2024, arXiv:2402.01613): rotary positions, a gated layer, no biases.

Its files say of themselves what GPT-2's do (``n_embd``, ``n_layer``), or what BERT's do.
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

__all__ = ["POSITIONS", "PREFIXES", "WORDS", "encode"]

WORDS = "embeddings.word_embeddings.weight"
POSITIONS = None
PREFIXES = ("", "nomic_bert.", "bert.", "model.")
THETA = 1000.0
SAME = {"n_embd": "hidden_size", "n_head": "num_attention_heads", "n_layer": "num_hidden_layers"}
SAME |= {"n_inner": "intermediate_size", "layer_norm_epsilon": "layer_norm_eps"}
"""GPT-2's word for what BERT calls otherwise."""
GATES = {"swiglu": "silu", "geglu": "gelu"}
"""The activation of the gate, by the name of both."""


def named(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration in BERT's words."""
    return {SAME.get(key, key): value for key, value in config.items()}


def check_length(config: Mapping[str, Any], longest: int) -> None:
    """Refuse texts longer than those of training where their angles would depend on their length."""
    trained = config.get("max_trained_positions")
    if config.get("rotary_scaling_factor") is not None and trained is not None and longest > int(trained):
        raise ConfigError(
            f"config.json scales rotary positions beyond {trained} tokens (rotary_scaling_factor), which is not "
            f"supported: set max_seq_length in sentence_bert_config.json to {trained} or less"
        )


def theta(config: Mapping[str, Any]) -> float:
    """Return the base of the angles."""
    told = config.get("rope_parameters") or {}
    only(told, rope_type="default")
    return float(told.get("rope_theta") or config.get("rotary_emb_base") or THETA)


def encode(config: Mapping[str, Any], weights: Weights, tokens: Tokens) -> Node:
    """Return the last hidden states, (n, t, h)."""
    told = named(config)
    only(told, prenorm=False, rotary_emb_fraction=1.0, rotary_emb_interleaved=False, rotary_emb_scale_base=None)
    only(told, qkv_proj_bias=False, mlp_fc1_bias=False, mlp_fc2_bias=False, use_rms_norm=False, parallel_block=False)
    check_length(config, tokens.longest)
    gate = GATES.get(str(told.get("activation_function")), str(told.get("hidden_act", "silu")))
    shape = Shape.of({**told, "hidden_act": gate})
    x = embed(weights[WORDS], tokens.ids)
    if told.get("type_vocab_size", 0):  # every token is of type 0
        x = op.add(x, floats(weights["embeddings.token_type_embeddings.weight"].float32()[0]))
    x, mask = norm(x, weights, "emb_ln", shape.epsilon), padding_mask(tokens)
    rotary = Rotary.of(frequencies(shape.size, theta(config)), tokens)
    for number in range(shape.layers):
        x = layer(x, weights.beneath(f"encoder.layers.{number}."), shape, mask, rotary)
    return x


def layer(x: Node, weights: Weights, shape: Shape, mask: Node, rotary: Rotary) -> Node:
    """Attention, then a gated layer, each added to its input and normalised: (n, t, h) → (n, t, h)."""
    parts = dense_parts(x, weights, "attn.Wqkv", 3)
    q, k, v = (split_heads(part, shape.heads, shape.size) for part in parts)
    read = heads_attention(rotary.turned(q), rotary.turned(k), v, size=shape.size, mask=mask)
    x = norm(op.add(dense(read, weights, "attn.out_proj", bias=False), x), weights, "norm1", shape.epsilon)
    wide, gate = (dense(x, weights, f"mlp.{name}", bias=False) for name in ("fc11", "fc12"))
    gated = op.multiply(wide, activation(shape.activation)(gate))
    return norm(op.add(dense(gated, weights, "mlp.fc2", bias=False), x), weights, "norm2", shape.epsilon)
