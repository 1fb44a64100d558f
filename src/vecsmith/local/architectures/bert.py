"""The BERT encoder (Devlin et al. 2018, arXiv:1810.04805) from its Hugging Face weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vecsmith.local.architectures.layers import NAMES, Shape, check_plain, layers
from vecsmith.local.graph import embed, op, padding_mask

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
    check_plain(config)
    shape = Shape.of(config)
    # (t, h); every token is of type 0, whose vector is therefore one of the position's
    positions = weights[POSITIONS].float32() + weights["embeddings.token_type_embeddings.weight"].float32()[0]
    x = op.add(embed(weights[WORDS], tokens.ids), embed(positions, tokens.positions))  # (n, t, h)
    return layers(x, weights, NAMES, shape, padding_mask(tokens))
