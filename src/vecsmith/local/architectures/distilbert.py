"""The DistilBERT encoder (Sanh et al. 2019, arXiv:1910.01108): BERT without token types, by other names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vecsmith.local.architectures.layers import Names, Shape, layers
from vecsmith.local.graph import embed, op, padding_mask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openvino import Node

    from vecsmith.local.graph import Tokens
    from vecsmith.local.weights import Weights

__all__ = ["POSITIONS", "PREFIXES", "WORDS", "encode"]

WORDS = "embeddings.word_embeddings.weight"
POSITIONS = "embeddings.position_embeddings.weight"
PREFIXES = ("", "distilbert.", "model.", "encoder.distilbert.")

NAMES = Names(
    embedded="embeddings.LayerNorm",
    layer="transformer.layer.{}.",
    query="attention.q_lin",
    key="attention.k_lin",
    value="attention.v_lin",
    read="attention.out_lin",
    read_norm="sa_layer_norm",
    wide="ffn.lin1",
    narrow="ffn.lin2",
    narrow_norm="output_layer_norm",
)


def encode(config: Mapping[str, Any], weights: Weights, tokens: Tokens) -> Node:
    """Return the last hidden states, (n, t, h)."""
    heads = int(config["n_heads"])
    shape = Shape(
        int(config["n_layers"]), heads, int(config["dim"]) // heads, 1e-12, str(config.get("activation", "gelu"))
    )
    x = op.add(embed(weights[WORDS], tokens.ids), embed(weights[POSITIONS], tokens.positions))  # (n, t, h)
    return layers(x, weights, NAMES, shape, padding_mask(tokens))
