"""The BERT encoder (Devlin et al. 2018, arXiv:1810.04805) from its Hugging Face weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vecsmith.errors import ConfigError
from vecsmith.local.graph import activation, attention, embed, layer_norm, linear, op

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openvino import Node

    from vecsmith.local.graph import Tokens
    from vecsmith.local.weights import Weights

__all__ = ["POSITIONS", "PREFIXES", "WORDS", "encode"]

WORDS = "embeddings.word_embeddings.weight"
POSITIONS = "embeddings.position_embeddings.weight"
PREFIXES = ("", "bert.", "model.", "encoder.bert.")


def encode(config: Mapping[str, Any], weights: Weights, tokens: Tokens) -> Node:
    """Return the last hidden states, (n, t, h)."""
    if config.get("position_embedding_type", "absolute") != "absolute":
        raise ConfigError("BERT with relative positions is not supported: only position_embedding_type absolute is")
    layers, epsilon = int(config["num_hidden_layers"]), float(config.get("layer_norm_eps", 1e-12))
    if layers < 1:
        raise ConfigError(f"config.json says num_hidden_layers {layers}: an encoder has one at least")
    # (t, h); every token is of type 0, whose vector is therefore one of the position's
    positions = weights[POSITIONS].float32() + weights["embeddings.token_type_embeddings.weight"].float32()[0]
    x = op.add(embed(weights[WORDS], tokens.ids), embed(positions, tokens.positions))  # (n, t, h)
    x = norm(x, weights, "embeddings.LayerNorm", epsilon)
    for layer in range(layers):
        x = block(x, config, weights, f"encoder.layer.{layer}.", tokens)
    return x


def block(x: Node, config: Mapping[str, Any], weights: Weights, at: str, tokens: Tokens) -> Node:
    """Attention, then two linear layers, each added to its input and normalised: (n, t, h) → (n, t, h)."""
    heads, epsilon = int(config["num_attention_heads"]), float(config.get("layer_norm_eps", 1e-12))
    size = int(config["hidden_size"]) // heads
    q, k, v = (dense(x, weights, f"{at}attention.self.{name}") for name in ("query", "key", "value"))
    read = dense(
        attention(q, k, v, heads=heads, size=size, present=tokens.present), weights, at + "attention.output.dense"
    )
    x = norm(op.add(read, x), weights, at + "attention.output.LayerNorm", epsilon)
    wide = activation(str(config.get("hidden_act", "gelu")))(dense(x, weights, at + "intermediate.dense"))
    return norm(op.add(dense(wide, weights, at + "output.dense"), x), weights, at + "output.LayerNorm", epsilon)


def dense(x: Node, weights: Weights, name: str) -> Node:
    return linear(x, weights[name + ".weight"], weights[name + ".bias"])


def norm(x: Node, weights: Weights, name: str, epsilon: float) -> Node:
    return layer_norm(x, weights[name + ".weight"], weights[name + ".bias"], epsilon)
