"""The encoders that can be built, by the model type that ``config.json`` names: a new one is a file and a row."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from vecsmith.errors import ConfigError
from vecsmith.local.weights import Weights

if TYPE_CHECKING:
    from openvino import Node

    from vecsmith.local.folder import ModelFolder
    from vecsmith.local.graph import Tokens

__all__ = ["ARCHITECTURES", "encoder", "vocabulary"]

ARCHITECTURES = {"bert": "vecsmith.local.bert"}
"""Each module has ``WORDS``, the word table's name, ``PREFIXES`` put before it, and ``encode``."""


def encoder(folder: ModelFolder, tokens: Tokens) -> Node:
    """Return a model's last hidden states, (n, t, h)."""
    if folder.architecture == "onnx":
        from vecsmith.local.onnx import encode
        from vecsmith.local.runtime import core

        return encode(folder.weights[0], tokens, core())
    module = import_module(module_of(folder))
    weights = Weights.open(folder.weights).below(module.PREFIXES, module.WORDS)
    states: Node = module.encode(folder.config, weights, tokens)
    return states


def module_of(folder: ModelFolder) -> str:
    try:
        return ARCHITECTURES[folder.architecture]
    except KeyError:
        raise ConfigError(
            f"the architecture {folder.architecture!r} of {folder.name} is not supported: "
            f"{', '.join(ARCHITECTURES)} are, and any encoder as an ONNX file"
        ) from None


def vocabulary(folder: ModelFolder) -> int:
    """Return how many token ids a model knows; a larger one would read beyond its word table."""
    if folder.architecture == "onnx":
        return int(folder.config.get("vocab_size", 0))
    module = import_module(module_of(folder))
    return Weights.open(folder.weights).below(module.PREFIXES, module.WORDS)[module.WORDS].shape[0]
