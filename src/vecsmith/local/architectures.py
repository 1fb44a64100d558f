"""The encoders that can be built, by the model type that ``config.json`` names: a new one is a file and a row."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from vecsmith.errors import ConfigError, damaged
from vecsmith.local.weights import Weights

if TYPE_CHECKING:
    from openvino import Node

    from vecsmith.local.folder import ModelFolder
    from vecsmith.local.graph import Tokens

__all__ = ["ARCHITECTURES", "check_fit", "encoder"]

ARCHITECTURES = {"bert": "vecsmith.local.bert"}
"""Each module has ``WORDS`` and ``POSITIONS`` (its tables' names), ``PREFIXES`` (put before them) and ``encode``."""


def encoder(folder: ModelFolder, tokens: Tokens) -> tuple[Node, Weights | None]:
    """Return a model's last hidden states, (n, t, h), and the weights, which must live as long as what is compiled."""
    if folder.architecture == "onnx":
        from vecsmith.local.onnx import encode
        from vecsmith.local.runtime import core

        return encode(folder.weights[0], tokens, core()), None
    module, weights = opened(folder)
    return module.encode(folder.config, weights, tokens), weights


def opened(folder: ModelFolder) -> tuple[Any, Weights]:
    """Return the architecture's module and the weights under their plain names."""
    try:
        module = import_module(ARCHITECTURES[folder.architecture])
    except KeyError:
        raise ConfigError(
            f"the architecture {folder.architecture!r} of {folder.name} is not supported: "
            f"{', '.join(ARCHITECTURES)} are, and any encoder as an ONNX file"
        ) from None
    return module, Weights.open(folder.weights).below(module.PREFIXES, module.WORDS)


def check_fit(folder: ModelFolder, vocabulary: int) -> None:
    """Refuse weights with fewer words than the tokenizer, or fewer positions than a text may have tokens.

    Reading beyond either table would give garbage, or a crash.
    """
    with damaged(f"a file in {folder.folder}"):
        words, positions = tables(folder)
    if words < vocabulary:
        raise ConfigError(
            f"the tokenizer of {folder.name} has {vocabulary} tokens and its weights {words}: they are of two models"
        )
    if positions < folder.max_tokens:
        raise ConfigError(
            f"the files of {folder.name} ask for {folder.max_tokens} tokens and its weights have {positions} "
            "positions: lower max_seq_length in sentence_bert_config.json"
        )


def tables(folder: ModelFolder) -> tuple[int, int]:
    """Return how many words and positions the weights know; an ONNX file hides them, so its configuration counts."""
    if folder.architecture == "onnx":
        unknown = sys.maxsize
        return folder.config.get("vocab_size") or unknown, folder.config.get("max_position_embeddings") or unknown
    module, weights = opened(folder)
    return weights[module.WORDS].shape[0], weights[module.POSITIONS].shape[0]
