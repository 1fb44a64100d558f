"""The RoBERTa encoder (Liu et al. 2019, arXiv:1907.11692), and XLM-RoBERTa's and CamemBERT's, which are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vecsmith.local.architectures import padding
from vecsmith.local.architectures.layers import NAMES, Shape, check_plain, layers, placed
from vecsmith.local.graph import embed, op, padding_mask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openvino import Node

    from vecsmith.local.graph import Tokens
    from vecsmith.local.weights import Weights

__all__ = ["POSITIONS", "PREFIXES", "WORDS", "encode"]

WORDS = "embeddings.word_embeddings.weight"
POSITIONS = "embeddings.position_embeddings.weight"
PREFIXES = ("", "roberta.", "model.", "encoder.roberta.")


def encode(config: Mapping[str, Any], weights: Weights, tokens: Tokens) -> Node:
    """Return the last hidden states, (n, t, h)."""
    check_plain(config)
    positions = weights[POSITIONS].float32() + weights["embeddings.token_type_embeddings.weight"].float32()[0]
    places = placed(tokens, padding(config))
    x = op.add(embed(weights[WORDS], tokens.ids), embed(positions, places))  # (n, t, h)
    return layers(x, weights, NAMES, Shape.of(config), padding_mask(tokens))
